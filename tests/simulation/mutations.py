"""A runbook with one safeguard removed: the simulator must find what it prevents."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from haven.runbooks.failover import database, fence, guard, judging, loss, plan
from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.site import Site
from haven.runbooks.serving import prompts
from haven.runbooks.workflow.journal import ACCEPTED, Journal, Workflow
from haven.runbooks.workflow.lease import Lease
from haven.runbooks.workflow.steps import Done, Look, Step

Patch = Callable[[Any], None]


def without_fence(monkeypatch: Any) -> None:
    """The old writer is reported closed, and isn't."""

    def closed(site: Site) -> Any:
        async def look(_: Workflow) -> Look:
            return Done({"closedMs": site.clock.wall() * 1000})

        return look

    monkeypatch.setattr(fence, "closed", closed)


def without_guard(monkeypatch: Any) -> None:
    """Whatever may be lost is promoted."""

    async def refusal(site: Site, workflow: Workflow, store: str) -> tuple[str, float]:
        return "", site.clock.monotonic() + loss.ALLOWANCE_SECONDS

    def look(site: Site, no_return: Sequence[str]) -> Any:
        async def looking(_: Workflow) -> Look:
            return Done()

        return looking

    monkeypatch.setattr(loss, "refusal", refusal)
    monkeypatch.setattr(judging, "look", look)


def with_one_flag(monkeypatch: Any) -> None:
    """A reason for taking the Region for lost accepts any loss too."""
    accepted = loss.accepted

    def anything(workflow: Workflow) -> str:
        return guard.UNKNOWN if workflow.goal["force"] else accepted(workflow)

    monkeypatch.setattr(loss, "accepted", anything)


def without_token(monkeypatch: Any) -> None:
    """The lease is believed without asking, and the journal takes what anybody writes."""

    async def confirm(self: Lease) -> float:
        return self.clock.monotonic() + 1000

    async def write(self: Journal, entry: Any, _: str) -> None:
        while not await self._table.put_new("journal", f"{entry.number:09d}", _item(self, entry)):
            entry = replace(entry, number=entry.number + 1)
            self._last += 1

    monkeypatch.setattr(Lease, "confirm", confirm)
    monkeypatch.setattr(Journal, "_write", write)


def _item(journal: Any, entry: Any) -> dict[str, Any]:
    return {"body": entry.text(), "holder": journal._holder, "number": entry.number}


def without_waiting(monkeypatch: Any) -> None:
    """The new side is promoted while the old one is being closed."""
    steps = plan.steps

    def impatient(site: Site, how: Fence, *, planned: bool) -> list[Step]:
        return [
            replace(each, after=tuple(name for name in each.after if name != loss.CLOSED))
            for each in steps(site, how, planned=planned)
        ]

    monkeypatch.setattr(plan, "steps", impatient)


def without_draining(monkeypatch: Any) -> None:
    """A planned failover promotes a cache whatever the closed Region wrote last."""

    async def behind(site: Site, workflow: Workflow) -> str:
        return ""

    monkeypatch.setattr(loss, "behind", behind)
    monkeypatch.setattr(judging, "behind", behind)


def without_asking(monkeypatch: Any) -> None:
    """Whatever the models answer is right."""
    monkeypatch.setattr(prompts, "problem", lambda *_: "")


def without_reading_back(monkeypatch: Any) -> None:
    """A promotion that AWS has accepted counts as made."""
    promotion = database.promotion

    def believed(site: Site) -> Any:
        whole = promotion(site)

        async def look(workflow: Workflow) -> Look:
            accepted = workflow.step(database.PROMOTED).outcome == ACCEPTED
            return Done() if accepted else await whole(workflow)

        return look

    monkeypatch.setattr(database, "promotion", believed)


MUTATIONS: dict[str, Patch] = {
    "fence": without_fence,
    "lag guard": without_guard,
    "second flag": with_one_flag,
    "token": without_token,
    "order": without_waiting,
    "golden prompts": without_asking,
    "drained cache": without_draining,
    "read back": without_reading_back,
}
