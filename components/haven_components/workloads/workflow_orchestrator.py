"""Prefect: servers, background services and workers on the Region's own database and cache."""

from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import regional
from haven_components.workloads import _databases, _pods
from haven_components.workloads._databases import script
from haven_components.workloads._identity import pod_identity
from haven_components.workloads._objects import (
    Container,
    Objects,
    from_namespaces,
    in_namespace,
    tcp,
    to_dns,
    to_networks,
)
from haven_components.workloads._pods import WorkloadScaleArgs, replicas
from haven_components.workloads._secrets import secret_statements
from haven_components.workloads.workflows import _pods as _prefect
from haven_components.workloads.workflows import _settings
from haven_components.workloads.workflows._args import (
    DEFAULT_SERVICES,
    DEFAULT_WORKERS,
    WorkflowOrchestratorArgs,
    WorkPoolArgs,
    messaging_port,
    mounted,
    pools,
    validate,
)

KUBERNETES_API_PORT = 443
FLOW_RUN_LABEL = "prefect.io/flow-run-id"
"""Prefect's workers give it to the pods of flow runs (prefect-kubernetes 0.8, read 2026-11-26)."""
WORKER_RIGHTS: list[Any] = [
    {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "create", "patch", "delete"]},
    {"api_groups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list", "watch"]},
]
"""What a worker starts, watches and cleans up in its system's namespace."""


class WorkflowOrchestrator(pulumi.ComponentResource):
    """Prefect in one Region's cluster: API servers and background services over several zones, workers per system.

    A Job migrates the database alone and first; servers and services wait for its schema. A database that can only be
    read starts none of them, so `scale.minimum` is 0 until it can be written to: Jobs are suspended then.

    Flow runs whose process is gone, with a node, a zone or a Region, start again: their heartbeats are in the database,
    so the servers of the other Region notice too. Such a flow run runs a second time, so flows have to be repeatable.

    What comes from secrets is read when a pod starts: restart the Deployments after a rotation.
    """

    api_url: pulumi.Output[str]
    """URL of the API inside the cluster."""
    service_name: pulumi.Output[str]
    """Name of the Service in front of the API servers, port 4200."""
    deployment_names: pulumi.Output[list[str]]
    """Deployments as `NAMESPACE/NAME` in the order in which they are scaled up: servers, services, workers."""

    def __init__(self, name: str, args: WorkflowOrchestratorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:WorkflowOrchestrator", name, {}, opts)
        validate(name, args)
        self._name = name
        self._args = args
        self._idle = args["scale"]["minimum"] == 0
        self._forced = _pods.forced(args["scale"])
        self._objects = Objects(self, args["namespace"], args["zones"], self._classes("servers"), self._forced)
        self._url = _prefect.api_url(args.get("service_name", name), args["namespace"])
        self._deployments: list[str] = []
        self._objects.service_account(name, self._labels("server"))
        self._ready = self._identity("servers", args["namespace"], name)
        files = self._objects.files(
            f"{name}-schema", self._labels("schema"), _databases.files(args["database"], _prefect.SERVICES_SCRIPT)
        )
        self._migration(files)
        self._servers(files)
        self._services(files)
        self._settings()
        for pool, chosen in pools(args).items():
            self._pool(pool, chosen)
        self._set_outputs()

    def _set_outputs(self) -> None:
        self.api_url = pulumi.Output.from_input(self._url)
        self.service_name = pulumi.Output.from_input(self._args.get("service_name", self._name))
        self.deployment_names = pulumi.Output.from_input(self._deployments)
        self.register_outputs(
            {
                "api_url": self.api_url,
                "service_name": self.service_name,
                "deployment_names": self.deployment_names,
            }
        )

    def _classes(self, where: Literal["servers", "workers"]) -> list[str]:
        return [each["provider_class"] for each in mounted(self._args, where)]

    def _identity(self, where: Literal["servers", "workers"], namespace: str, account: str) -> list[pulumi.Resource]:
        """The role with which the pods of a service account mount their secrets: what those pods come after."""
        if "secrets" not in self._args:
            return []
        chosen = self._args["secrets"]
        identity = pod_identity(
            self,
            regional(account, chosen["region"]),
            namespace=namespace,
            service_account=account,
            cluster_name=self._args["cluster_name"],
            region=chosen["region"],
            account_id=chosen["account_id"],
            statements=secret_statements(chosen["region"], chosen["account_id"], mounted(self._args, where)),
        )
        return identity.ready

    def _labels(self, component: str) -> dict[str, str]:
        return {**self._args.get("labels", {}), **_pods.labels(self._name, component)}

    def _migration(self, files: str) -> None:
        labels = self._labels("migration")
        found, container = self._migrating(labels), _prefect.migration(self._args, "migrate")
        before = _databases.user_container("prefect", self._args["image"], self._args["database"], _prefect.STEP_MEMORY)
        template = found.objects.pod(labels, found.service_account, container, files=files, waits=before)
        after = [*self._ready, *found.ready]
        self._objects.job(f"{self._name}-migration", labels, template, suspended=self._idle, depends_on=after)
        self._policy("migration", [], self._to_stores())

    def _migrating(self, labels: dict[str, str]) -> _databases.Migration:
        if "secrets" not in self._args:
            return _databases.Migration(self._objects, self._name, [])
        chosen = self._args["secrets"]
        cluster: _databases.ClusterArgs = {
            "cluster_name": self._args["cluster_name"],
            "region": chosen["region"],
            "account_id": chosen["account_id"],
        }
        return _databases.migration(
            self._objects,
            self._name,
            labels,
            cluster=cluster,
            own=chosen["servers"],
            administrator=chosen.get("administrator", []),
        )

    def _servers(self, files: str) -> None:
        scale = self._args["scale"]
        self._deployment("server", _prefect.server(self._args), scale, files)
        labels = self._labels("server")
        self._objects.autoscaler(f"{self._name}-server", labels, scale)
        service = self._args.get("service_name", self._name)
        self._objects.service(f"{self._name}-service", service, labels, _prefect.API_PORT)
        chosen = pools(self._args).values()
        clients = {self._args["namespace"], *(each["namespace"] for each in chosen)}
        clients |= set(self._args.get("client_namespaces", []))
        self._policy("server", [from_namespaces(sorted(clients), _prefect.API_PORT)], self._to_stores())

    def _services(self, files: str) -> None:
        count = 0 if self._idle else int(self._args.get("services", DEFAULT_SERVICES))
        self._deployment("services", _prefect.services(self._args), {"minimum": count, "maximum": max(count, 1)}, files)
        self._policy("services", [], self._to_stores())

    def _deployment(self, component: str, container: Container, scale: WorkloadScaleArgs, files: str) -> None:
        name, labels = f"{self._name}-{component}", self._labels(component)
        waits = [_prefect.migration(self._args, "wait")]
        template = self._objects.pod(labels, self._name, container, files=files, waits=waits)
        self._objects.deployment(name, labels, template, replicas(scale), depends_on=self._ready)
        self._deployments.append(f"{self._args['namespace']}/{name}")

    def _settings(self) -> None:
        labels = self._labels("settings")
        files = {
            _prefect.SETTINGS_SCRIPT: script(_prefect.SETTINGS_SCRIPT),
            _prefect.SETTINGS_FILE: _settings.document(self._args),
        }
        config = self._objects.files(f"{self._name}-settings", labels, files)
        template = self._objects.pod(labels, self._name, _prefect.settings(self._args, self._url), files=config)
        self._objects.job(f"{self._name}-settings", labels, template, suspended=self._idle, depends_on=self._ready)
        self._policy("settings", [], [to_dns(), self._to_api()])

    def _pool(self, pool: str, chosen: WorkPoolArgs) -> None:
        """Workers in the system's namespace, and what they and their flow runs may do there."""
        name, labels, namespace = f"{self._name}-{pool}", self._labels(pool), chosen["namespace"]
        objects = Objects(self, namespace, self._args["zones"], self._classes("workers"), self._forced)
        objects.service_account(name, labels, token=True)
        ready = self._identity("workers", namespace, name)
        self._rights(objects, name, labels)
        worker = _prefect.worker(self._args, pool, namespace, self._url)
        template = objects.pod(labels, name, worker, token=True)
        count = 0 if self._idle else int(chosen.get("workers", DEFAULT_WORKERS))
        objects.deployment(name, labels, template, count, depends_on=ready)
        self._deployments.append(f"{namespace}/{name}")
        api = [to_dns(), self._to_api()]
        services = [self._args["service_cidr"]] if "service_cidr" in self._args else []
        kubernetes_api = to_networks([*self._args["network_cidrs"], *services], KUBERNETES_API_PORT)
        objects.network_policy(name, labels, ingress=[], egress=[*api, kubernetes_api])
        self._flow_runs(objects, f"{name}-flow-runs", labels, api)

    def _rights(self, objects: Objects, name: str, labels: dict[str, str]) -> None:
        kubernetes.rbac.v1.Role(
            name, metadata=objects.metadata(name, labels), rules=WORKER_RIGHTS, opts=objects.options()
        )
        role: Any = {"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subject: Any = {"kind": "ServiceAccount", "name": name, "namespace": objects.namespace}
        kubernetes.rbac.v1.RoleBinding(
            name,
            metadata=objects.metadata(name, labels),
            role_ref=role,
            subjects=[subject],
            opts=objects.options(),
        )

    def _flow_runs(self, objects: Objects, name: str, labels: dict[str, str], egress: list[dict[str, Any]]) -> None:
        """Flow runs reach the API. What else they reach is their namespace's to say."""
        spec: Any = {
            "pod_selector": {"match_expressions": [{"key": FLOW_RUN_LABEL, "operator": "Exists"}]},
            "policy_types": ["Egress"],
            "egress": egress,
        }
        kubernetes.networking.v1.NetworkPolicy(
            name, metadata=objects.metadata(name, labels), spec=spec, opts=objects.options()
        )

    def _policy(self, component: str, ingress: list[dict[str, Any]], egress: list[dict[str, Any]]) -> None:
        self._objects.network_policy(
            f"{self._name}-{component}", self._labels(component), ingress=ingress, egress=egress
        )

    def _to_stores(self) -> list[dict[str, Any]]:
        ports = (_databases.port(self._args["database"]), messaging_port(self._args["messaging"]))
        return [to_dns(), to_networks(self._args["network_cidrs"], *ports)]

    def _to_api(self) -> dict[str, Any]:
        servers = {"pod_selector": {"match_labels": _pods.selecting(self._labels("server"))}}
        return {"to": [in_namespace(self._args["namespace"]) | servers], "ports": [tcp(_prefect.API_PORT)]}
