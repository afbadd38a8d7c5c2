"""Room for full scale in the Region that would become the writing one: quotas, offered types, reservations."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from haven.model.catalog import Catalog, Quota
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest, Reservation
from haven.runbooks.observation import Answer, first
from haven.runbooks.preflight import quotas
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.quota_usage import Others, Own, Use
from haven.runbooks.preflight.quotas import Demand
from haven.runbooks.preflight.view import REWRITE, Key, Question, Questions, View, asking

_USE, _OFFERED, _RESERVATION, _QUOTA = "use of quotas", "offerings", "reservation", "quota"
_EXECUTIONS = "executions of functions"


def questions(manifest: RecoveryManifest, client: Client, catalog: Catalog) -> Questions:
    """Both Regions: which one would become the writing one is not known yet."""
    found: dict[Key, Question] = {}
    for region in manifest.both:
        wanted = demand(manifest, region, catalog)
        needed = _needed(wanted, catalog)
        for quota in needed:
            found[f"{_QUOTA} {quota.code}", region] = asking(client, "service-quotas", region, quotas.value, quota)
        if needed:
            found[_USE, region] = asking(client, "ec2", region, _uses, _own(manifest), catalog, needed)
        types = quotas.types(wanted)
        if types and manifest.sides[region].zones:
            found[_OFFERED, region] = asking(client, "ec2", region, quotas.offered, types)
        if _has_heartbeats(manifest):
            found[_EXECUTIONS, region] = asking(client, "lambda", region, quotas.executions, ())
        for name, reservation in _reservations(manifest, region).items():
            found[f"{_RESERVATION} {name}", region] = asking(client, "ec2", region, _reserved, reservation.id)
    return found


def demand(manifest: RecoveryManifest, region: str, catalog: Catalog) -> Demand:
    """What a Region needs at full scale; its VPC exists already, or is made by the failover of tier backup."""
    side = manifest.sides[region]
    groups = {name: (each.types, each.full[1]) for name, each in side.cluster.node_groups.items() if each.types}
    return Demand.of(groups, catalog, addresses=side.addresses, vpcs=1 if side.addresses else 0)


def _needed(wanted: Demand, catalog: Catalog) -> Mapping[Quota, int]:
    found = {quota: wanted.of_quota(quota) for quota in catalog.quotas()}
    return {quota: each for quota, each in found.items() if each}


def _own(manifest: RecoveryManifest) -> Own:
    reservations = [each.id for region in manifest.both for each in _reservations(manifest, region).values()]
    clusters = [side.cluster.name for side in manifest.sides.values()]
    return Own(manifest.environment, manifest.account or "", frozenset(clusters), frozenset(reservations))


def _reservations(manifest: RecoveryManifest, region: str) -> Mapping[str, Reservation]:
    groups = manifest.sides[region].cluster.node_groups
    return {name: each.reservation for name, each in groups.items() if each.reservation is not None}


def _uses(ec2: Any, own: Own, catalog: Catalog, needed: Mapping[Quota, int]) -> Mapping[str, Use]:
    others = Others(own, catalog, lambda _, question: question(ec2))
    return {quota.code: others.use(quota) for quota in needed}


def _reserved(ec2: Any, name: str) -> Any:
    found = ec2.describe_capacity_reservations(CapacityReservationIds=[name])
    return first(found["CapacityReservations"])


def _has_heartbeats(manifest: RecoveryManifest) -> bool:
    return manifest.operations is not None and bool(manifest.operations.heartbeats.functions)


def _executions(view: View) -> Iterator[Check]:
    """A warning: the heartbeats' functions are deployed, with their reservation, and a failover deploys none."""
    if not _has_heartbeats(view.manifest):
        return
    answer = view.answers[_EXECUTIONS, view.to]
    if answer.value is not None:
        yield answer.value.judge(0, view.to)
    else:
        allow = "allow lambda:GetAccountSettings"
        yield quotas.executions_check(Status.UNKNOWN, answer.unknown or "no answer", 0, view.to, allow)


def checks(view: View, catalog: Catalog) -> Iterator[Check]:
    """A line for each quota, node group and reservation."""
    yield from _executions(view)
    wanted = demand(view.manifest, view.to, catalog)
    if not wanted.groups and view.side.cluster.node_groups:
        line = view.line("instance types of node groups", view.to, "named by the manifest", REWRITE)
        yield line.unknown("the manifest doesn't have them: it was written by an older program")
        return
    for each in (*_quotas(view, wanted, catalog), *_offerings(view, wanted)):
        yield replace(each, blocks=each.status is not Status.OK)
    for name, reservation in _reservations(view.manifest, view.to).items():
        yield _reservation(view, name, reservation)


def _quotas(view: View, wanted: Demand, catalog: Catalog) -> Iterator[Check]:
    for quota, needed in _needed(wanted, catalog).items():
        compared = quotas.Comparison(quota, needed, view.to)
        value, use = view.answers[f"{_QUOTA} {quota.code}", view.to], view.answers[_USE, view.to]
        if value.value is None:
            yield compared.without_value(value.unknown or "no such quota")
        elif value.value < needed:
            yield compared.too_small(value.value)
        elif use.value is None:
            yield compared.without_use(value.value, use.unknown)
        else:
            yield compared.judge(value.value, use.value[quota.code])
    yield from quotas.uncounted(wanted, catalog.quotas(), view.to)


def _offerings(view: View, wanted: Demand) -> Iterator[Check]:
    answer = view.answers.get((_OFFERED, view.to))
    if answer is None:
        return
    if answer.value is None:
        yield quotas.unknown_offerings(wanted, view.to, answer.unknown)
    else:
        yield from quotas.offerings(wanted, view.to, view.side.zones, answer.value)


def _reservation(view: View, name: str, reservation: Reservation) -> Check:
    wanted = view.side.cluster.node_groups[name].full[1]
    answer: Answer = view.answers[f"{_RESERVATION} {name}", view.to]
    line = view.line(
        f"reservation {reservation.id} of {name}",
        view.to,
        f"active, for {wanted} instances",
        "reserve as many, or leave haven:cluster.gpuNodeGroups.capacityReservations out for on-demand nodes",
    )
    if not answer.known:
        return line.unknown(answer.unknown, "allow ec2:DescribeCapacityReservations")
    if answer.value is None:
        return line.problem("no such reservation")
    end = answer.value.get("EndDate")
    state, total = answer.value["State"], answer.value["TotalInstanceCount"]
    ended = end is not None and end <= view.now
    got = f"{state}, for {total} instances{f', until {end:%Y-%m-%d}' if end is not None else ''}"
    return line.judge(got, fine=state == "active" and total >= wanted and not ended)
