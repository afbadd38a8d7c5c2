"""A runbook with one safeguard removed: the simulator must find what it prevents."""

from collections.abc import Callable, Sequence
from typing import Any

from haven.runbooks.failover import database, decision, fence, guard, judging, loss, observe, plan
from haven.runbooks.failover.consumers import queues
from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.old_side.outdated import Lookout
from haven.runbooks.failover.resuming import deciding
from haven.runbooks.failover.resuming.confirmed import Confirmed
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.serving import prompts
from haven.runbooks.workflow.journal import ACCEPTED, Journal, Workflow
from haven.runbooks.workflow.lease import Lease
from haven.runbooks.workflow.requests import CallError
from haven.runbooks.workflow.steps import Done, Look, Step

Patch = Callable[[Any], None]


def without_fence(monkeypatch: Any) -> None:
    """The old writer is reported closed, and isn't."""

    def closed(site: Site) -> Any:
        async def look(_: Workflow) -> Look:
            return Done({"closedMs": site.clock.wall() * 1000})

        return look

    monkeypatch.setattr(fence, "closed", closed)


def without_closing_queues(monkeypatch: Any) -> None:
    """The old Region's queues are reported closed, and aren't."""

    def closed(region: str, name: str) -> Any:
        async def look(_: Workflow) -> Look:
            return Done()

        return look

    monkeypatch.setattr(queues, "closed", closed)


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


def without_forwarded_writes(monkeypatch: Any) -> None:
    """The fence is taken for the end of all writes."""
    monkeypatch.setattr(RecoveryManifest, "forwards_writes", False)


def with_one_flag(monkeypatch: Any) -> None:
    """A reason for taking the Region for lost accepts any loss too."""
    accepted = loss.accepted

    def anything(workflow: Workflow) -> str:
        return guard.UNKNOWN if workflow.goal["force"] else accepted(workflow)

    monkeypatch.setattr(loss, "accepted", anything)


def without_token(monkeypatch: Any) -> None:
    """The lease is believed without asking, and the journal takes what anybody writes."""
    without_the_lease_s_check(monkeypatch)
    without_the_journal_s_check(monkeypatch)


def without_the_lease_s_check(monkeypatch: Any) -> None:
    """The lease is believed without asking."""

    async def confirm(self: Lease) -> float:
        return self.clock.monotonic() + 1000

    monkeypatch.setattr(Lease, "confirm", confirm)


def without_the_journal_s_check(monkeypatch: Any) -> None:
    """The journal takes what anybody writes."""

    async def write(self: Journal, entry: Any, _: str) -> None:
        while not await self._table.put_new("journal", f"{entry.number:09d}", _item(self, entry)):
            entry = entry._replace(number=entry.number + 1)
            self._last += 1

    monkeypatch.setattr(Journal, "_write", write)


def without_deadlines(monkeypatch: Any) -> None:
    """A call may end when the lease under which it was allowed is over."""
    confirm = Lease.confirm

    async def forever(self: Lease) -> float:
        await confirm(self)
        return float("inf")

    monkeypatch.setattr(Lease, "confirm", forever)


def without_a_look_before_the_promotion(monkeypatch: Any) -> None:
    """A fence that was read once is believed."""

    async def gone(site: Site, workflow: Workflow) -> str:
        return ""

    monkeypatch.setattr(fence, "gone", gone)


def without_a_fresh_look_at_the_fence(monkeypatch: Any) -> None:
    """What an earlier run has closed isn't looked at by the next one."""
    steps = plan.steps

    def trusting(site: Site, how: Fence, *, planned: bool) -> list[Step]:
        found = steps(site, how, planned=planned)
        return [each._replace(fresh=each.fresh and each.name != loss.CLOSED) for each in found]

    monkeypatch.setattr(plan, "steps", trusting)


def without_both_looks_at_the_fence(monkeypatch: Any) -> None:
    """Neither of them."""
    without_a_look_before_the_promotion(monkeypatch)
    without_a_fresh_look_at_the_fence(monkeypatch)


def without_an_hour_between_failovers(monkeypatch: Any) -> None:
    """A second failover may follow at once."""
    monkeypatch.setattr(decision, "too_soon", lambda *_, **__: "")


def without_witnesses(monkeypatch: Any) -> None:
    """A Region is taken for lost by whoever wants a failover."""
    monkeypatch.setattr(decision, "witnesses_of_loss", lambda _: decision.LEAST_WITNESSES)


def with_a_silent_table_for_a_silent_region(monkeypatch: Any) -> None:
    """Where the lease's table can't be read nothing else is asked."""
    looked = observe.observe

    async def silent(site: Site, *, silent: bool = False) -> observe.Observation:
        try:
            await site.table_of(site.old).get("lease", "0", observes=True)
        except CallError:
            silent = True
        return await looked(site, silent=silent)

    monkeypatch.setattr(observe, "observe", silent)


def with_nothing_tried(monkeypatch: Any) -> None:
    """A Region whose database has failed isn't closed."""
    known = decision.fence

    def fence_of(seen: decision.Seen) -> Fence:
        return Fence.UNCONFIRMED if known(seen) is Fence.TRIED else known(seen)

    monkeypatch.setattr(decision, "fence", fence_of)
    monkeypatch.setattr(deciding, "fence", fence_of)


def without_another_look(monkeypatch: Any) -> None:
    """What was seen before a pause is promoted on after it."""
    monkeypatch.setattr(Lookout, "_counts", lambda *_: True)


def without_another_confirmation(monkeypatch: Any) -> None:
    """What was confirmed is done whatever has become of it."""
    monkeypatch.setattr(Confirmed, "refusal", lambda *_: [])


def _item(journal: Any, entry: Any) -> dict[str, Any]:
    return {"body": entry.text(), "holder": journal._holder, "number": entry.number}


def without_waiting(monkeypatch: Any) -> None:
    """The new side is promoted while the old one is being closed."""
    steps = plan.steps

    def impatient(site: Site, how: Fence, *, planned: bool) -> list[Step]:
        return [
            each._replace(after=tuple(name for name in each.after if name != loss.CLOSED))
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
    "closed queues": without_closing_queues,
    "look before the promotion": without_a_look_before_the_promotion,
    "both looks at the fence": without_both_looks_at_the_fence,
    "fence that is tried": with_nothing_tried,
    "difference between a table and its Region": with_a_silent_table_for_a_silent_region,
    "look after a pause": without_another_look,
    "second confirmation": without_another_confirmation,
    "lag guard": without_guard,
    "forwarded writes": without_forwarded_writes,
    "second flag": with_one_flag,
    "token": without_token,
    "lease's check": without_the_lease_s_check,
    "deadline of a call": without_deadlines,
    "order": without_waiting,
    "golden prompts": without_asking,
    "drained cache": without_draining,
    "hour between failovers": without_an_hour_between_failovers,
    "witnesses": without_witnesses,
    "read back": without_reading_back,
    "journal's check": without_the_journal_s_check,
}
REDUNDANT: dict[str, Patch] = {
    "fresh look at the fence": without_a_fresh_look_at_the_fence,
}
"""What another safeguard covers: before each promotion the fence is looked at once more (`fence.gone`), so a run that
trusted an earlier one would be undone, and nothing worse."""
