"""What must hold for the networks of both Regions: those that Haven creates, and those that exist already."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from haven.base.problems import Problem, choices, shown
from infra.config import models, part_models
from infra.config.network_models import ExistingNetwork
from infra.config.rules.validators import Rules

RULES = Rules()


def blocks(network: models.Network, pair: models.Regions) -> dict[str, str]:
    """Config key -> the block of each Region's VPC, the primary Region's first."""
    found = {}
    for side, region in (("primary", pair.primary), ("recovery", pair.recovery)):
        existing = network.existing.get(region)
        key = f"haven:network.existing.{region}.cidr" if existing else f"haven:network.cidrs.{side}"
        found[key] = existing.cidr if existing else getattr(network.cidrs, side)
    return found


def overlap(first: str, second: str) -> bool:
    """Whether two blocks share an address."""
    return ipaddress.IPv4Network(first).overlaps(ipaddress.IPv4Network(second))


@RULES.on("network", "regions")
def _blocks(network: models.Network, pair: models.Regions) -> Iterable[Problem]:
    (first, primary), (second, recovery) = blocks(network, pair).items()
    if not overlap(primary, recovery):
        return
    existing = [each for each in (first, second) if ".existing." in each]
    if len(existing) == 2:
        fix = "use VPCs whose blocks differ: data and requests go from one to the other"
    else:
        side = "primary" if second in existing else "recovery"
        other = recovery if second in existing else primary
        fix = f"write haven:network.cidrs.{side}: {_beside(other)}, for example"
    yield Problem(
        " and ".join((first, second)) if existing else "haven:network.cidrs",
        f"{shown(primary)} and {shown(recovery)}",
        "two networks that do not overlap: the VPCs are peered",
        fix if existing else f"write recovery: {_beside(primary)}, for example",
    )


def _beside(block: str) -> str:
    """The network of the same size after a network, of a size that Haven creates."""
    network = ipaddress.IPv4Network(block)
    size = min(network.prefixlen, models.SMALLEST_PREFIX)
    after = ipaddress.IPv4Network(f"{network.network_address + network.num_addresses}/{size}", strict=False)
    if after.overlaps(network):
        after = ipaddress.IPv4Network(f"{after.network_address + after.num_addresses}/{size}")
    return str(after) if after.is_private else "10.41.0.0/16"


@RULES.on("network", "regions")
def _regions(network: models.Network, pair: models.Regions) -> Iterable[Problem]:
    both = {pair.primary: "primary", pair.recovery: "recovery"}
    for region in network.existing:
        if region not in both:
            yield Problem(
                f"haven:network.existing.{region}",
                shown(region),
                choices(tuple(both)),
                f"delete haven:network.existing.{region}",
            )
        elif both[region] in network.cidrs.model_fields_set:
            yield Problem(
                f"haven:network.cidrs.{both[region]}",
                shown(getattr(network.cidrs, both[region])),
                f"nothing: the VPC of {region} exists, and its block is in haven:network.existing.{region}.cidr",
                f"delete haven:network.cidrs.{both[region]}",
            )


@RULES.on("network", "regions")
def _networks(network: models.Network, pair: models.Regions) -> Iterable[Problem]:
    ids = [network.existing[each].vpc_id for each in (pair.primary, pair.recovery) if each in network.existing]
    if len(set(ids)) < len(ids):
        allowed = "a VPC of its own in each Region: a VPC is in one Region"
        fix = "write the id that `aws ec2 describe-vpcs --region REGION` lists for each"
        yield Problem("haven:network.existing", f"{ids[0]} for both Regions", allowed, fix)


@RULES.on("network", "zones", "regions")
def _subnets(network: models.Network, zones: Mapping[str, list[str]], pair: models.Regions) -> Iterable[Problem]:
    for region, existing in network.existing.items():
        if region not in (pair.primary, pair.recovery):
            continue
        what = f"haven:network.existing.{region}"
        if region not in zones:
            yield Problem(
                f"haven:zones.{region}",
                "nothing",
                f"the zones of the {len(existing.private_subnet_ids)} subnets of {existing.vpc_id}, in their order",
                f"write haven:zones: {{{region}: [{region}a, {region}b]}}, for example;"
                f" aws ec2 describe-subnets --region {region} lists each subnet's zone",
            )
            continue
        for key, ids in _kinds(existing):
            if ids and len(ids) != len(zones[region]):
                yield Problem(
                    f"{what}.{key}",
                    f"{len(ids)} subnets",
                    f"one for each of {', '.join(zones[region])}, in this order",
                    f"name {len(zones[region])} subnets, or change haven:zones.{region}",
                )
        yield from _twice(what, existing)


def _kinds(existing: ExistingNetwork) -> Iterator[tuple[str, list[str]]]:
    yield "privateSubnetIds", existing.private_subnet_ids
    yield "publicSubnetIds", existing.public_subnet_ids
    yield "dataSubnetIds", existing.data_subnet_ids


def _twice(what: str, existing: ExistingNetwork) -> Iterator[Problem]:
    ids = [each for _, some in _kinds(existing) for each in some]
    repeated = sorted({each for each in ids if ids.count(each) > 1})
    if repeated:
        yield Problem(
            what,
            f"{', '.join(repeated)} more than once",
            "different subnets: nodes, load balancers and databases have their own",
            "name each subnet once; leave out dataSubnetIds to put databases into the private ones",
        )
    tables = existing.route_table_ids
    if len(set(tables)) != len(tables):
        yield Problem(
            f"{what}.routeTableIds", shown(tables), "different ids", f"write {shown(list(dict.fromkeys(tables)))}"
        )


@RULES.on("network", "regions", "domain", "edge")
def _public(
    network: models.Network, pair: models.Regions, domain: str | None, edge: part_models.Edge
) -> Iterable[Problem]:
    for region, existing in network.existing.items():
        here = region in (pair.primary, pair.recovery)
        if here and domain is not None and not edge.internal and not existing.public_subnet_ids:
            yield Problem(
                f"haven:network.existing.{region}.publicSubnetIds",
                "nothing",
                "a public subnet in each zone, for the load balancer that faces the internet",
                "name them, or write haven:edge: {internal: true} for a load balancer in the private subnets",
            )


def notes(network: models.Network, pair: models.Regions, *, experiments: bool) -> list[str]:
    """What a plan says about networks that it doesn't declare."""
    both = (pair.primary, pair.recovery)
    found = [
        f"{region} uses VPC {network.existing[region].vpc_id} ({network.existing[region].cidr}) and its subnets: no"
        " subnet, route to the internet, endpoint or flow log is declared there (docs/existing-network.md)"
        for region in both
        if region in network.existing
    ]
    unpeered = [each for each in both if each in network.existing and not network.existing[each].route_table_ids]
    if unpeered:
        found.append(
            f"the two VPCs are not peered: haven:network.existing names no routeTableIds in {' and '.join(unpeered)}."
            " Connect them another way, or applications reach no database in the other Region"
        )
    if found and experiments:
        found.append(
            "the isolation experiments find subnets by the tag haven:environment: tag those of the existing VPC"
        )
    return found
