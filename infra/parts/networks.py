"""The Regions' networks, and the private way between them."""

from haven.model import endpoints
from haven_components import NetworkPeering, PeeringSideArgs, RegionalNetwork, RegionalNetworkArgs
from haven_components.names import region_code
from infra.config.network_models import ExistingNetwork
from infra.environment import Environment, Network


def network(environment: Environment, region: str) -> Network:
    """The network of a Region: the one that exists already, or one that is declared."""
    existing = environment.settings.network.existing.get(region)
    return _existing(existing) if existing is not None else _declared(environment, region)


def _existing(found: ExistingNetwork) -> Network:
    return Network(
        found.vpc_id,
        found.private_subnet_ids,
        found.public_subnet_ids,
        found.data_subnet_ids or found.private_subnet_ids,
        found.route_table_ids,
    )


def _declared(environment: Environment, region: str) -> Network:
    settings = environment.settings
    zones = list(settings.zones[region])
    args: RegionalNetworkArgs = {
        "region": region,
        "account_id": settings.account,
        "zones": zones,
        "cidr": environment.cidr(region),
        "nat": environment.scales[region].nat,
        "interface_endpoints": settings.network.interface_endpoints,
        "flow_log_traffic": settings.network.flow_logs.traffic,
        "flow_log_seconds": settings.network.flow_logs.interval_seconds,
        "log_kms_key_arn": environment.region_key(region),
        "ephemeral": settings.ephemeral,
    }
    if environment.scales[region].endpoints_to_start:
        args["endpoint_services"] = list(endpoints.TO_START)
        args["endpoint_zones"] = zones[:1]
    made = RegionalNetwork(f"{environment.name}-{region_code(region)}", args, environment.options(region))
    return Network(
        made.vpc_id, made.private_subnet_ids, made.public_subnet_ids, made.data_subnet_ids, made.route_table_ids
    )


def peering(environment: Environment) -> NetworkPeering | None:
    """Declare the peering of the two networks, where both have route tables for it."""
    if not all(environment.networks[region].route_table_ids for region in environment.both):
        return None
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
