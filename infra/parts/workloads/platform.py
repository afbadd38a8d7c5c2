"""What the workloads of all systems share: the Region's Kubernetes provider, names, images, stores."""

from dataclasses import dataclass
from functools import cached_property

import pulumi

from haven_components import GlobalCache, Observability, WorkloadScaleArgs, kubernetes_provider
from haven_components.names import registry_image, repository_name
from infra.environment import Environment
from infra.parts.endpoints import EndpointStores


@dataclass(frozen=True)
class Prometheus:
    """A Region's workspace."""

    workspace_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]


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

    @property
    def name(self) -> str:
        """What the names of its component in this Region begin with; roles are named by it in the whole account."""
        return f"{self.cluster_name}-{self.system}"

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
        replicas = self.environment.scales[self.region].systems[self.system]
        return {"minimum": replicas.minimum, "maximum": replicas.maximum}

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
        repository, _, digest = (by_digest or "").partition("@")
        name = repository_name(f"{self.environment.name}-images", repository)
        return registry_image(self.account, self.region, name, digest)

    def options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component on the cluster: it starts once the cluster has nodes and add-ons."""
        return pulumi.ResourceOptions.merge(
            self.environment.options(self.region, system=self.system),
            pulumi.ResourceOptions(
                providers=[self.environment.providers[self.region], self.environment.kubernetes[self.region]],
                depends_on=[self.environment.clusters[self.region], *after],
            ),
        )


def connect(environment: Environment, region: str) -> None:
    """Declare how Pulumi reaches a Region's cluster."""
    environment.kubernetes[region] = kubernetes_provider(
        f"kubernetes-{region}",
        environment.clusters[region].kubeconfig,
        cluster_name=environment.cluster_name(region),
    )


def prometheus(place: Place, watched: Observability) -> Prometheus | None:
    """A Region's workspace; None without."""
    if not place.environment.settings.watch.prometheus:
        return None
    if place.region == place.environment.primary:
        return Prometheus(watched.primary_prometheus_workspace_id, watched.primary_prometheus_endpoint)
    return Prometheus(watched.recovery_prometheus_workspace_id, watched.recovery_prometheus_endpoint)


def messages_host(place: Place, messages: GlobalCache | None) -> pulumi.Output[str] | None:
    """Host name of a Region's cache of messages; None where it has none."""
    if messages is None:
        return None
    if place.region == place.environment.primary:
        return messages.primary_endpoint
    return messages.recovery_endpoint if place.environment.scales[place.region].cache else None


def sql_name(system: str) -> str:
    """Name of a system's own database."""
    return system.replace("-", "_")
