"""Which of the changes that an engine would make are dangerous, and why: one judgement for every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven.base.problems import shown
from haven.gate.changes import STASH, UNKNOWN, Action, Change, Document, Engine, changed_at
from haven.gate.safeguards import ANY, DETACHMENTS, GUARDS, HOLDING, LINKS, PROTECTIONS, Tie, at
from haven.program.diff import ABSENT, differences, without_secrets
from haven.program.removal_steps import unprotect
from haven.program.stateful_types import Stateful, stateful


class Rule(StrEnum):
    """What is dangerous about a change."""

    REPLACEMENT = "replacement"
    """Something that holds data, or is protected, is made anew."""
    DELETION = "deletion"
    """It is deleted, or forgotten."""
    DETACHMENT = "detachment"
    """A copy loses its origin, or the other way round."""
    PROTECTION = "protection"
    """What guards it is taken off."""
    REGIONS = "regions"
    """It moves to another Region or zone."""
    FLIP = "flip"
    """A change of the active Region does more than add and enlarge there."""


@dataclass(frozen=True)
class Danger:
    """One thing that must not happen unless it is meant."""

    rule: Rule
    identity: str
    name: str
    region: str | None
    what: str
    """What would happen to it."""
    why: str
    """What is lost by that."""
    fix: str
    """The way out."""


_MOVING, _PROMOTION = "docs/moving-tiers.md", "docs/promotion.md"
_BACK = "put back what is declared"
_SUBNET = "aws:ec2/subnet:Subnet"
_NETWORK = "aws:ec2/vpc:Vpc"
_PLAN = "aws:backup/plan:Plan"


def dangers(document: Document) -> list[Danger]:
    """Everything dangerous in a document but for what a flip of the active Region must not do, in its order."""
    return [danger for change in document.changes for danger in _Judge(document, change).dangers()]


def made(rule: Rule, change: Change, what: str, why: str, fix: str) -> Danger:
    """A danger of one change."""
    return Danger(rule, change.identity, change.name, change.region, what, why, fix)


@dataclass(frozen=True)
class _Judge:
    """Judges one change, with the others in sight."""

    document: Document
    change: Change

    def dangers(self) -> Iterator[Danger]:
        gone = [*self._replacement(), *self._deletion()]
        yield from gone
        if not gone:
            yield from self._attachment()
            yield from self._ties()
            yield from self._unheld()
        yield from self._regions()

    @property
    def _kind(self) -> Stateful | None:
        return stateful(self.change.type)

    @property
    def _precious(self) -> str:
        """Why this isn't to be lost; empty: it may be."""
        if self._kind:
            return f"lost with it: {self._kind.holds}"
        if self.change.protected:
            return "it is protected"
        return "it is to be kept whatever becomes of the stack (retainOnDelete)" if self.change.retained else ""

    def _replacement(self) -> Iterator[Danger]:
        if Action.REPLACE not in self.change.actions or not self._precious:
            return
        paths = self.change.replacing or self.change.changed
        because = f", for it can't change {', '.join(paths)} in place" if paths else ""
        old = "the old one stays in the cloud, unmanaged" if self.change.retained else "the old one is deleted"
        yield made(
            Rule.REPLACEMENT,
            self.change,
            f"is made anew{because}; {old}",
            self._precious,
            f"{_BACK}; if it is meant, make the new one beside it, move what the old one holds, then let go of the old"
            f" one by name ({_MOVING}, Down)",
        )

    def _deletion(self) -> Iterator[Danger]:
        if not self.change.gone or not self._precious:
            return
        forgotten = Action.DELETE not in self.change.actions
        what = "is forgotten: it stands on in the cloud, unmanaged, and costs" if forgotten else "is deleted"
        yield made(Rule.DELETION, self.change, what, self._precious, self._keep())

    def _keep(self) -> str:
        """How to keep what would go, or to let it go properly."""
        renamed = any(
            Action.CREATE in each.actions and each.type == self.change.type and each.region == self.change.region
            for each in self.document.changes
        )
        ways = [f"{_BACK}; if it is meant, save what it holds and go by {_MOVING}, Down"]
        if renamed:
            alias = "an alias" if self.document.engine is Engine.PULUMI else "a moved block"
            ways.append(f"if it was only renamed in the program, give the new one {alias}")
        if self.change.protected and self.document.engine is Engine.PULUMI:
            ways.append(unprotect(self.change.identity))
        return "; ".join(ways)

    def _attachment(self) -> Iterator[Danger]:
        if not self.change.gone or self._goes_with_its_owner():
            return
        for rule, table in ((Rule.DETACHMENT, LINKS), (Rule.PROTECTION, GUARDS)):
            for each in table:
                if each.type == self.change.type:
                    yield made(rule, self.change, f"is deleted: {each.what}", each.why, _BACK)

    def _goes_with_its_owner(self) -> bool:
        """Whether what this belongs to goes too, and is told of itself."""
        owners = {
            name
            for each in self.document.changes
            if each.gone and each is not self.change and _owns(each.type)
            for name in (each.id, each.before.get("bucket"), each.before.get("name"))
            if isinstance(name, str) and name
        }
        return any(isinstance(value, str) and value in owners for value in self.change.before.values())

    def _ties(self) -> Iterator[Danger]:
        if not self.change.actions & {Action.UPDATE, Action.REPLACE}:
            return
        for rule, table in ((Rule.DETACHMENT, DETACHMENTS), (Rule.PROTECTION, PROTECTIONS)):
            for tie in table:
                if self._is_about(tie) and self._loses(tie):
                    yield made(rule, self.change, self._told(tie), tie.why, self._mend(rule))

    def _is_about(self, tie: Tie) -> bool:
        return tie.type in (self.change.type, ANY) or (tie.type == HOLDING and self._kind is not None)

    def _loses(self, tie: Tie) -> bool:
        top = [each.partition(".")[0].partition("[")[0] for each in self.change.changed]
        names = tie.path.partition(".")[0].split("|")
        return bool({*top} & {*names}) and tie.lost(at(self.change.before, tie.path), at(self.change.after, tie.path))

    def _told(self, tie: Tie) -> str:
        before, after = at(self.change.before, tie.path), at(self.change.after, tie.path)
        path = ".".join(each.partition("|")[0] for each in tie.path.split("."))
        return f"{tie.what} ({path}: {_value(before)} -> {_value(after)})"

    def _mend(self, rule: Rule) -> str:
        if rule is Rule.PROTECTION:
            return f"{_BACK}; a guard comes off by itself, in a deployment of its own, once its reason is written down"
        return f"{_BACK}; after a promotion, refresh first ({_PROMOTION}); to take a copy away: {_MOVING}, Down"

    def _unheld(self) -> Iterator[Danger]:
        if self.change.unheld:
            yield made(
                Rule.PROTECTION,
                self.change,
                f"is no longer held by {' and '.join(self.change.unheld)}",
                "once it leaves the program it is deleted"
                + (f", and with it {self._kind.holds}" if self._kind else ""),
                f"{_BACK}; to let go of one thing, do it by name ({_MOVING}, Down)",
            )

    def _regions(self) -> Iterator[Danger]:
        change = self.change
        for what, why in (*self._moves(), *self._zones()):
            fix = (
                f"{_BACK}; for other Regions make a new stack and move the data there; a zone is appended, not changed"
            )
            yield made(Rule.REGIONS, change, what, why, fix)

    def _moves(self) -> Iterator[tuple[str, str]]:
        change = self.change
        if change.moved_to:
            yield f"moves from {change.region} to {change.moved_to}", "it is made anew there, with nothing in it"
        elif change.type.startswith("pulumi:providers:aws") and changed_at("region", change.changed):
            before, after = change.before.get("region", ABSENT), change.after.get("region", ABSENT)
            yield (
                f"works in another Region ({_value(before)} -> {_value(after)})",
                "everything that it has made is made anew there, with nothing in it",
            )
        elif change.type == STASH and Action.CREATE not in change.actions:
            for path, before, after in differences(
                at(change.before, "input.regions"), at(change.after, "input.regions")
            ):
                told = f"the environment's Region changes ({path}: {_value(before)} -> {_value(after)})"
                yield told, "everything that stands there is made anew elsewhere, with nothing in it"

    def _zones(self) -> Iterator[tuple[str, str]]:
        change = self.change
        why = "what stands in it (databases, node groups, endpoints) loses its place"
        if change.type != _SUBNET:
            return
        zone = _value(change.before.get("availabilityZone", ABSENT))
        if change.gone and not self._goes_with_its_owner():
            yield f"is deleted, and its network stays: zone {zone} is given up", why
        elif Action.REPLACE in change.actions:
            yield f"is made anew in zone {_value(change.after.get('availabilityZone', ABSENT))}, not in {zone}", why


def _owns(type_: str) -> bool:
    """Whether other resources hang on one of this kind, and go with it."""
    return type_ in (_NETWORK, _PLAN) or stateful(type_) is not None


def _value(value: Any) -> str:
    """A value in a sentence; no secrets."""
    if value is ABSENT or value is None:
        return "nothing"
    return UNKNOWN if value == UNKNOWN else shown(without_secrets(value))
