"""What must hold between config keys. Every rule runs as soon as the keys it reads are valid by themselves."""

import re
import string
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import category

from haven.base import regions
from haven.base.problems import Problem, choices, nearest, shown
from haven.config.stack_file import SECURE_PLACEHOLDER
from haven.model import catalog, objectives
from haven.model.tiers import Tier
from haven_components.names import partition
from infra.config import models, node_models
from infra.config.rules.instances import CATALOG
from infra.config.rules.names import LONGEST_STACK_NAME
from infra.config.rules.validators import Rules

_MOST_TAGS = 40
"""AWS allows 50 on a resource; ten are left to Haven and to AWS's own services."""

_PAIRS = {
    "aws": ("eu-central-1", "eu-west-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
}
"""Partition with two Regions or more that everybody may use -> two of them, to show as examples."""

_ISOLATED = re.compile(r"[a-z]+-iso[a-z]*-")
"""Regions of the isolated partitions (botocore 1.44.5, endpoints.json; read 2026-11-27)."""

RULES = Rules()


def check(stack: str, values: Mapping[str, Any]) -> list[Problem]:
    """Every problem between the values that are valid by themselves."""
    return [*_stack_name(stack), *RULES.check(values)]


def default_zones(region: str) -> list[str]:
    """The zones of a Region when the stack names none; empty for a Region that Haven has no list of, and for one with a
    zone in which EKS takes no cluster: which zone name that is differs between accounts."""
    return [] if catalog.zones_without_eks(region) else list(regions.ZONES.get(region, ()))


def _stack_name(stack: str) -> Iterable[Problem]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", stack) or len(stack) > LONGEST_STACK_NAME:
        yield Problem(
            "the stack's name",
            shown(stack),
            f"1 to {LONGEST_STACK_NAME} lower-case letters, digits and single hyphens, the first a letter: AWS names "
            "begin with it",
            f"rename the stack, for example to {_plain(stack)}",
        )


def _plain(stack: str) -> str:
    """A name like the stack's that AWS names can contain."""
    words = re.sub(r"[^a-z0-9]+", "-", stack.lower()).strip("-")
    return (words if words[:1].isalpha() else f"s{words}")[:LONGEST_STACK_NAME].rstrip("-")


def _fitting(pair: models.Regions) -> str:
    """What to write so that both Regions are of one partition: one that keeps the first of them that can be kept."""
    if others := _PAIRS.get(partition(pair.primary)):
        return f"write recovery: {next(each for each in others if each != pair.primary)}, for example"
    if others := _PAIRS.get(partition(pair.recovery)):
        return f"write primary: {next(each for each in others if each != pair.recovery)}, for example"
    return f"write {{primary: {_PAIRS['aws'][1]}, recovery: {_PAIRS['aws'][0]}}}, for example"


@RULES.on("account", "emulator")
def _account(account: str | None, emulator: str | None) -> Iterable[Problem]:
    if account is None and emulator is None:
        yield Problem(
            "haven:account",
            "nothing",
            "the account's 12 digits, in quotes",
            'add haven:account: "111122223333" with your account\'s digits; names and ARNs contain it',
        )


@RULES.on("regions")
def _two_regions(pair: models.Regions) -> Iterable[Problem]:
    isolated = [each for each in dict.fromkeys((pair.primary, pair.recovery)) if _ISOLATED.match(each)]
    for region in isolated:
        yield Problem(
            "haven:regions",
            f"{shown(region)}, which is in a partition of its own",
            f"two Regions of {', '.join(_PAIRS)}: Haven knows no other partition's ARNs and endpoints",
            f"write {{primary: {_PAIRS['aws'][1]}, recovery: {_PAIRS['aws'][0]}}}, for example",
        )
    if isolated:
        return
    if pair.primary == pair.recovery:
        yield Problem(
            "haven:regions.recovery",
            shown(pair.recovery),
            "a Region other than the primary",
            _fitting(pair),
        )
    elif partition(pair.primary) != partition(pair.recovery):
        yield Problem(
            "haven:regions",
            f"{shown(pair.primary)} and {shown(pair.recovery)}",
            "two Regions of one partition: AWS replicates nothing between partitions",
            _fitting(pair),
        )


@RULES.on("regions", "active")
def _active(pair: models.Regions, active: str | None) -> Iterable[Problem]:
    return _one_of("haven:active", active, pair, "the primary Region")


@RULES.on("regions", "demote")
def _demote(pair: models.Regions, demote: str | None) -> Iterable[Problem]:
    return _one_of("haven:demote", demote, pair, "the recovery Region")


@RULES.on("tier", "rebuilt")
def _rebuilt(tier: Tier, rebuilt: bool) -> Iterable[Problem]:
    if rebuilt and tier is Tier.BACKUP:
        fix = "delete haven:rebuilt; docs/restore.md has the way home"
        yield Problem("haven:rebuilt", "true", "false in tier backup, where nothing is replicated", fix)


def _one_of(what: str, got: object, pair: models.Regions, default: str) -> Iterable[Problem]:
    both = (pair.primary, pair.recovery)
    if got is not None and got not in both:
        yield Problem(what, shown(got), choices(both), f"write one of the two, or delete {what} for {default}")


@RULES.on("regions", "zones")
def _zones(pair: models.Regions, zones: Mapping[str, list[str]]) -> Iterable[Problem]:
    roles = {pair.recovery: "recovery", pair.primary: "primary"}
    for region in dict.fromkeys((pair.primary, pair.recovery)):
        named = zones.get(region, [])
        if not named and not default_zones(region):
            yield _no_zones(region, f"haven:regions.{roles[region]}")
        for zone in named:
            yield from _wrong_zone(region, zone, named)
        if len(set(named)) != len(named):
            yield Problem(
                f"haven:zones.{region}", shown(named), "different zones", f"write {shown(_different(region, named))}"
            )
    for region in sorted(zones.keys() - {pair.primary, pair.recovery}):
        yield Problem(
            f"haven:zones.{region}",
            shown(region),
            choices((pair.primary, pair.recovery)),
            f"delete haven:zones.{region}",
        )


_ZONE_ID = re.compile(r"[a-z]{2,4}[a-z]+\d-az\d+")
"""The id of a zone, such as euw1-az2, which is the same place in every account."""


def _wrong_zone(region: str, zone: str, named: list[str]) -> Iterable[Problem]:
    """A name that no zone of the Region has in any account."""
    letters = string.ascii_lowercase[: CATALOG.zone_count(region) or None]
    known = [f"{region}{letter}" for letter in letters]
    if zone not in known:
        free = [each for each in known if each not in named]
        wanted = f"{region}{zone[-1:]}"
        allowed = f"a zone of {region}, such as {region}a"
        if len(known) < len(string.ascii_lowercase):
            allowed = f"a zone of {region}: {known[0]} to {known[-1]}"
        fix = f"write {wanted if wanted in free else free[0]}"
        if _ZONE_ID.fullmatch(zone):  # which name it has differs between accounts
            listing = f"aws ec2 describe-availability-zones --region {region}"
            fix = f"write the name that `{listing}` lists beside this id in your account"
        yield Problem(f"haven:zones.{region}", shown(zone), allowed, fix)


def _different(region: str, named: list[str]) -> list[str]:
    """The named zones, each once, and another one where that leaves one alone."""
    once = list(dict.fromkeys(named))
    return once if len(once) > 1 else [*once, *(each for each in (f"{region}a", f"{region}b") if each not in once)][:2]


def _no_zones(region: str, key: str) -> Problem:
    """A Region whose zones nobody named, at the key of its name where AWS may have no such Region."""
    refused = catalog.zones_without_eks(region)
    listing = f"aws ec2 describe-availability-zones --region {region}"
    if refused:
        return Problem(
            f"haven:zones.{region}",
            "nothing",
            f"two or three zones of {region}, none of them zone id {choices(refused)}: EKS takes no cluster there",
            f"write haven:zones: {{{region}: [two or three zone names]}}; {listing} lists your account's names and ids",
        )
    fix = f"write haven:zones: {{{region}: [{region}a, {region}b]}}"
    if regions.exists(region):
        return Problem(
            f"haven:zones.{region}", "nothing", f"two or three zones of {region}, which Haven does not know", fix
        )
    near = nearest(region, regions.ZONES)
    meant = f"write {near}, or if AWS has" if near else "write another one, or if AWS has"
    return Problem(key, shown(region), "a Region of AWS", f"{meant} {region} by now, {fix}")


_RELAXED = {
    "rtoMinutes": (15, 30, 60, 240, 480, 1440, 2880),
    "rpoMinutes": (1, 5, 15, 60, 240, 1440, 2880),
    "availabilityPercent": (99.99, 99.95, 99.9, 99.5, 99, 95, 90),
}
"""Objective -> values to propose, the strictest first."""


def _relaxed(tier: Tier, objective: str) -> str:
    """The strictest of the proposals that a tier can meet."""
    possible = (each for each in _RELAXED[objective] if not objectives.impossible(tier, {objective: each}))
    return f"{objective}: {next(possible, _RELAXED[objective][-1])}"


@RULES.on("tier", "objectives")
def _objectives(tier: Tier, wanted: models.Objectives) -> Iterable[Problem]:
    asked = wanted.model_dump(by_alias=True, exclude_none=True)
    hopeless = objectives.impossible(tier, asked)
    for objective in dict.fromkeys(each.objective for each in hopeless):
        because = "; ".join(dict.fromkeys(each.because for each in hopeless if each.objective == objective))
        able = [each for each in Tier if not objectives.impossible(each, {objective: asked[objective]})]
        relaxed = _relaxed(tier, objective)
        fix = f"write haven:tier: {able[0]}, or {relaxed}" if able else f"write {relaxed}"
        yield Problem(
            f"haven:objectives.{objective}", f"{asked[objective]:.12g}", f"what tier {tier} can meet: {because}", fix
        )


@RULES.on("cluster", "systems", "regions")
def _gpu_groups(cluster: models.Cluster, systems: Mapping[str, Any], pair: models.Regions) -> Iterable[Problem]:
    names = [group.name for group in cluster.gpu_node_groups]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(
            "haven:cluster.gpuNodeGroups",
            f"two groups named {shown(name)}",
            "different names",
            f"rename one of them, for example to {name}-2",
        )
    for index, group in enumerate(cluster.gpu_node_groups):
        what = f"haven:cluster.gpuNodeGroups[{index}]"
        if group.system is not None and group.system not in systems:
            yield Problem(
                f"{what}.system",
                shown(group.system),
                choices(systems) or "a system of haven:systems",
                f"add {group.system} to haven:systems, or delete system",
            )
        yield from _sizes(what, group)
        if len(set(group.instance_types)) < 2 and not group.capacity_reservations:
            yield Problem(
                f"{what}.instanceTypes",
                shown(group.instance_types),
                "two types or more, so that one shortage fails nothing",
                "add a type of the same GPU memory, or name a capacity reservation",
            )
        for region in sorted(group.capacity_reservations.keys() - {pair.primary, pair.recovery}):
            yield Problem(
                f"{what}.capacityReservations",
                shown(region),
                choices((pair.primary, pair.recovery)),
                f"write {pair.primary} or {pair.recovery}",
            )


@RULES.on("cluster")
def _system_nodes(cluster: models.Cluster) -> Iterable[Problem]:
    yield from _sizes("haven:cluster.systemNodes", cluster.system_nodes)
    if cluster.system_nodes.min_size < 1:
        yield Problem(
            "haven:cluster.systemNodes.minSize",
            "0",
            "at least 1: the cluster's own services run there",
            "write minSize: 1",
        )


def _sizes(what: str, group: node_models.SystemNodes | node_models.GpuNodeGroup) -> Iterable[Problem]:
    if not group.min_size <= group.desired_size <= group.max_size:
        order = sorted((group.min_size, group.desired_size, group.max_size))
        yield Problem(
            what,
            f"minSize {group.min_size}, desiredSize {group.desired_size}, maxSize {group.max_size}",
            "minSize at most desiredSize, desiredSize at most maxSize",
            f"write minSize: {order[0]}, desiredSize: {order[1]}, maxSize: {order[2]}",
        )


@RULES.on("domain", "hostedZoneId")
def _hosted_zone(domain: str | None, zone: str | None) -> Iterable[Problem]:
    if zone is not None and domain is None:
        yield Problem(
            "haven:domain",
            "nothing",
            "the domain of the hosted zone",
            f"add haven:domain, or delete haven:hostedZoneId: {zone}",
        )


@RULES.on("tags")
def _tags(tags: Mapping[str, str]) -> Iterable[Problem]:
    if len(tags) > _MOST_TAGS:
        yield Problem(
            "haven:tags", f"{len(tags)} tags", f"at most {_MOST_TAGS}", f"delete {len(tags) - _MOST_TAGS} of them"
        )
    for key, value in tags.items():
        yield from _characters(key, value)
        if key.lower().startswith("aws:") or not 1 <= len(key) <= 128:
            yield Problem(
                f"haven:tags.{key}",
                shown(key),
                "1 to 128 characters, not starting with aws:",
                f"rename it, for example to {key[4:128] if key.lower().startswith('aws:') else key[:128] or 'owner'}",
            )
        if len(value) > 256:
            yield Problem(
                f"haven:tags.{key}",
                f"{len(value)} characters",
                "at most 256 characters",
                f"shorten the value by {len(value) - 256}",
            )


def _characters(key: str, value: str) -> Iterable[Problem]:
    """IAM, CloudWatch Logs and load balancers refuse other characters, so the first deployment would fail."""
    for got, fix in ((key, f"rename it to {_tag_text(key)}"), (value, f"write {key}: {_tag_text(value)}")):
        if got not in (_tag_text(got), SECURE_PLACEHOLDER):
            allowed = "letters, digits, spaces and _ . : / = + - @ in a tag's key and value"
            yield Problem(f"haven:tags.{key}", shown(got), allowed, fix)


def _tag_text(text: str) -> str:
    """A tag's key or value with a hyphen for each character that AWS refuses in one."""
    kept = (each if category(each)[0] in "LZN" or each in "_.:/=+-@" else "-" for each in text)
    return "".join(kept)


@RULES.on("tier", "database", "regions")
def _restore(tier: Tier, database: models.Database, pair: models.Regions) -> Iterable[Problem]:
    snapshot = database.restore_snapshot
    if snapshot is None:
        return
    if tier is not Tier.BACKUP:
        yield Problem(
            "haven:database.restoreSnapshot",
            shown(snapshot),
            "nothing, in every tier but backup: a replica is promoted there",
            "delete restoreSnapshot",
        )
    elif f":{pair.recovery}:" not in snapshot:
        yield Problem(
            "haven:database.restoreSnapshot",
            shown(snapshot),
            f"a snapshot in {pair.recovery}",
            f"copy the snapshot to {pair.recovery} and write the copy's ARN",
        )


@RULES.on("database", "regions")
def _home_snapshot(database: models.Database, pair: models.Regions) -> Iterable[Problem]:
    snapshot = database.home_snapshot
    if snapshot is not None and f":{pair.primary}:" not in snapshot:
        yield Problem(
            "haven:database.homeSnapshot",
            shown(snapshot),
            f"a snapshot in {pair.primary}",
            f"write homeSnapshot: the ARN of a copy in {pair.primary}",
        )
