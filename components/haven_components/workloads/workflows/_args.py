"""Arguments of `WorkflowOrchestrator`."""

from typing import Literal, NotRequired, TypedDict

import pulumi

from haven_components import limits
from haven_components.limits import Range
from haven_components.names import CACHE_PORT, ORCHESTRATION_PODS
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._databases import WorkloadDatabaseArgs, require_database, require_secret
from haven_components.workloads._pods import WorkloadScaleArgs, require_image, require_scale
from haven_components.workloads._secrets import WorkloadSecretArgs
from haven_components.workloads._traces import TracesArgs

MOST_NAME_CHARACTERS = 40
"""Leaves room for suffixes: names of Services have at most 63 characters (Kubernetes, RFC 1035 label names; read
2026-11-26)."""
DEFAULT_SERVICES, DEFAULT_WORKERS = 2, 2
HEARTBEAT_SECONDS = 30
"""The shortest that Prefect 3.9 accepts (`PREFECT_FLOWS_HEARTBEAT_FREQUENCY`; read 2026-11-26)."""
LOST_AFTER_SECONDS = 90
"""Three heartbeats."""
PENDING_SECONDS = 1800
"""[assumption] Longer than a node for a flow run takes to start."""
LOST_RANGE, PENDING_RANGE = Range(3 * HEARTBEAT_SECONDS, 86400), Range(60, 86400)
SERVICES, WORKERS, CONCURRENCY = Range(1, 10), Range(0, 10), Range(1, 10000)
"""Bounds against slips, no limits of Prefect."""


class WorkflowMessagingArgs(TypedDict):
    host: pulumi.Input[str]
    """Host name of the own Region's cache with cluster mode off: Prefect 3.9 refuses a cluster."""
    port: NotRequired[int]
    """Its port. Omitted: 6379."""
    secret_name: NotRequired[str]
    """Kubernetes secret of the component's namespace with the key `token`. Omitted: the cache takes everybody."""
    tls: NotRequired[bool]
    """Whether connections are encrypted. Omitted: true."""


class WorkPoolArgs(TypedDict):
    namespace: str
    """The system's namespace, which exists: workers and flow runs are there. It has a secret `auth_secret_name` too."""
    image: str
    """Image of flow runs by digest, in the own Region's registry."""
    service_account: str
    """Service account of flow runs, which exists: its pod identity is what they may do in AWS."""
    workers: NotRequired[int]
    """Workers that start flow runs, 0 to 10; 0 while `scale` is. Omitted: 2."""
    traces: NotRequired[TracesArgs]
    """Where flow runs send traces, as far as their code makes any. Omitted: nowhere."""
    concurrency: NotRequired[int]
    """Flow runs at the same time, 1 to 10,000. Omitted: no limit."""
    cpu: NotRequired[str]
    """Processors of a flow run unless its deployment asks for others, a Kubernetes quantity. Omitted: `1`, an
    assumption."""
    memory: NotRequired[str]
    """Memory of a flow run unless its deployment asks for another, a Kubernetes quantity. Omitted: `2Gi`, an
    assumption."""


class WorkflowSecretsArgs(TypedDict):
    region: str
    """The cluster's Region, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits."""
    servers: list[WorkloadSecretArgs]
    """What servers, services and Jobs mount: the secrets of `database`, `messaging` and the API."""
    administrator: NotRequired[list[WorkloadSecretArgs]]
    """What the migration's pods alone mount as well, by a service account of their own: the secret of the database's
    administrator. Omitted: it is there anyway, or not needed."""
    workers: list[WorkloadSecretArgs]
    """What workers mount in each pool's namespace: the API's secret."""


class WorkflowOrchestratorArgs(TypedDict):
    namespace: str
    """The Kubernetes namespace, which exists."""
    zones: list[str]
    """The zones that pods are spread over."""
    scale: WorkloadScaleArgs
    """API servers. `minimum` 0 while the database can only be read, which Prefect doesn't start on: then nothing runs,
    background services and workers neither."""
    image: str
    """Image of Prefect 3.9 with `prefect-redis` and `prefect-kubernetes` by digest, in the own Region's registry."""
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster, as which workers report it."""
    database: WorkloadDatabaseArgs
    """The own Region's database, through an endpoint that takes writes."""
    messaging: WorkflowMessagingArgs
    """The own Region's cache, through which servers and services exchange messages."""
    auth_secret_name: str
    """Kubernetes secret with the key `auth-string`, as `USER:PASSWORD`. Each pool's namespace has it too."""
    secrets: NotRequired[WorkflowSecretsArgs]
    """What the pods mount, so that the Kubernetes secrets named above are there. Omitted: they are there anyway."""
    network_cidrs: list[str]
    """IPv4 networks with the database, the cache and the endpoint of the Kubernetes API, such as the VPC's."""
    service_cidr: NotRequired[str]
    """The cluster's IPv4 block of Services: workers call the Kubernetes API at an address in it, and network policies
    see that one. Omitted: workers reach the API through `network_cidrs` alone."""
    pools: NotRequired[dict[str, WorkPoolArgs]]
    """Work pools by name, one for each system. Omitted: none."""
    client_namespaces: NotRequired[list[str]]
    """Further namespaces whose pods may call the API. Omitted: the pools' alone."""
    services: NotRequired[int]
    """Replicas of the background services, 1 to 10. Omitted: 2."""
    lost_after_seconds: NotRequired[int]
    """Seconds without a heartbeat after which a flow run counts as lost and starts again, 90 to 86,400. Omitted: 90,
    three heartbeats."""
    pending_seconds: NotRequired[int]
    """Seconds after which a flow run whose pod has not started is scheduled again, 60 to 86,400. Omitted: 1,800, an
    assumption: longer than a node takes to start."""
    service_name: NotRequired[str]
    """Name of the Service in front of the API, such as one that both Regions share. Omitted: the component's name."""
    labels: NotRequired[dict[str, str]]
    """Labels of all pods, beside the component's own. Omitted: none."""


def mounted(args: WorkflowOrchestratorArgs, where: Literal["servers", "workers"]) -> list[WorkloadSecretArgs]:
    """The secrets that pods of this kind mount."""
    return args["secrets"][where] if "secrets" in args else []


def messaging_port(messaging: WorkflowMessagingArgs) -> int:
    """The cache's port."""
    return int(messaging.get("port", CACHE_PORT))


def pools(args: WorkflowOrchestratorArgs) -> dict[str, WorkPoolArgs]:
    """The work pools by name."""
    return args.get("pools", {})


def validate(name: str, args: WorkflowOrchestratorArgs) -> None:
    """Raise every problem with the arguments."""
    checks = Checks("WorkflowOrchestrator", name, WorkflowOrchestratorArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: require_kubernetes_name(checks, "namespace", args["namespace"]),
        lambda: require_kubernetes_name(checks, "service_name", args.get("service_name", name)),
        lambda: _checks.require_some(checks, "zones", args["zones"]),
        lambda: require_scale(checks, args["scale"]),
        lambda: require_image(checks, args["image"]),
        lambda: require_database(checks, args["database"]),
        lambda: _check_messaging(checks, args["messaging"]),
        lambda: require_secret(checks, "auth_secret_name", args["auth_secret_name"]),
        lambda: _checks.require_some(checks, "network_cidrs", args["network_cidrs"]),
        lambda: _check_times(checks, args),
        lambda: _check_pools(checks, name, args),
    )


def require_kubernetes_name(checks: Checks, path: str, got: str) -> None:
    """A name of a namespace, a Service or a service account."""
    _checks.require_match(
        checks,
        path,
        got,
        limits.KUBERNETES_NAME,
        allowed="at most 63 lower-case letters, digits and hyphens, no hyphen at either end",
        fix="choose another name",
    )


def _check_messaging(checks: Checks, messaging: WorkflowMessagingArgs) -> None:
    _checks.require_between(
        checks, "messaging.port", messaging_port(messaging), limits.PORT, fix=f"leave it out for {CACHE_PORT}"
    )
    if "secret_name" in messaging:
        require_secret(checks, "messaging.secret_name", messaging["secret_name"])


def _check_times(checks: Checks, args: WorkflowOrchestratorArgs) -> None:
    for path, got, allowed, default in (
        ("services", args.get("services", DEFAULT_SERVICES), SERVICES, DEFAULT_SERVICES),
        ("lost_after_seconds", args.get("lost_after_seconds", LOST_AFTER_SECONDS), LOST_RANGE, LOST_AFTER_SECONDS),
        ("pending_seconds", args.get("pending_seconds", PENDING_SECONDS), PENDING_RANGE, PENDING_SECONDS),
    ):
        _checks.require_between(checks, path, got, allowed, fix=f"leave it out for {default}")


def _check_pools(checks: Checks, name: str, args: WorkflowOrchestratorArgs) -> None:
    for pool, chosen in pools(args).items():
        path = f"pools.{pool}"
        checks.require(
            len(f"{name}-{pool}") <= MOST_NAME_CHARACTERS,
            path,
            got=pool,
            allowed=f"{MOST_NAME_CHARACTERS} characters with the component's name",
            fix="choose a shorter name",
        )
        require_kubernetes_name(checks, path, pool)
        taken = [*ORCHESTRATION_PODS, *(f"{other}-flow-runs" for other in pools(args))]
        checks.require(
            pool not in taken,
            path,
            got=pool,
            allowed=f"another name than {', '.join(taken)}: objects of the component are called so",
            fix="choose another name",
        )
        require_kubernetes_name(checks, f"{path}.namespace", chosen["namespace"])
        require_kubernetes_name(checks, f"{path}.service_account", chosen["service_account"])
        require_image(checks, chosen["image"], f"{path}.image")
        workers = chosen.get("workers", DEFAULT_WORKERS)
        _checks.require_between(checks, f"{path}.workers", workers, WORKERS, fix=f"leave it out for {DEFAULT_WORKERS}")
        if "concurrency" in chosen:
            _checks.require_between(
                checks, f"{path}.concurrency", chosen["concurrency"], CONCURRENCY, fix="leave it out for no limit"
            )
