"""The Regions' networks, and the private way between them."""

from haven_components import NetworkPeering, PeeringSideArgs, RegionalNetwork
from haven_components.names import region_code
from infra.environment import Environment


def network(environment: Environment, region: str) -> RegionalNetwork:
    """Declare the network of a Region."""
    settings = environment.settings
    return RegionalNetwork(
        f"{environment.name}-{region_code(region)}",
        {
            "region": region,
            "account_id": settings.account,
            "zones": list(settings.zones[region]),
            "cidr": environment.cidr(region),
            "nat": environment.scales[region].nat,
            "interface_endpoints": settings.network.interface_endpoints,
            "log_kms_key_arn": environment.region_key(region),
            "ephemeral": settings.ephemeral,
        },
        environment.options(region),
    )


def peering(environment: Environment) -> NetworkPeering:
    """Declare the peering of the two networks."""
    return NetworkPeering(
        f"{environment.name}-peering",
        {
            "account_id": environment.settings.account,
            "primary": _side(environment, environment.primary),
            "recovery": _side(environment, environment.recovery),
            "recovery_provider": environment.providers[environment.recovery],
        },
        environment.options(environment.primary),
    )


def _side(environment: Environment, region: str) -> PeeringSideArgs:
    found = environment.networks[region]
    return {
        "region": region,
        "vpc_id": found.vpc_id,
        "cidr": environment.cidr(region),
        "route_table_ids": list(found.route_table_ids),
    }
