"""Findings: the changes in a preview or plan that endanger data or a recovery, judged alike for every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven.base.problems import shown
from haven.gate.changes import STASH, UNKNOWN, Action, ChangeSet, Engine, ResourceChange, changed_at
from haven.gate.safeguards.comparisons import NEW, at, is_on, pairs
from haven.gate.safeguards.guarded import ANY_TYPE, STATEFUL_TYPES, GuardedProperty, Loss, losses
from haven.gate.safeguards.protection import DELETION_PROTECTION, PROTECTION_PROPERTIES, PROTECTION_RESOURCES
from haven.gate.safeguards.replication import REPLICATION_PROPERTIES, REPLICATION_RESOURCES
from haven.gate.unjudged import why_not_judged
from haven.program import aws_types as aws
from haven.program.diff import ABSENT, differences, without_secrets
from haven.program.removal_steps import unprotect
from haven.program.stateful_types import Stateful, stateful


class GateRule(StrEnum):
    """What a finding is about."""

    REPLACEMENT = "replacement"
    """A stateful, protected or retained resource is replaced."""
    DELETION = "deletion"
    """It is deleted, or removed from the state."""
    DETACHMENT = "detachment"
    """A replica loses its source, or a resource loses a replica."""
    PROTECTION = "protection"
    """A safeguard is turned off."""
    REGIONS = "regions"
    """A resource moves to another Region or zone."""
    NOT_JUDGED = "not-judged"
    """A resource is replaced or removed, and the gate can't tell what is lost."""
    FAILOVER = "failover"
    """A failover does more than add and enlarge in the newly active Region."""


@dataclass(frozen=True)
class GateFinding:
    """One dangerous change of one resource."""

    rule: GateRule
    identity: str
    """The resource's URN, or its address in Terraform."""
    name: str
    region: str | None
    what: str
    """What would happen to the resource."""
    why: str
    """What would be lost."""
    fix: str
    """How to avoid it, or how to do it safely on purpose."""


_MOVING, _PROMOTION = "docs/moving-tiers.md", "docs/promotion.md"
_RESTORE = "restore the declaration"


def findings(change_set: ChangeSet) -> list[GateFinding]:
    """Every finding in a change set except those of rule `failover`, in the order of the changes."""
    return [finding for change in change_set.changes for finding in _Judge(change_set, change).findings()]


def finding_on(change: ResourceChange, rule: GateRule, what: str, why: str, fix: str) -> GateFinding:
    """A finding on the resource of one change."""
    return GateFinding(rule, change.identity, change.name, change.region, what, why, fix)


@dataclass(frozen=True)
class _Judge:
    """Judges one change; the rest of the change set shows whether its owner goes too, or it was renamed."""

    change_set: ChangeSet
    change: ResourceChange

    def findings(self) -> Iterator[GateFinding]:
        lost = [*self._replacement(), *self._deletion()] or [*self._unknown_loss()]
        yield from lost
        if not lost:
            yield from self._guarding_resource()
            yield from self._guarded_properties()
            yield from self._removed_options()
        yield from self._regions()

    def _finding(self, rule: GateRule, what: str, why: str, fix: str) -> GateFinding:
        return finding_on(self.change, rule, what, why, fix)

    @property
    def _stateful(self) -> Stateful | None:
        found = stateful(self.change.type)
        return found if found and found.loses(self.change.before) else None

    @property
    def _reason_to_keep(self) -> str:
        """Why the resource must not be lost; empty if it may be."""
        if self._stateful:
            return f"lost with it: {self._stateful.holds}"
        if self.change.protected:
            return "it is protected"
        if any(is_on(value) and _deletion_protection(path) for path, value, _ in pairs(self.change.before, {})):
            return "its deletion protection in AWS is on"
        return "it is to outlive the stack (retainOnDelete)" if self.change.retained else ""

    def _replacement(self) -> Iterator[GateFinding]:
        if Action.REPLACE not in self.change.actions or not self._reason_to_keep:
            return
        paths = self.change.replacing or self.change.changed
        because = f", because {', '.join(paths)} can't change in place" if paths else ""
        old = "the old one stays in the cloud, unmanaged" if self.change.retained else "the old one is deleted"
        fix = (
            f"{_RESTORE}; to replace it on purpose, create the new resource beside it, move the data, then remove the"
            f" old one by name ({_MOVING}, Down)"
        )
        yield self._finding(GateRule.REPLACEMENT, f"is replaced{because}; {old}", self._reason_to_keep, fix)

    def _deletion(self) -> Iterator[GateFinding]:
        if not self.change.removed or not self._reason_to_keep:
            return
        what = "is deleted"
        if Action.DELETE not in self.change.actions:
            what = "is removed from the state: it stays in the cloud, unmanaged, and costs money"
        yield self._finding(GateRule.DELETION, what, self._reason_to_keep, self._ways_to_keep())

    def _unknown_loss(self) -> Iterator[GateFinding]:
        why = why_not_judged(self.change.type)
        if why and (self.change.removed or Action.REPLACE in self.change.actions):
            what = f"is {'replaced' if Action.REPLACE in self.change.actions else 'removed'}; its type is not judged"
            fix = f"{_RESTORE}; if it holds no data, or the data is saved, accept this finding by name"
            yield self._finding(GateRule.NOT_JUDGED, what, why, fix)

    def _ways_to_keep(self) -> str:
        """How to keep a resource that would go, or how to remove it safely."""
        renamed = any(
            Action.CREATE in each.actions and each.type == self.change.type and each.region == self.change.region
            for each in self.change_set.changes
        )
        ways = [f"{_RESTORE}; to remove it on purpose, save its data and follow {_MOVING}, Down"]
        if renamed:
            alias = "an alias" if self.change_set.engine is Engine.PULUMI else "a moved block"
            ways.append(f"if it was only renamed in the program, give the new one {alias}")
        if self.change.protected and self.change_set.engine is Engine.PULUMI:
            ways.append(unprotect(self.change.identity))
        return "; ".join(ways)

    def _guarding_resource(self) -> Iterator[GateFinding]:
        if not self.change.removed or self._goes_with_its_owner():
            return
        for rule, table in ((GateRule.DETACHMENT, REPLICATION_RESOURCES), (GateRule.PROTECTION, PROTECTION_RESOURCES)):
            for each in table:
                if each.type == self.change.type:
                    yield self._finding(rule, f"is deleted: {each.what}", each.why, _RESTORE)

    def _goes_with_its_owner(self) -> bool:
        """Whether the resource that this one belongs to is removed too, and so has a finding of its own."""
        owners = {
            name
            for each in self.change_set.changes
            if each.removed and each is not self.change and _owns(each.type)
            for name in (each.id, each.before.get("bucket"), each.before.get("name"))
            if isinstance(name, str) and name
        }
        return any(isinstance(value, str) and value in owners for value in self.change.before.values())

    def _guarded_properties(self) -> Iterator[GateFinding]:
        if not self.change.actions & {Action.UPDATE, Action.REPLACE}:
            return
        for rule, table in (
            (GateRule.DETACHMENT, REPLICATION_PROPERTIES),
            (GateRule.PROTECTION, PROTECTION_PROPERTIES),
        ):
            for loss in losses(table, self._applies, self.change.before, self.change.after):
                yield self._finding(rule, _lost_value(loss), loss[0].why, _fix_of(rule))

    def _applies(self, guarded: GuardedProperty) -> bool:
        return guarded.type in (self.change.type, ANY_TYPE) or (
            guarded.type == STATEFUL_TYPES and self._stateful is not None
        )

    def _removed_options(self) -> Iterator[GateFinding]:
        if self.change.removed_options:
            lost = f", and with it {self._stateful.holds}" if self._stateful else ""
            yield self._finding(
                GateRule.PROTECTION,
                f"loses {' and '.join(self.change.removed_options)}",
                f"once it leaves the program it is deleted{lost}",
                f"{_RESTORE}; to remove one resource on purpose, do it by name ({_MOVING}, Down)",
            )

    def _regions(self) -> Iterator[GateFinding]:
        fix = f"{_RESTORE}; for other Regions create a new stack and move the data there; zones are only appended"
        for what, why in (*self._moves(), *self._zones()):
            yield self._finding(GateRule.REGIONS, what, why, fix)

    def _moves(self) -> Iterator[tuple[str, str]]:
        change = self.change
        if change.moved_to:
            yield f"moves from {change.region} to {change.moved_to}", "it is created there again, empty"
        elif change.lost_track and self._stateful:
            what = f"is no longer found{f' in {change.region}' if change.region else ''} and is created again, empty"
            yield what, "the provider may look for it in another Region; the plan doesn't contain which"
        elif change.type.startswith("pulumi:providers:aws") and changed_at("region", change.changed):
            before, after = change.before.get("region", ABSENT), change.after.get("region", ABSENT)
            yield (
                f"changes its Region ({_value(before)} -> {_value(after)})",
                "every resource of this provider is created there again, empty",
            )
        elif change.type == STASH and Action.CREATE not in change.actions:
            old, new = at(change.before, "input.regions"), at(change.after, "input.regions")
            for path, before, after in differences(old, new):
                what = f"the environment's Region changes ({path}: {_value(before)} -> {_value(after)})"
                yield what, "every resource of that Region is created elsewhere again, empty"

    def _zones(self) -> Iterator[tuple[str, str]]:
        change = self.change
        why = "databases, node groups and endpoints in it lose their subnet"
        if change.type != aws.EC2_SUBNET:
            return
        zone = _value(change.before.get("availabilityZone", ABSENT))
        if change.removed and not self._goes_with_its_owner():
            yield f"is deleted while its network stays: the network leaves zone {zone}", why
        elif Action.REPLACE in change.actions:
            yield f"is replaced in zone {_value(change.after.get('availabilityZone', ABSENT))}, not in {zone}", why


def _lost_value(loss: Loss) -> str:
    guarded, path, before, after = loss
    return f"{guarded.what} ({path}: {_value(before)} -> {_value(after)})"


def _fix_of(rule: GateRule) -> str:
    if rule is GateRule.PROTECTION:
        return f"{_RESTORE}; remove a safeguard in a deployment of its own, with a written reason"
    return f"{_RESTORE}; after a promotion, refresh first ({_PROMOTION}); to remove a copy: {_MOVING}, Down"


def _deletion_protection(path: str) -> bool:
    return any(each.matches(path) for each in DELETION_PROTECTION)


def _owns(type_: str) -> bool:
    """Whether resources that belong to one of this type are removed together with it."""
    return type_ in (aws.EC2_VPC, aws.BACKUP_PLAN) or stateful(type_) is not None


def _value(value: Any) -> str:
    """A value in a message, without secrets."""
    if value is ABSENT or value is NEW or value is None:
        return "nothing"
    return UNKNOWN if value == UNKNOWN else shown(without_secrets(value))
