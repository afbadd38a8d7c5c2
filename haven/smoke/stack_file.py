"""The stack file of the first run: one of everything, as small as AWS allows, in two zones of each Region."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from haven.base.problems import Problem, Problems
from haven.model.catalog import Catalog, zones_without_eks
from haven.model.prices import PriceBook
from haven.runbooks.clients import Client, asked
from haven.smoke.request import Target

_SYSTEM = (("m6i.large", "m5.large"), ("m7i.large", "m6i.large"))
_GPU = (("g4dn.xlarge", "g4dn.2xlarge"), ("g5.xlarge", "g5.2xlarge"), ("g6.xlarge", "g6.2xlarge"))
"""Pairs, for a node group of one type fails with it. No GPU node is started."""
_DATABASE = ("db.r6g.large", "db.r5.large", "db.r7g.large")
_CACHE = ("cache.m6g.large", "cache.r6g.large", "cache.r7g.large")
"""The smallest that the components take, the cheapest first: Aurora Global Database and Global Datastores take no
burstable ones."""
_ZONES = 2


def write(name: str, target: Target, folder: Path, catalog: Catalog, book: PriceBook, *, client: Client) -> Path:
    """Write the stack file.

    Args:
        name: the stack's.
        target: account and Regions.
        folder: where the file is written.
        catalog: what the Regions offer.
        book: the prices, by which classes of databases and caches are chosen.
        client: service and Region to a boto3 client, asked for the names of the zones in this account.

    Raises:
        Problems: a Region doesn't offer what is needed.
        MissingDependency: AWS doesn't answer.
    """
    document = config(target, catalog, book, client)
    file = folder / f"Pulumi.{name}.yaml"
    file.write_text(yaml.safe_dump({"config": document}, sort_keys=False))
    return file


def config(target: Target, catalog: Catalog, book: PriceBook, client: Client) -> Mapping[str, Any]:
    """The config of the stack file."""
    groups = [_offered(each, target, catalog) for each in (_SYSTEM, _GPU)]
    emulator = {"haven:emulator": target.endpoint} if target.endpoint else {}
    return {
        "haven:account": target.account,
        **emulator,
        "haven:tier": "warm",
        "haven:ephemeral": True,
        "haven:regions": {"primary": target.primary, "recovery": target.recovery},
        "haven:zones": {region: zones(region, groups, catalog, client) for region in target.regions},
        "haven:cluster": {
            "systemNodes": {"instanceTypes": groups[0], "minSize": 2, "desiredSize": 2, "maxSize": 3},
            "gpuNodeGroups": [
                {"name": "serving", "instanceTypes": groups[1], "minSize": 0, "desiredSize": 0, "maxSize": 1}
            ],
        },
        "haven:database": {"instanceClass": _priced("aurora-instance", _DATABASE, target, book)},
        "haven:cache": {"nodeType": _priced("cache-valkey", _CACHE, target, book), "shards": _shards(target)},
        "haven:storage": {"buckets": {"models": {}}},
        "haven:tables": {"sessions": {"hashKey": {"name": "session"}}},
        "haven:queues": {"requests": {}},
        "haven:secrets": {"token": {"description": "A generated value, to see that secrets are replicated"}},
        "haven:parameters": {"serving/model": "smoke"},
        "haven:operations": {"witnessRegion": target.witness},
        "haven:tags": {"purpose": "haven smoke"},
    }


def _shards(target: Target) -> int:
    """The fewest shards; the emulator answers no configuration endpoint for one, and refuses two (2026-11-26)."""
    return 3 if target.endpoint else 1


def zones(region: str, groups: Sequence[Sequence[str]], catalog: Catalog, client: Client) -> list[str]:
    """Two zones of a Region, by their names in this account, in which EKS and every node group can run.

    Args:
        region: the Region.
        groups: instance types of each node group.
        catalog: which zone ids offer them.
        client: service and Region to a boto3 client.

    Raises:
        Problems: there are fewer than two.
        MissingDependency: AWS doesn't answer.
    """
    answer = asked(f"EC2 in {region} for its zones", lambda: client("ec2", region).describe_availability_zones())
    refused = {*zones_without_eks(region), *zones_without_eks(region, documented=False)}
    offering = [{zone for each in group for zone in catalog.zone_ids(each, region) or ()} for group in groups]
    fitting = [
        str(each["ZoneName"])
        for each in answer["AvailabilityZones"]
        if each.get("ZoneType", "availability-zone") == "availability-zone"
        and each["ZoneId"] not in refused
        and all(each["ZoneId"] in ids for ids in offering)
    ]
    if len(fitting) < _ZONES:
        got = (
            f"{', '.join(fitting) or 'no zone'} of {region} with EKS and {' and '.join(' or '.join(g) for g in groups)}"
        )
        fix = f"name another Region, or renew the data: haven data refresh --region {region}"
        raise Problems([Problem("REGIONS", got, "two zones with them", fix)])
    return sorted(fitting)[:_ZONES]


def _offered(pairs: Sequence[Sequence[str]], target: Target, catalog: Catalog) -> list[str]:
    """The first pair of types that both Regions offer, or the two most similar that they do."""
    for pair in pairs:
        if all(catalog.zone_ids(each, region) for each in pair for region in target.regions):
            return list(pair)
    near = list(catalog.nearest_offered(pairs[0][0], target.regions, 2))
    if len(near) < 2:
        got = f"fewer than two types like {pairs[0][0]} in both of {' and '.join(target.regions)}"
        raise Problems([Problem("REGIONS", got, "two Regions that offer them", "name another pair of Regions")])
    return near


def _priced(kind: str, classes: Sequence[str], target: Target, book: PriceBook) -> str:
    """The first class with a price in both Regions, which is the sign that both offer it; the first one otherwise."""
    priced = [each for each in classes if all(book.price(f"{kind}:{each}", region) for region in target.regions)]
    return (priced or list(classes))[0]
