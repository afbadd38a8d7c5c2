"""What must hold for the networks that reach a cluster, and who can reach it at all."""

from collections.abc import Iterable, Iterator

from haven.base.problems import Problem, shown
from haven_components import limits
from infra.config import models
from infra.config.part_models import Edge
from infra.config.rules import networks
from infra.config.rules.validators import Rules

RULES = Rules()

PORTS_OF_CLIENTS = 2
"""80 and 443: a rule for each network and port (`haven_components`, EdgeBalancer)."""
SECURITY_GROUP_QUOTA = "L-0EA8095F"
_SERVICE_CIDRS = ("172.20.0.0/16", "10.100.0.0/16", "192.168.0.0/16", "172.16.0.0/16")
"""Blocks to propose for Kubernetes services."""


@RULES.on("network", "regions", "cluster")
def _service_cidr(network: models.Network, pair: models.Regions, cluster: models.Cluster) -> Iterable[Problem]:
    """Pods reach no address outside the cluster that is in the block of its services."""
    taken = list(_taken(network, pair, cluster))
    overlapping = [f"{what} {block}" for what, block in taken if networks.overlap(cluster.service_cidr, block)]
    if overlapping:
        free = next(
            (each for each in _SERVICE_CIDRS if not any(networks.overlap(each, block) for _, block in taken)), None
        )
        yield Problem(
            "haven:cluster.serviceCidr",
            f"{shown(cluster.service_cidr)}, which shares addresses with {', '.join(overlapping)}",
            "a block outside both VPCs and all networks that reach the cluster",
            f"write serviceCidr: {free}" if free else "choose a /24 that none of them has",
        )


def _taken(network: models.Network, pair: models.Regions, cluster: models.Cluster) -> Iterator[tuple[str, str]]:
    yield from networks.blocks(network, pair).items()
    for index, block in enumerate(cluster.private_access_cidrs):
        yield f"haven:cluster.privateAccessCidrs[{index}]", block


@RULES.on("cluster")
def _public_access(cluster: models.Cluster) -> Iterable[Problem]:
    count, most = len(set(cluster.public_access_cidrs)), limits.PUBLIC_ACCESS_CIDRS
    if count > most:
        fix = "write fewer, larger networks, or reach the private endpoint over a VPN (privateAccessCidrs)"
        allowed = f"at most {most}, which AWS raises for nobody"
        yield Problem("haven:cluster.publicAccessCidrs", f"{count} networks", allowed, fix)


def notes(cluster: models.Cluster, edge: Edge, domain: str | None) -> list[str]:
    """Who can't reach the clusters, and who may be too many; a plan shows it as warnings."""
    found = list(_many_rules(cluster, edge if domain is not None else None))
    if not cluster.public_access_cidrs and not cluster.private_access_cidrs:
        found.append(
            "nobody outside the VPCs reaches the Kubernetes API in either Region: name your networks in"
            " haven:cluster.publicAccessCidrs (from the internet) or privateAccessCidrs (over a VPN);"
            " docs/cluster-access.md"
        )
    if not cluster.admin_role_arns:
        found.append(
            "only the principal that creates the clusters may use their API: name roles in haven:cluster.adminRoleArns"
        )
    return found


def _many_rules(cluster: models.Cluster, edge: Edge | None) -> Iterator[str]:
    """Security groups with more rules than an account may have that never asked for more."""
    rules = {"cluster.privateAccessCidrs": ("control plane", len(cluster.private_access_cidrs))}
    if edge is not None:
        rules["edge.clientCidrs"] = ("load balancer", PORTS_OF_CLIENTS * len(edge.client_cidrs))
    for key, (group, count) in rules.items():
        if count > limits.SECURITY_GROUP_RULES:
            yield (
                f"haven:{key} makes {count} inbound rules in the security group of each Region's {group}: EC2 takes"
                f" {limits.SECURITY_GROUP_RULES} unless the quota {SECURITY_GROUP_QUOTA} was raised in both Regions;"
                " raise it there first, or write fewer, larger networks"
            )
