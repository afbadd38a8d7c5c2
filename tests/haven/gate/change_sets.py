"""Documents of both engines, made by hand: what the gate is tried on, besides what an engine has really written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from haven.gate import preview_reader, verdict
from haven.gate.changes import ChangeSet
from haven.gate.findings import GateRule
from haven.program.stateful_types import OTHERS, STATEFUL

HERE, THERE = "eu-west-1", "eu-central-1"
WHERE = "made by hand"
PROVIDER = "urn:pulumi:test::haven::pulumi:providers:aws::aws-{}::0d2c"

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """One resource and what becomes of it, to be written as either engine writes it."""

    type: str
    operation: str
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    region: str = HERE
    name: str = "it"
    id: str = "its-id"
    protect: bool = False
    retain: bool = False
    unprotect: bool = False

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::haven::haven:index:Part${self.type}::{self.name}"

    @property
    def address(self) -> str:
        return f"{self.terraform}.{self.name}"

    @property
    def terraform(self) -> str:
        """Its type in Terraform."""
        names = {type_: name for name, type_ in OTHERS.items() if name != "aws_alb"}
        return (names | {each.type: each.terraform for each in STATEFUL}).get(self.type, self.type)

    def state(self, inputs: Values, *, protect: bool) -> dict[str, Any]:
        """As Pulumi's state has it."""
        return {
            "urn": self.urn,
            "custom": True,
            "id": self.id,
            "type": self.type,
            "inputs": dict(inputs),
            "outputs": {},
            "provider": PROVIDER.format(self.region),
            "protect": protect,
            "retainOnDelete": self.retain,
        }

    def step(self, old: str = "oldState", new: str = "newState") -> dict[str, Any]:
        """One step of Pulumi's."""
        step: dict[str, Any] = {"op": self.operation, "urn": self.urn, "detailedDiff": None}
        if self.operation != "create":
            step[old] = self.state(self.before, protect=self.protect)
        if self.operation not in ("delete", "delete-replaced"):
            step[new] = self.state(self.after, protect=self.protect and not self.unprotect)
        return step

    def change(self) -> dict[str, Any]:
        """One change of Terraform's."""
        actions = {"replace": ["delete", "create"]}.get(self.operation, [self.operation])
        arn = {"id": self.id, "arn": f"arn:aws:service:{self.region}:123456789012:{self.name}"}
        sides = {
            "before": None if self.operation == "create" else snake(self.before) | arn,
            "after": None if self.operation == "delete" else snake(self.after) | arn,
        }
        return {
            "address": self.address,
            "mode": "managed",
            "type": self.terraform,
            "name": self.name,
            "change": {"actions": actions, **sides, "after_unknown": {}},
        }


def snake(value: Any) -> Any:
    """Pulumi's names as Terraform's."""
    if isinstance(value, Mapping):
        return {"".join(f"_{c.lower()}" if c.isupper() else c for c in k): snake(v) for k, v in value.items()}
    return [snake(each) for each in value] if isinstance(value, list) else value


STACK = {
    "op": "same",
    "urn": "urn:pulumi:test::haven::pulumi:pulumi:Stack::haven-test",
    "oldState": {"custom": False},
    "newState": {"custom": False},
}


def digest(*made: Made) -> dict[str, Any]:
    """As `pulumi preview --json` prints it."""
    return {"steps": [STACK, *(each.step() for each in made)], "duration": 1, "changeSummary": {"same": 1}}


def event(sequence: int, **what: Any) -> dict[str, Any]:
    return {"sequence": sequence, "timestamp": 1795258722, **what}


SUMMARY: Mapping[str, Any] = {"resourceChanges": {}, "isPreview": True, "result": "succeeded"}


def events(*made: Made, summary: Values | None = SUMMARY) -> list[dict[str, Any]]:
    """As the engine writes its events."""
    steps = [{**each.step("old", "new"), "type": each.type} for each in made]
    found = [event(place, resourcePreEvent={"metadata": step}) for place, step in enumerate(steps)]
    return [*found, *([event(len(found), summaryEvent=dict(summary))] if summary else [])]


def plan(*made: Made, **more: Any) -> dict[str, Any]:
    """As `terraform show -json` prints it."""
    return {"format_version": "1.2", "resource_changes": [each.change() for each in made], **more}


def lines(found: Sequence[Any]) -> bytes:
    return "\n".join(json.dumps(each) for each in found).encode()


def read(value: Any) -> ChangeSet:
    """A document, read as the tool reads it."""
    data = lines(value) if isinstance(value, list) else json.dumps(value).encode()
    return preview_reader.read(data, WHERE)


def judged(document: Any, *accepted: str, active: str | None = None) -> verdict.GateVerdict:
    return verdict.judge(document if isinstance(document, ChangeSet) else read(document), accepted, active, WHERE)


def rules(document: Any, active: str | None = None) -> list[tuple[str, GateRule]]:
    """Name of each endangered resource with the rule, in the document's order."""
    return [(each.name, each.rule) for each in judged(document, active=active).findings]
