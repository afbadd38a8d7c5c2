"""What the workloads of all systems share: the Region's Kubernetes provider, names, images, stores."""

from dataclasses import dataclass
from functools import cached_property

import pulumi

from haven_components import (
    ClusterControllers,
    ControllerChartArgs,
    GlobalCache,
    Observability,
    WorkloadScaleArgs,
    kubernetes_provider,
)
from haven_components.names import image_reference, partition, registry_host, repository_name
from infra import names
from infra.config.system_models import Chart
from infra.environment import Environment
from infra.parts.endpoints import EndpointStores


@dataclass(frozen=True)
class Prometheus:
    """A Region's workspace."""

    workspace_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    arn: pulumi.Output[str]


@dataclass(frozen=True)
class SystemStores:
    """What systems connect to, and report to."""

    stores: EndpointStores
    messages: GlobalCache | None
    """The cache of an orchestration's messages."""
    watched: Observability


@dataclass(frozen=True)
class Place:
    """Where a system runs: a Region's cluster, at the Region's scale."""

    environment: Environment
    region: str
    system: str
    controllers: ClusterControllers | None
    """What its objects need the kinds of, where the stack installs them."""

    @property
    def name(self) -> str:
        """What the names of its component in this Region begin with; roles are named by it in the whole account."""
        return component_name(self.environment, self.region, self.system)

    @property
    def cluster_name(self) -> str:
        """Name of the Region's cluster."""
        return self.environment.cluster_name(self.region)

    @property
    def account(self) -> str:
        """The AWS account."""
        return self.environment.settings.account

    @property
    def zones(self) -> list[str]:
        """The zones of the pods."""
        return list(self.environment.settings.zones[self.region])

    @property
    def scale(self) -> WorkloadScaleArgs:
        """Replicas in this Region."""
        scale = self.environment.scales[self.region]
        replicas = scale.systems[self.system]
        sizes: WorkloadScaleArgs = {"minimum": replicas.minimum, "maximum": replicas.maximum}
        return {**sizes, "force": True} if scale.forced else sizes

    @property
    def cidr(self) -> str:
        """The block of the Region's VPC."""
        return self.environment.cidr(self.region)

    @cached_property
    def key(self) -> pulumi.Output[str]:
        """ARN of the environment's key in this Region."""
        return self.environment.region_key(self.region)

    def image(self, by_digest: str | None) -> str:
        """An image of the environment's repositories, as the Region's own registry has it."""
        return image(self.environment, self.region, by_digest or "")

    def options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of the system's component."""
        before = [self.controllers] if self.controllers is not None else []
        return options(self.environment, self.region, *before, *after, system=self.system)


def component_name(environment: Environment, region: str, system: str) -> str:
    """What the names of a system's component in a Region begin with."""
    return f"{environment.cluster_name(region)}-{system}"


def image(environment: Environment, region: str, by_digest: str) -> str:
    """An image of the environment's repositories, as a Region's own registry has it."""
    name, _, digest = by_digest.partition("@")
    return image_reference(environment.settings.account, region, repository(environment, name), digest)


def chart(environment: Environment, region: str, chosen: Chart) -> ControllerChartArgs:
    """A chart in a Region's own registry."""
    registry = registry_host(environment.settings.account, region)
    return {
        "location": f"oci://{registry}/{repository(environment, chosen.repository)}",
        "version": chosen.version,
        "digest": chosen.digest,
    }


def repository(environment: Environment, name: str) -> str:
    """Name of a repository of haven:images, the same in both Regions."""
    return repository_name(names.images_name(environment.settings.stack), name)


def options(
    environment: Environment, region: str, *after: pulumi.Resource, system: str | None = None
) -> pulumi.ResourceOptions:
    """Options of a component on a Region's cluster: it starts once the cluster has nodes and add-ons."""
    return pulumi.ResourceOptions.merge(
        environment.options(region, system=system),
        pulumi.ResourceOptions(
            providers=[environment.providers[region], environment.kubernetes[region]],
            depends_on=[environment.clusters[region], *after],
        ),
    )


def connect(environment: Environment, region: str) -> None:
    """Declare how Pulumi reaches a Region's cluster."""
    environment.kubernetes[region] = kubernetes_provider(
        f"kubernetes-{region}",
        environment.clusters[region].kubeconfig,
        cluster_name=environment.cluster_name(region),
    )


def prometheus(environment: Environment, region: str, watched: Observability) -> Prometheus | None:
    """A Region's workspace; None without."""
    if not environment.settings.watch.prometheus:
        return None
    identifier, endpoint = watched.primary_prometheus_workspace_id, watched.primary_prometheus_endpoint
    if region != environment.primary:
        identifier, endpoint = watched.recovery_prometheus_workspace_id, watched.recovery_prometheus_endpoint
    prefix = f"arn:{partition(region)}:aps:{region}:{environment.settings.account}:workspace/"
    return Prometheus(identifier, endpoint, pulumi.Output.concat(prefix, identifier))


def sql_name(system: str) -> str:
    """Name of a system's own database."""
    return system.replace("-", "_")
