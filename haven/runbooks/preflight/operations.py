"""What a failover goes by: the recovery manifest, the lease, the heartbeats that arrived."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from haven.base import strict_json
from haven.base.problems import Problems
from haven.runbooks import manifest_parameters as manifests
from haven.runbooks.clients import Client
from haven.runbooks.failover import guard, loss
from haven.runbooks.failover.assembly import operations
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import REWRITE, Key, Question, Questions, View, asking
from haven.runbooks.status.heartbeats import pages
from haven.runbooks.workflow.lease import ENTRY, HELD, ID, Seen, lease_in
from haven.runbooks.workflow.table import plain
from haven.runbooks.workflow.threads import MachineClock

_COPY, _LEASE, _HEARTBEATS = "manifest", "lease", "heartbeats"
_DEPLOY = "deploy the environment with this version of haven: pulumi up"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Both Regions' copies of the manifest and heartbeats; every table of the lease."""
    name = manifests.parameter(manifest.environment)
    found: dict[Key, Question] = {
        (_COPY, region): asking(client, "ssm", region, manifests.stored, name) for region in manifest.both
    }
    tables = manifest.operations.tables if manifest.operations is not None else {}
    found |= {(_LEASE, region): asking(client, "dynamodb", region, _lease, table) for region, table in tables.items()}
    both = {region: table for region, table in tables.items() if region in manifest.both}
    return found | {
        (_HEARTBEATS, region): asking(client, "dynamodb", region, _heartbeats, each) for region, each in both.items()
    }


def _lease(dynamodb: Any, table: str) -> Seen:
    key = {"id": {"S": ID}, "entry": {"S": ENTRY}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return lease_in(plain(item) if item else None)


def _heartbeats(dynamodb: Any, table: str) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """Every heartbeat there, and the last answer."""
    found = pages(dynamodb, table)
    return [plain(each) for page in found for each in page["Items"]], found[-1]


def checks(view: View) -> Iterator[Check]:
    """Manifest, lease, and a line for each store."""
    yield from _copies(view)
    yield _runbooks(view)
    if view.manifest.operations is None:
        return
    yield _lease_check(view)
    if not view.restores:
        yield from _stores(view)


def _copies(view: View) -> Iterator[Check]:
    answers = view.both(_COPY)
    name = f"parameter {manifests.parameter(view.manifest.environment)}"
    for region, answer in answers.items():
        line = view.line(name, region, "the recovery manifest", REWRITE)
        if not answer.known:
            yield line.unknown(answer.unknown, "allow ssm:GetParameter")
        else:
            yield line.judge("there" if answer.value else "no such parameter", fine=bool(answer.value))
    here, there = (_document(each) for each in answers.values())
    line = view.line("manifests of both Regions", "", "the same document in both", REWRITE)
    if here is not None and there is not None:
        different = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
        got = f"they differ in {', '.join(different)}" if different else "equal"
        yield line.judge(got, fine=not different)


def _runbooks(view: View) -> Check:
    """What `haven failover` refuses to begin without."""
    line = view.line("operations tables", "", "what haven failover needs of itself", _DEPLOY)
    if view.manifest.sides[view.old].database.global_cluster:
        got = f"tier backup restores into {view.old} only"
        return line.problem(got, "bring the data home as docs/restore.md describes (Home)")
    try:
        tables = operations(view.manifest, view.to).tables
    except Problems as error:
        return line.problem(f"in {error.problems[0].got}", error.problems[0].fix)
    return line.ok(f"in {', '.join(sorted(tables))}")


def _document(answer: Answer) -> Mapping[str, Any] | None:
    """What a Region's parameter holds; what is no JSON is compared as text."""
    if not answer.value:
        return None
    try:
        found = strict_json.parse(str(answer.value))
    except ValueError:
        return {"its text": answer.value}
    return found if isinstance(found, dict) else {"its text": answer.value}


def _lease_check(view: View) -> Check:
    assert view.manifest.operations is not None  # noqa: S101  the caller has looked
    regions = list(view.manifest.operations.tables)
    answers = {region: view.answers[_LEASE, region] for region in regions}
    majority = len(regions) // 2 + 1
    line = view.line(
        "lease",
        "",
        f"free in {majority} of its {len(regions)} tables ({', '.join(regions)})",
        "ask its holder; where nobody renews it any more, haven failover takes it over after a minute",
    )
    # A table that doesn't exist is no answer: nobody can win a lease there.
    read = {region: each.value for region, each in answers.items() if each.value is not None}
    held = [each for each in read.values() if each.state == HELD]
    if held:
        newest = max(held, key=lambda each: each.token)
        return line.problem(f"{newest.who} has it (token {newest.token})")
    silent = "; ".join(
        f"{region}: {each.unknown or 'no such table'}" for region, each in answers.items() if region not in read
    )
    if len(read) < majority:
        fix = f"allow dynamodb:GetItem, or {_DEPLOY}; without a majority nobody wins the lease"
        return line.unknown(f"only {len(read)} of {len(regions)} tables were read: {silent}", fix)
    return line.ok(f"free in {len(read)} of {len(regions)} tables{f'; {silent}' if silent else ''}")


def _stores(view: View) -> Iterator[Check]:
    answer = view.answers.get((_HEARTBEATS, view.to), Answer())
    site = Site(view.manifest, view.to, MachineClock())
    fix = (
        f"read the log of the heartbeat functions, and haven status {view.manifest.named}; haven failover refuses"
        " without --accept-loss"
    )
    if answer.value is None:
        line = view.line("heartbeats", view.to, "one of each store", f"allow dynamodb:Query, or {_DEPLOY}")
        yield line.unknown(answer.unknown or "no such operations table")
        return
    items, last = answer.value
    judgements = judge(site, items, site.time_ms(last))
    headless = view.side.database.standby == 0
    for each in judgements:
        line = view.line(f"heartbeat of {each.store}", view.to, _wanted(view, site.within_ms(each.store)), fix)
        if headless and each.store == loss.DATABASE and not each.allowed:
            yield line.ok("a headless member: it is read once it has an instance, before it is promoted")
        else:
            yield line.judge(each.describe(), fine=each.allowed)


def judge(site: Site, items: list[Mapping[str, Any]], now_ms: float) -> list[guard.Judgement]:
    """What a failover now would make of the heartbeats.

    Args:
        site: from where to where.
        items: as the operations table has them.
        now_ms: AWS's time.
    """
    return guard.judge_all(
        site.heartbeats(),
        loss.arrived(site, items),
        until_ms=now_ms + loss.ALLOWANCE_SECONDS * 1000,
        objective_ms=site.objective_ms,
        planned_ms=now_ms,
    )


def _wanted(view: View, within_ms: float) -> str:
    newest = "there" if math.isinf(within_ms) else f"at most {within_ms / 1000:g} s old"
    minutes = view.manifest.objectives.rpo_minutes
    return newest if minutes is None else f"{newest}, and no more than {minutes:g} min to be lost (haven:objectives)"
