"""Recorded Kubernetes objects as Pulumi sends them to an API server."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven.program import aws_types as aws
from haven.program.placeholders import unwrapped
from haven.program.recording import REFERENCE, Recording, Resource, map_strings

_ACCOUNT = "111122223333"
_IDS = {
    aws.EC2_SECURITY_GROUP: "sg-0123456789abcdef0",
    aws.EC2_SUBNET: "subnet-0123456789abcdef0",
    aws.EC2_VPC: "vpc-0123456789abcdef0",
}
"""Type -> an id as AWS gives it; others get their name."""
_ARNS = {aws.LB_TARGET_GROUP: "targetgroup/{name}/0123456789abcdef"}
"""Type -> the end of an ARN; others get their name."""
_SERVICES = {"lb": "elasticloadbalancing"}
"""Module in Pulumi -> service in ARNs, where they differ."""
_NAMES = ("name", "bucket", "clusterIdentifier", "replicationGroupId", "nodeGroupName")
_RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass(frozen=True)
class Sent:
    """One object for an API server."""

    record: Resource
    body: Mapping[str, Any]

    @property
    def api_version(self) -> str:
        """Such as `apps/v1`."""
        return str(self.body["apiVersion"])

    @property
    def group(self) -> str:
        """Such as `apps`; empty for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Such as `Deployment`."""
        return str(self.body["kind"])

    @property
    def name(self) -> str | None:
        """None: Pulumi would make one up."""
        name = self.body.get("metadata", {}).get("name")
        return None if name is None else str(name)

    @property
    def namespace(self) -> str:
        """Empty for objects of the whole cluster, and where `default` is meant."""
        return str(self.body.get("metadata", {}).get("namespace", ""))

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name} ({self.record.name})"


def objects(recording: Recording, region: str | None = None) -> list[Sent]:
    """What a recording sends to the clusters of one Region, or to all: releases, which Helm renders, are no objects."""
    records = (each for each in recording.real() if each.is_kubernetes and each.type != _RELEASE)
    return [
        Sent(each, map_strings(unwrapped(dict(each.inputs)), lambda text: _known(text, recording)))
        for each in records
        if region in (None, each.region)
    ]


def _known(text: str, recording: Recording) -> str:
    """A text with something like AWS's answers in the place of what only AWS knows."""
    return REFERENCE.sub(lambda found: _answer(recording.by_key[found["key"]], found["path"]), text)


def _answer(record: Resource, path: str) -> str:
    name = next((str(unwrapped(record.inputs[each])) for each in _NAMES if each in record.inputs), record.name)
    name = "it" if REFERENCE.search(name) else name
    wanted = path.rpartition(".")[2].lower()
    if wanted.endswith("arn"):
        module = record.type.split(":")[1].partition("/")[0]
        end = _ARNS.get(record.type, "{name}").format(name=name)
        return f"arn:aws:{_SERVICES.get(module, module)}:{record.region or ''}:{_ACCOUNT}:{end}"
    if wanted.endswith(("endpoint", "address", "host", "dnsname")):
        return f"{name}.{record.region or 'global'}.example.com"
    if wanted.endswith("url"):
        return f"{_ACCOUNT}.dkr.ecr.{record.region}.amazonaws.com/{name}"
    if wanted.endswith("securitygroupid"):
        return "sg-0123456789abcdef0"
    if wanted == "id":
        return _IDS.get(record.type, name)
    return re.sub(r"[^a-z0-9-]", "-", name.lower())


_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"), ("spec", "template")),
    "Pod": (),
}
"""Kind -> where its pods are described."""


def pods(sent: list[Sent]) -> Iterator[tuple[Sent, Mapping[str, Any]]]:
    """Each workload with the pod that it starts: admission judges pods, and only warns of workloads."""
    for each in sent:
        if each.kind not in _TEMPLATES or each.group not in ("", "apps", "batch"):
            continue
        template: Mapping[str, Any] = each.body
        for step in _TEMPLATES[each.kind]:
            template = template[step]
        metadata = {**template.get("metadata", {}), "name": each.name, "namespace": each.namespace or "default"}
        yield each, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All containers of a pod, those that run before the others too."""
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
