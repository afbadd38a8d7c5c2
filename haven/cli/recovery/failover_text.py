"""What `haven failover` and `haven failback` show: what was found, what would be done, what was done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from haven.cli.recovery.progress import span

if TYPE_CHECKING:
    from haven.runbooks.failover.judging import Preview
    from haven.runbooks.failover.times.predicted import Estimate
    from haven.runbooks.manifest import Located
    from haven.runbooks.workflow.report import Report
    from haven.runbooks.workflow.steps import Step

SCHEMA = "failover.v1"
"""Of `--json`: the file haven/cli/schemas/failover.v1.json."""
_MARK = "[A]"
"""Behind what rests on assumptions."""


class How(Enum):
    """What makes the other Region the writing one, or gets it ready for that."""

    STEPS = "Haven's steps"
    REBUILD = "a rebuild"
    ARC = "ARC's plan"


@dataclass(frozen=True)
class Expected:
    """What is predicted before it begins; nothing of a rebuild."""

    steps: "Mapping[str, Estimate]" = field(default_factory=dict)
    served: "Estimate | None" = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found = {**self.steps, **({"until verified": self.served} if self.served else {})}
        return {
            name: {"p50": round(each.p50, 1), "p95": round(each.p95, 1), "basis": each.basis}
            for name, each in found.items()
        }


def shown(preview: "Preview", to: str, located: "Located", expected: Expected, how: How) -> Iterator[str]:
    """What was found, and what would be done."""
    from haven.runbooks.manifest_checks import newer

    manifest = located.manifest
    seen = preview.observation
    yield f"{manifest.environment}, tier {manifest.tier}: written in {seen.writer or 'no Region that is known'}"
    yield from (f"  {each}" for each in (*located.remarks, *newer(manifest)))
    yield f"  {manifest.other(to)} as seen from here: {seen.seen}"
    for each in seen.witnesses:
        yield f"  {each.name}: {each.detail}"
    yield from (f"  {each}" for each in preview.judgements)
    yield f"  decision: {'go on' if preview.decision.allowed else 'refused'}: {preview.decision.why}"
    yield from (f"  --force overrides {each}" for each in preview.overrides)
    if how is not How.REBUILD:
        yield f"  the old writer: {preview.decision.fence}"
    if preview.open:
        yield f"  goes on with workflow {preview.open}"
    if preview.nothing:
        yield f"  {preview.nothing} already: nothing is to be done"
        return
    goal = f"to a new secondary in {manifest.other(to)}" if how is How.REBUILD else f"to {to}"
    yield from (f"  {each}" for each in preview.plan)
    yield f"Steps {goal}, each after those that it names; {_no_return(preview, to, how)}:"
    for step in preview.steps:
        after = f", after {', '.join(step.after)}" if step.after else ""
        if step.name in preview.done:
            yield f"  {step.name}: {step.title} (done{', and looked at once more' if step.fresh else ''})"
            continue
        known = expected.steps.get(step.name)
        usual = f", predicted {span(known)}" if known else ""
        yield f"  {step.name}: {step.title} (within {step.deadline:.0f} s{usual}{after})"
    if expected.served:
        yield f"  predicted from the confirmation until {to} is verified: {span(expected.served)} {_MARK}"


def _no_return(preview: "Preview", to: str, how: How) -> str:
    """From where on nothing is undone."""
    if how is How.STEPS and preview.observation.writer == to and not any(each.no_return for each in preview.steps):
        return f"{to} writes already, and nothing is promoted"
    first = {How.ARC: "the start of the plan", How.REBUILD: "the first release"}.get(how, "the first promotion")
    return f"{first} is the point of no return"


def previewed(preview: "Preview", to: str, name: str, expected: Expected) -> Mapping[str, Any]:
    """The preview, as JSON has it."""
    state = "refused" if preview.why_not else "nothing to do" if preview.nothing else "previewed"
    why = preview.why_not or preview.nothing
    return {
        **_document(state, to, name),
        "why": [why] if why else [],
        "workflow": preview.open,
        "steps": {each.name: "done" if each.name in preview.done else "planned" for each in _steps(preview)},
        "next": list(preview.needs),
        "losses": list(preview.judgements),
        "overrides": list(preview.overrides),
        "predicted": expected.document(),
    }


def _steps(preview: "Preview") -> "Sequence[Step]":
    return () if preview.nothing else preview.steps


def reported(report: "Report", then: Sequence[str], to: str, name: str, expected: Expected) -> Mapping[str, Any]:
    """What came of it, as JSON has it; `then` is what to do now."""
    document = _document(report.state.value, to, name)
    return {
        **document,
        "why": list(report.why),
        "workflow": report.workflow,
        "steps": {step: ending.value for step, ending in report.endings.items()},
        "losses": list(report.losses),
        "divergence": report.divergence,
        "next": list(then),
        "predicted": expected.document(),
        "measured": None if report.record is None else dict(report.record.measured.steps),
    }


def _document(state: str, to: str, name: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "environment": name,
        "to": to,
        "state": state,
        "why": [],
        "workflow": "",
        "steps": {},
        "losses": [],
        "overrides": [],
        "divergence": "",
        "next": [],
        "predicted": {},
        "measured": None,
    }
