"""Plans of AWS Backup: what they take, how long it is kept, where its copy goes, and whether it was ever restored."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import entries, in_words, is_unknown, less, maps_at, number, value_at

LEAST_DAYS = 7
"""A week, as for the databases' own backups. An assumption."""
COLD_DAYS = 90
"""What moved to cold storage stays there at least (AWS Backup Developer Guide, Lifecycle; read 2026-11-21)."""
_VAULTS = (aws.BACKUP_VAULT, aws.BACKUP_LOGICALLY_AIR_GAPPED_VAULT)
_ARN = re.compile(r"arn:[^:]*:backup:(?P<region>[^:@]+):")


@dataclass(frozen=True)
class _Kept:
    """How long a plan keeps something, and where."""

    plan: Resource
    path: str
    """Of the rule, or of its copy."""
    lifecycle: Any
    vault: str
    """The property that names the vault."""

    @property
    def days(self) -> float | None:
        """None for what is kept for ever, and for what is known only later."""
        found = number(value_at(self.lifecycle, "deleteAfter"))
        return None if found is None or found < 1 else found


def _kept(plan: Resource) -> Iterator[_Kept]:
    """What a plan's rules and their copies keep; a copy without a lifecycle is kept like its backup."""
    for path, rule in maps_at(plan.inputs, "rules"):
        own = value_at(rule, "lifecycle")
        yield _Kept(plan, path, own, f"{path}.targetVaultName")
        for inner, copy in maps_at(rule, "copyActions"):
            place = f"{path}.{inner}"
            yield _Kept(plan, place, value_at(copy, "lifecycle") or own, f"{place}.destinationVaultArn")


@stack_rule(
    description="Backups are kept for a week at least, and not for ever.",
    remediation="Set lifecycle.deleteAfter; with cold storage, 90 days more than coldStorageAfter.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html",
    severity=Severity.HIGH,
)
def backup_retention(graph: ResourceGraph) -> Iterator[Finding]:
    """A rule may keep backups for less where another one of the plan keeps some for a week."""
    for plan in graph.of(aws.BACKUP_PLAN):
        kept = list(_kept(plan))
        for each in kept:
            yield from _lifecycle(each)
        days = [each.days for each in kept if each.days is not None]
        if len(days) == len(kept) > 0 and max(days) < LEAST_DAYS:
            allowed = f"at least {LEAST_DAYS} days for one rule of the plan"
            yield against(plan, "rules[0].lifecycle.deleteAfter", allowed, "raise it, or add a rule that keeps longer")


def _lifecycle(kept: _Kept) -> Iterator[Finding]:
    given = value_at(kept.lifecycle, "deleteAfter")
    if less(given, 1):
        yield Finding(kept.plan, f"{kept.path}.lifecycle.deleteAfter", in_words(given), "a number of days", "set it")
    cold = number(value_at(kept.lifecycle, "coldStorageAfter"))
    if cold is not None and cold > 0 and kept.days is not None and kept.days < cold + COLD_DAYS:
        allowed = f"at least {cold + COLD_DAYS:.0f}: {COLD_DAYS} days of cold storage after {cold:.0f}"
        got = f"{kept.days:.0f}"
        yield Finding(kept.plan, f"{kept.path}.lifecycle.deleteAfter", got, allowed, "keep longer, or move nothing")


@stack_rule(
    description="Every backup is copied into another Region.",
    remediation="Add a copyAction whose vault is in the other Region.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
    severity=Severity.CRITICAL,
)
def backup_copied_elsewhere(graph: ResourceGraph) -> Iterator[Finding]:
    """A backup in the Region that is lost is lost with it, or out of reach."""
    for plan in graph.of(aws.BACKUP_PLAN):
        for path, rule in maps_at(plan.inputs, "rules"):
            copies = [copy.get("destinationVaultArn") for _, copy in maps_at(rule, "copyActions")]
            if not any(map(is_unknown, entries(rule.get("copyActions")))) and not any(
                _leaves(plan, each, graph) for each in copies
            ):
                got = "copies within the Region only" if copies else "no copy"
                allowed = f"a copy in a vault outside {plan.region or 'its Region'}"
                yield Finding(plan, f"{path}.copyActions", got, allowed, "name the other Region's vault")


def _leaves(plan: Resource, arn: Any, graph: ResourceGraph) -> bool:
    """Whether a vault is in another Region; an unknown one may be."""
    regions = {each.region for each in graph.referred(arn) if each.type in _VAULTS}
    regions |= {found["region"] for text in entries(arn) if isinstance(text, str) and (found := _ARN.match(text))}
    return bool(regions - {plan.region}) if regions else is_unknown(arn)


@stack_rule(
    description="A backup plan selects something.",
    remediation="Add a selection with resources or tags.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
    severity=Severity.CRITICAL,
)
def backup_selects_something(graph: ResourceGraph) -> Iterator[Finding]:
    """A plan without a selection runs on time, and backs nothing up."""
    for plan in graph.of(aws.BACKUP_PLAN):
        if not any(graph.may_name(each, "planId", plan) for each in graph.of(aws.BACKUP_SELECTION)):
            yield Finding(plan, "", "no selection", "at least one selection", "add one, by ARNs or by tags")
    for selection in graph.of(aws.BACKUP_SELECTION):
        if not any(entries(selection.inputs.get(name)) for name in ("resources", "selectionTags")):
            yield against(
                selection, "resources", "ARNs or patterns of them, or selectionTags", "name what is backed up"
            )


@stack_rule(
    description="Backups can't be deleted before their time.",
    remediation="Add a lock with minRetentionDays to each vault.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
    severity=Severity.HIGH,
)
def backup_vault_locked(graph: ResourceGraph) -> Iterator[Finding]:
    """Who takes an account over deletes the backups first. Throw-away environments are meant to go."""
    if graph.facts.ephemeral:
        return
    locks = _locks(graph)
    for vault in graph.of(aws.BACKUP_VAULT):
        lock = locks.get(vault.urn)
        if lock is None:
            yield Finding(vault, "", "no lock", "a VaultLockConfiguration", "add one with minRetentionDays")
        elif less(lock.inputs.get("minRetentionDays"), 1):
            yield against(lock, "minRetentionDays", "at least 1", "set it: without it the lock holds nothing")


def _locks(graph: ResourceGraph) -> Mapping[str, Resource]:
    """The lock of each vault, by the vault's URN."""
    return {
        vault.urn: lock
        for lock in graph.of(aws.BACKUP_VAULT_LOCK_CONFIGURATION)
        for vault in graph.linked(lock, "backupVaultName", *_VAULTS)
    }


@stack_rule(
    description="What a plan keeps fits the lock of the vault that it is kept in.",
    remediation="Choose a retention between the lock's minRetentionDays and maxRetentionDays.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
    severity=Severity.HIGH,
)
def backup_retention_fits_lock(graph: ResourceGraph) -> Iterator[Finding]:
    """A job whose retention lies outside fails, every time."""
    locks = _locks(graph)
    for each in (kept for plan in graph.of(aws.BACKUP_PLAN) for kept in _kept(plan)):
        vaults = graph.linked(each.plan, each.vault, *_VAULTS)
        lock = locks.get(vaults[0].urn) if len(vaults) == 1 else None
        if lock is None or each.days is None:
            continue
        least, most = (number(lock.inputs.get(name)) for name in ("minRetentionDays", "maxRetentionDays"))
        if each.days < (least or 0) or (most is not None and each.days > most):
            allowed = _between(least, most) + f", as the lock of {vaults[0].name} allows"
            got, fix = f"{each.days:.0f}", "change it, or the lock while it can be changed"
            yield Finding(each.plan, f"{each.path}.lifecycle.deleteAfter", got, allowed, fix)


def _between(least: float | None, most: float | None) -> str:
    words: Sequence[str] = [
        *([f"at least {least:.0f}"] if least is not None else []),
        *([f"at most {most:.0f}"] if most is not None else []),
    ]
    return " and ".join(words) + " days"


@stack_rule(
    description="Where something is backed up, restoring it is tested.",
    remediation="Add a restore testing plan with a selection.",
    page="https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html",
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def restores_tested(graph: ResourceGraph) -> Iterator[Finding]:
    """A backup that was never restored may not be restorable."""
    plans, tests = graph.of(aws.BACKUP_PLAN), graph.of(aws.BACKUP_RESTORE_TESTING_PLAN)
    if plans and not tests:
        fix = "add a RestoreTestingPlan in the Region of the copies"
        yield Finding(plans[0], "", "no restore testing plan", "restores that are tried regularly", fix)
    tested = {
        plan.urn
        for each in graph.of(aws.BACKUP_RESTORE_TESTING_SELECTION)
        for plan in graph.linked(each, "restoreTestingPlanName", aws.BACKUP_RESTORE_TESTING_PLAN)
    }
    for test in tests:
        if test.urn not in tested:
            yield Finding(test, "", "no selection", "at least one RestoreTestingSelection", "add one for each kind")
