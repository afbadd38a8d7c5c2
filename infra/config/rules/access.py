"""What must hold for the networks that reach a cluster, and who can reach it at all."""

from collections.abc import Iterable, Iterator

from haven.base.problems import Problem, shown
from infra.config import models
from infra.config.rules import networks
from infra.config.rules.validators import Rules

RULES = Rules()

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
def _access(cluster: models.Cluster) -> Iterable[Problem]:
    for key, cidrs in (
        ("publicAccessCidrs", cluster.public_access_cidrs),
        ("privateAccessCidrs", cluster.private_access_cidrs),
    ):
        if len(set(cidrs)) != len(cidrs):
            yield Problem(
                f"haven:cluster.{key}",
                shown(cidrs),
                "different networks",
                f"write {shown(list(dict.fromkeys(cidrs)))}",
            )


def notes(cluster: models.Cluster) -> list[str]:
    """Who can't reach the clusters; a plan shows it as warnings."""
    found = []
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
