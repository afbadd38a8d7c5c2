"""The name under which the environment is reached, and the switch that moves it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from haven_components import (
    DnsRouting,
    DnsSideArgs,
    EndpointCheckArgs,
    FailoverDns,
    FailoverDnsArgs,
    TrafficSwitch,
    TrafficSwitchArgs,
)
from haven_components.names import region_code
from infra.environment import Environment
from infra.names import PRIVATE, SERVICE


@dataclass(frozen=True)
class Service:
    """How the environment is reached."""

    name: str
    """One name, whichever Region answers."""
    entrances: dict[str, str]
    """Region -> the name under which its own ingress is to be published."""
    switch: TrafficSwitch
    dns: FailoverDns


def declare(
    environment: Environment, domain: str, *, nearest: bool, second: bool, private_in: Sequence[str]
) -> Service:
    """Declare switch and records.

    Args:
        environment: whose.
        domain: the parent of the names.
        nearest: whether clients go to the nearest Region instead of the primary one.
        second: whether the recovery Region has a record too.
        private_in: the Regions in whose VPCs the private zone answers.
    """
    entrances = {region: f"{SERVICE}-{region_code(region)}.{domain}" for region in environment.both}
    switch = _switch(environment, entrances)
    options = environment.options(environment.primary)
    args: FailoverDnsArgs = {
        "domain": domain,
        "record_name": SERVICE,
        "routing": DnsRouting.LATENCY if nearest else DnsRouting.FAILOVER,
        "primary": _record(environment.primary, entrances, switch.primary_health_check_id),
        "private_zone": {
            "domain": f"{PRIVATE}.{domain}",
            "vpcs": [{"vpc_id": environment.networks[region].vpc_id, "region": region} for region in private_in],
        },
        "ephemeral": environment.settings.ephemeral,
    }
    if second:
        args["recovery"] = _record(environment.recovery, entrances, switch.recovery_health_check_id)
        args["recovery_provider"] = environment.providers[environment.recovery]
    if environment.settings.hosted_zone_id:
        args["hosted_zone_id"] = environment.settings.hosted_zone_id
    dns = FailoverDns(f"{environment.name}-dns", args, options)
    return Service(f"{SERVICE}.{domain}", entrances, switch, dns)


def _record(region: str, entrances: dict[str, str], health_check_id: pulumi.Output[str]) -> DnsSideArgs:
    return {"region": region, "target": entrances[region], "health_check_id": health_check_id}


def _switch(environment: Environment, entrances: dict[str, str]) -> TrafficSwitch:
    settings = environment.settings
    args: TrafficSwitchArgs = {
        "account_id": settings.account,
        "primary_region": environment.primary,
        "recovery_region": environment.recovery,
        "recovery_provider": environment.providers[environment.recovery],
    }
    if settings.traffic.automatic:
        checks: list[EndpointCheckArgs] = [
            {"region": region, "hostname": name, "path": settings.traffic.readiness_path, "port": 443}
            for region, name in entrances.items()
        ]
        args["endpoints"] = checks
    return TrafficSwitch(f"{environment.name}-switch", args, environment.options(environment.primary))
