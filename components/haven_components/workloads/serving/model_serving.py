"""A model that answers: servers on GPUs, a canary, and what answers while there are no GPUs."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.choices import ModelLoader
from haven_components.workloads import _pods
from haven_components.workloads._identity import bucket_arn, pod_identity
from haven_components.workloads._objects import kept_config_map
from haven_components.workloads.access._aws_rights import Rights
from haven_components.workloads.serving import _alerts, _documents, _exposure, _scaling, _synthetic
from haven_components.workloads.serving._args import EngineArgs, ModelServingArgs, priority, traffic_port
from haven_components.workloads.serving._checks import check
from haven_components.workloads.serving._metadata import metadata, object_labels
from haven_components.workloads.serving._names import (
    ANSWERS_FILE,
    GOLDEN_FILE,
    priority_class_name,
)
from haven_components.workloads.serving._pod import template
from haven_components.workloads.serving._roles import Role, roles, served
from haven_components.workloads.serving._weights import weights_volume

START_MARGIN_SECONDS = 900
"""What a rollout takes beside the pods' start: a node, and the image."""


class ModelServing(pulumi.ComponentResource):
    """A model's servers, from their weights to the target group.

    Pods count as ready when the model has answered its golden prompts. A front beside each engine takes its requests:
    it knows what runs, lets it finish when the pod ends, and ends with a retryable answer what can't.
    """

    deployment_name: pulumi.Output[str]
    """Name of the servers' Deployment: what a runbook scales."""
    service_name: pulumi.Output[str]
    """Name of the Service: whatever answers, servers or fallback."""
    url: pulumi.Output[str]
    """Where pods of the cluster reach it."""
    golden_config_map: pulumi.Output[str]
    """Name of the ConfigMap with the golden prompts of the version that serves, in its key `golden.json`."""
    start_seconds: pulumi.Output[int]
    """How long a pod may take from its first container to its first right answer."""

    def __init__(self, name: str, args: ModelServingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ModelServing", name, {}, opts)
        check(name, args)
        self._name = name
        self._args = args
        self._roles = roles(name, args)
        self._priority()
        before = [*self._documents(), *self._account()]
        for role in self._roles:
            self._deployment(role, before)
        _exposure.expose(self, name, args, self._roles)
        _scaling.scale(self, name, args)
        _synthetic.check_every_minute(self, name, args)
        _alerts.alert(self, name, args)
        live = served(name, args, args["model"]["version"], args.get("engine", {}))
        self.deployment_name = pulumi.Output.from_input(name)
        service = args.get("service_name", name)
        self.service_name = pulumi.Output.from_input(service)
        self.url = pulumi.Output.from_input(f"http://{service}.{args['namespace']}.svc:{traffic_port(args)}")
        self.golden_config_map = pulumi.Output.from_input(live.golden_map)
        self.start_seconds = pulumi.Output.from_input(live.start_seconds)
        self.register_outputs(
            {
                "deployment_name": self.deployment_name,
                "service_name": self.service_name,
                "url": self.url,
                "golden_config_map": self.golden_config_map,
                "start_seconds": self.start_seconds,
            }
        )

    def _priority(self) -> None:
        value = priority(self._args)
        kubernetes.scheduling.v1.PriorityClass(
            f"{self._name}-priority",
            metadata={
                "name": priority_class_name(self._args["namespace"], self._name, value),
                "labels": object_labels(self._name, self._args, "priority"),
            },
            value=value,
            description=f"Pods of {self._name}",
            opts=self._here(),
        )

    def _documents(self) -> list[pulumi.Resource]:
        """ConfigMaps. Those of every declared version are there: a pod of the last version may still have to start."""
        engine: EngineArgs = self._args.get("engine", {})
        models = [served(self._name, self._args, each, engine) for each in self._args["model"]["versions"]]
        models += [each.served for each in self._roles if each.served]
        documents = {_documents.front_map(self._name): _documents.programs()}
        documents |= {each.golden_map: {GOLDEN_FILE: each.golden} for each in models}
        if any(each.answers for each in self._roles):
            answers = _documents.answers_map(self._name, self._args)
            documents[answers] = {ANSWERS_FILE: _documents.answers(self._args)}
        return [
            kept_config_map(self, metadata(self._name, self._args, "document", name), data)
            for name, data in documents.items()
        ]

    def _account(self) -> list[pulumi.Resource]:
        """The service account of pods that load weights, and what it may read and use."""
        used = Rights(self._args["region"], self._args["account_id"]).statements(self._args.get("uses", {}))
        account = kubernetes.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=metadata(self._name, self._args, "account", self._name),
            automount_service_account_token=False,
            opts=self._here(),
        )
        identity = pod_identity(
            self,
            f"{self._name}-weights",
            namespace=self._args["namespace"],
            service_account=self._name,
            cluster_name=self._args["cluster_name"],
            region=self._args["region"],
            account_id=self._args["account_id"],
            statements=[*self._statements(), *used],
        )
        volumes: list[pulumi.Resource] = []
        if self._args["model"].get("loader", ModelLoader.STREAMER) == ModelLoader.MOUNTPOINT:
            # Of every declared version: a pod of the last one may still have to start.
            for version in sorted(self._args["model"]["versions"]):
                volumes += weights_volume(self, self._name, self._args, version)
        return [account, *identity.ready, *volumes]

    def _statements(self) -> list[dict[str, Any]]:
        """Reading the weights of the declared versions."""
        bucket = bucket_arn(self._args["region"], self._args["model"]["bucket"])
        prefixes = sorted({each["prefix"].strip("/") for each in self._args["model"]["versions"].values()})
        statements: list[dict[str, Any]] = [
            {
                "Sid": "ReadWeights",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [pulumi.Output.format("{0}/{1}/*", bucket, each) for each in prefixes],
            },
            {
                "Sid": "FindWeights",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [bucket],
                "Condition": {"StringLike": {"s3:prefix": [f"{each}{end}" for each in prefixes for end in ("", "/*")]}},
            },
        ]
        if "kms_key_arn" in self._args["model"]:
            key = self._args["model"]["kms_key_arn"]
            statements.append({"Sid": "Decrypt", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key]})
        return statements

    def _deployment(self, role: Role, before: list[pulumi.Resource]) -> None:
        labels = role.labels(self._name, self._args.get("labels", {}))
        seconds = role.served.start_seconds if role.served else 0
        kubernetes.apps.v1.Deployment(
            role.name,
            metadata={
                "name": role.name,
                "namespace": self._args["namespace"],
                "labels": labels,
                "annotations": _pods.SKIP_AWAIT | _pods.forced(self._args["scale"]),
            },
            spec={
                "replicas": role.replicas,
                "revision_history_limit": 3,
                "progress_deadline_seconds": seconds + START_MARGIN_SECONDS,
                "selector": {"match_labels": _pods.selecting(labels)},
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}},
                "template": template(self._name, self._args, role),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
        _pods.disruption_budget(role.name, self._args["namespace"], labels, self._args["zones"], self._here())

    def _here(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
