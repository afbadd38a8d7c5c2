"""One failover from the lease to the record, or the rest of one that was interrupted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from haven.base.problems import Problems
from haven.model.drills import Place
from haven.runbooks.credentials import CredentialsError
from haven.runbooks.failover import decision, judging, loss, observe, plan
from haven.runbooks.failover.backups import restore
from haven.runbooks.failover.decision import Decision, Fence, Request
from haven.runbooks.failover.judging import Preview
from haven.runbooks.failover.observe import Observation
from haven.runbooks.failover.resuming import deciding, leaving
from haven.runbooks.failover.resuming.confirmed import Confirmed
from haven.runbooks.failover.site import FAILOVER, Site, kind_of
from haven.runbooks.failover.times import measured
from haven.runbooks.workflow import cut
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.audit import Audit, AuditError
from haven.runbooks.workflow.engine import Engine, Outcome, past_no_return
from haven.runbooks.workflow.journal import Journal, Workflow
from haven.runbooks.workflow.lease import ID, MARGIN_SECONDS, SECONDS, Lease, LeaseError
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, CallError, together
from haven.runbooks.workflow.steps import Ending, Progress, Step


@dataclass
class Operator:
    """One process that runs a failover."""

    kind: ClassVar[str] = FAILOVER
    """Of the workflows that it begins and goes on with."""
    opening: ClassVar[Sequence[str]] = (*plan.NO_RETURN, restore.DEPLOYED)
    """Steps after which the new side takes writes."""
    by: ClassVar[str] = ""
    """What makes the promotion, for the record of what it took; empty: its own steps."""
    site: Site
    lease: Lease
    journal: Journal
    audit: Audit
    new_id: Callable[[], str]
    report: Callable[[Progress], None] = lambda _: None
    close: Callable[[], None] = lambda: None
    """Lets another failover on this machine have the local copies; the end of the process does so too."""
    place: Place = Place.AWS
    """Where it is run, for the record of what it took."""
    _confirmed: Confirmed | None = field(default=None, init=False)
    """What a preview showed. None: there was none."""
    left_open: str = field(default="", init=False)
    """The open workflow to the other Region that a preview found, and that `--force` leaves open."""
    _leaving: str = field(default="", init=False)
    """The same workflow's id, once that is confirmed."""
    _other: leaving.Left = field(default=leaving.NOTHING, init=False)
    """The open workflow of another kind that a preview found in this journal."""
    _left: Workflow | None = field(default=None, init=False)
    """The same workflow, once it is confirmed that it is left open."""
    found_notes: Mapping[str, Any] = field(default_factory=dict, init=False)
    """Of the lease, as a preview found them."""
    _closed: bool = field(default=False, init=False)
    """Whether the audit has its last record."""

    async def preview(self, request: Request) -> Preview:
        """Look, decide and plan; nothing is changed.

        Raises:
            CallError: the Region that becomes the writing one doesn't answer.
        """
        seen, workflow = await together(observe.observe(self.site), self._look_up())
        resumed = workflow is not None and kind_of(workflow) == self.kind
        going_on = workflow if resumed else None
        decided, request = deciding.as_it_would(going_on, request, seen, self._decide, self.opening)
        self._confirmed = Confirmed(self.site, self.site.clock.monotonic(), seen.seen, decided, request.planned)
        planned = self._planned(decided.fence, planned=request.planned)
        steps = await deciding.still_to_do(self.site, planned, seen, going_on)
        goal, notes = self._goal(request, seen.now_ms), self.found_notes
        judgements, losses = await judging.as_of_now(self.site, deciding.given(going_on, goal), seen.writer)
        is_open = bool(workflow or self.left_open or notes.get("open") or notes.get("left"))
        soon = "" if resumed else self._too_soon(seen, notes, request)
        refused = bool(self.left_open) and not request.force
        why_not = "" if decided.allowed or resumed else decided.why
        why_not = why_not or (self.left_open if refused else "") or soon
        self._other = await leaving.of_another_kind(self.site, None if resumed else workflow)
        in_the_way = self._other.in_the_way(request.force)
        return Preview(
            seen,
            decided,
            steps,
            judgements,
            in_the_way or why_not,
            workflow.id if workflow and resumed else "",
            judging.needed(
                self.site,
                decided,
                request,
                losses,
                too_soon=bool(soon),
                left_open=refused or self._other.asks(request.force),
            ),
            overrides=judging.overridden(decided, request, steps, region=self.site.to, left_open=self._leaves),
            nothing=await deciding.nothing_to_do(self.site, seen, goal, is_open=is_open),
            done=deciding.done(going_on),
            in_the_way=bool(in_the_way),
        )

    @property
    def _leaves(self) -> list[str]:
        """What stays open where a reason is given."""
        return [each for each in (self.left_open, self._other.overridden) if each]

    def _is_silent(self) -> bool:
        """Whether the Region that is left was found silent, so short a time ago that it needn't be asked again."""
        return self._confirmed is not None and self._confirmed.is_silent()

    async def _look_up(self) -> Workflow | None:
        """The lease's notes, and the workflow that is open here."""
        self.found_notes, workflow = await together(self.lease.left_notes(), self._open())
        self.left_open = self.site.open_elsewhere(self.found_notes)
        return workflow if workflow is None or workflow.id not in self.found_notes.get("left", ()) else None

    async def _open(self) -> Workflow | None:
        """The journal's last workflow; None: it has ended, or there never was one."""
        workflow = log.replay(await self.journal.read())
        return workflow if workflow is not None and workflow.end is None else None

    async def run(self, request: Request) -> Report:
        """Do it, or go on with what is open.

        Raises:
            LeaseError: somebody else is at work, or the lease can't be had.
            DisplacedError: somebody else has taken it over meanwhile.
            UnwrittenError, AuditError: what is done can't be written down.
            CallError: the Region that becomes the writing one doesn't answer.
            Problems: the journal is of another version.
        """
        if self._is_silent():
            self.lease.unread[self.site.old] = "the Region didn't answer a moment ago"
        self.journal.token = await self.lease.acquire(self._waits)
        report: Report = await self.lease.giving_back(self._held(request))
        return replace(report, pending_audit=self.audit.pending)

    def _waits(self, seconds: float, why: str) -> None:
        limit, state = SECONDS + MARGIN_SECONDS, "running" if why else Ending.DONE.value
        self.report(Progress(ID, "Wait for the lease", state, seconds, limit, why))

    async def _held(self, request: Request) -> Report:
        """The run under the lease."""
        entries = await self.journal.read()
        before = entries[-1].data["audit"] if entries else {}
        await self.audit.open(str(before.get("hash", "")), goal=self._goal(request), token=self.lease.token)
        try:
            await cut.put_back(self._engine, self.site.to)
            report = await self._run(request, log.replay(self.journal.entries))
        except (CallError, Problems) as error:
            if not self._closed:
                with suppress(CallError, AuditError):  # of the same Region
                    await self._engine.close(state="error", why=[str(error)])
            raise
        if not self._closed and (unproved := await self._engine.close(state=report.state.value, why=list(report.why))):
            report = replace(report, why=[*report.why, unproved])
        return report

    @property
    def begun(self) -> bool:
        """Whether the journal has an entry of this process, or one may be on its way."""
        return bool(self.journal.head)

    async def called_off(self) -> None:
        """End the audit of a process that is stopped before its first entry, and give the lease back: else the audit
        would lack an end, and whoever comes next would watch a lease that nobody holds.

        Raises:
            AuditError: the disk takes nothing.
        """
        await self.audit.close(state="interrupted", why=["nothing was changed"])
        with suppress(CallError, LeaseError, CredentialsError):
            await self.lease.leave(self.lease.notes, release=True)

    @property
    def _engine(self) -> Engine:
        return Engine(self.journal, self.lease, self.audit, self.site.clock, self.report)

    async def _run(self, request: Request, last: Workflow | None) -> Report:
        elsewhere = self.site.open_elsewhere(self.lease.notes)
        if elsewhere and not (request.force and elsewhere == self.left_open):  # what is overridden was shown before
            return Report(State.REFUSED, [elsewhere, *self._leaving_it_open(request)])
        opened = self.lease.notes.get("open") or {}
        if last is not None and last.end is not None and opened.get("workflow") == last.id:
            # Whoever ended it was stopped before the lease had its notes: the journal has them.
            self.lease.notes = {**self.lease.notes, **last.end.get("notes", {"open": None})}
        self._leaving = str(opened["workflow"]) if elsewhere else ""
        if last is not None and last.end is None and last.id in self.lease.notes.get("left", ()):
            await self._end_left(last)
        if last is not None and last.end is None:
            if kind_of(last) != self.kind:
                other = await leaving.of_another_kind(self.site, last)
                if other.in_the_way(request.force) or not other.was_in(self._other):
                    needs = [] if other.live else self._leaving_it_open(request)
                    return Report(State.REFUSED, [other.why_not, *needs])
                self._left = last
                return await self._begin(request)
            where = f"{self.site.table.name} in {self.site.to}"
            log.require_known_steps(last, self._known_steps(), where)
            found = await self._looked_anew(last, request)
            if found is not None and found.promotes and (worse := self._worse(found.decided, found.seen, found.wanted)):
                return Report(State.REFUSED, worse, last.id)
            if self._leaving:
                await self.lease.leave(leaving.with_left(self.lease.notes, self._leaving), release=False)
            given = {"force": request.force, "acceptLoss": request.accept_loss, "leavesOpen": elsewhere}
            await self._engine.note(last, log.TAKEOVER, id=last.id, **given)
            if found is not None:
                await self._decided_anew(last, found)
            return await self._go_on(last)
        return await self._begin(request)

    async def _end_left(self, workflow: Workflow) -> None:
        notes, divergence = leaving.ended(self.lease.notes, workflow), deciding.divergence(workflow, leaving.OPENING)
        await self._engine.note(workflow, log.END, state=leaving.LEFT, divergence=divergence, notes=notes)
        self.lease.notes = {**self.lease.notes, **notes}

    async def _looked_anew(self, workflow: Workflow, request: Request) -> deciding.Anew | None:
        """As long as anything is open: the Region that is left may be another by now. None: nothing is left to ask."""
        seen = await observe.observe(self.site, silent=self._is_silent())
        return deciding.anew(workflow, request, seen, self._decide, self.opening)

    def _worse(self, decided: Decision, seen: Observation, wanted: Request) -> list[str]:
        """Why nothing is done before another confirmation; empty: what is decided is no worse than what was shown."""
        return [] if self._confirmed is None else self._confirmed.refusal(decided, seen, wanted)

    async def _decided_anew(self, workflow: Workflow, found: deciding.Anew) -> None:
        if found.turn:
            await self._engine.note(workflow, log.TAKEOVER, id=workflow.id, **found.turn)
        if workflow.aborting:
            return
        if found.stops:
            await self._engine.note(workflow, log.ABORT, why=found.decided.why)
        else:
            await self._decided(workflow, found.seen, found.decided)

    async def _begin(self, request: Request) -> Report:
        seen = await observe.observe(self.site, silent=self._is_silent())
        # What is left open in the other Region isn't undone by anybody else.
        leaves = self._leaving or self._left
        if seen.writer == self.site.to and not leaves:
            nothing = Workflow("", self._goal(Request(planned=False)))
            if await deciding.is_complete(self.site, nothing, decision.fence(seen.seen)):
                return Report(State.NOTHING, [f"{self.site.to} is the writing Region"])
        decided = self._decide(seen, request)
        why = "" if decided.allowed else decided.why
        goal, soon = self._goal(request, seen.now_ms), self._too_soon(seen, self.lease.notes, request)
        if why or soon:
            needs = judging.needed(self.site, decided, request, [], too_soon=bool(soon))
            return Report(State.REFUSED, [why or soon, *needs])
        if worse := self._worse(decided, seen, request):
            return Report(State.REFUSED, worse)
        workflow = await self._begun(goal)
        await self._decided(workflow, seen, decided)
        return await self._go_on(workflow)

    async def _begun(self, goal: Mapping[str, Any]) -> Workflow:
        """A new workflow, in the journal and in the lease's notes."""
        if self._left is not None:
            await self._end_left(self._left)
        workflow = Workflow(self.new_id(), goal)
        await self._engine.write(log.BEGIN, workflow=workflow.id, goal=workflow.goal)
        opened = {"to": self.site.to, "workflow": workflow.id, "kind": self.kind, "session": self.audit.head.session}
        await self.lease.leave({**leaving.with_left(self.lease.notes, self._leaving), "open": opened}, release=False)
        return workflow

    async def _decided(self, workflow: Workflow, seen: Observation, decided: Decision) -> None:
        await self._engine.note(
            workflow,
            log.DECISION,
            question="writer",
            observation=seen.describe(),
            fence=decided.fence.value,
            unread=[loss.CLOSED] if decided.fence is Fence.TRIED else [],
            forced=decided.forced,
            exposed=deciding.exposed(workflow, self.opening) or leaving.exposed(self._left),
            promoted=deciding.promoted(workflow),
            why=decided.why,
        )

    def _decide(self, seen: Observation, request: Request) -> Decision:
        count = decision.witnesses_of_loss(seen.witnesses)
        if seen.writer == self.site.to:  # promoted, but not complete: nothing is left to decide
            why = f"{self.site.to} is the writing Region already"
            return Decision(True, why, decision.fence(seen.seen))
        if request.planned and self.site.restores:
            why = "tier backup restores from copies, which loses what came after them: leave --planned out"
            return Decision(False, why)
        return decision.decide(seen.seen, count, planned=request.planned, force=request.force)

    def _too_soon(self, seen: Observation, notes: Mapping[str, Any], request: Request) -> str:
        """To complete what is promoted already is no second failover."""
        last = notes.get("failover")
        if last is None or seen.writer == self.site.to:
            return ""
        since = (seen.now_ms - float(last["atMs"])) / 1000
        return decision.too_soon(since, acknowledged=request.acknowledged)

    def _leaving_it_open(self, request: Request) -> Sequence[str]:
        if request.force:
            return [leaving.UNSEEN]
        return judging.needed(self.site, Decision(True, ""), request, [], left_open=True)

    def _known_steps(self) -> Sequence[str]:
        """Every name that a journal of this version may have."""
        return plan.known_steps(self.site)

    def _steps(self, workflow: Workflow) -> Sequence[Step]:
        """What leads to the goal."""
        fence = Fence(workflow.decisions.get("writer", {}).get("fence", Fence.CONFIRMED))
        return self._planned(fence, planned=bool(workflow.goal["planned"]))

    def _planned(self, how: Fence, *, planned: bool) -> Sequence[Step]:
        """The same before there is a workflow."""
        return plan.steps(self.site, how, planned=planned)

    def _every_step(self) -> Sequence[Step]:
        """What any run of it may have taken."""
        return plan.steps(self.site, Fence.CONFIRMED, planned=True)

    def _goal(self, request: Request, observed_ms: float | None = None) -> dict[str, Any]:
        return {
            "from": self.site.old,
            "to": self.site.to,
            "planned": request.planned,
            "force": request.force,
            "acceptLoss": request.accept_loss,
            "observedMs": observed_ms if observed_ms is not None else self.site.clock.wall() * 1000,
            "leavesOpen": "; ".join(self._leaves) if request.force else "",
        }

    async def _go_on(self, workflow: Workflow) -> Report:
        steps = self._steps(workflow)
        outcome = Outcome()
        if not workflow.aborting:
            outcome = await self._engine.run(workflow, steps)
            failed = outcome.failed(steps)
            why = [f"{each}: {outcome.why[each]}" for each in outcome.endings if each in outcome.why]
            if not failed:
                return await self._end(workflow, steps, outcome, why)
            if past_no_return(workflow, steps) and not await self._was_taken_back(workflow):
                why += await deciding.way_out(self.site, workflow, self.opening)
                return Report(State.INCOMPLETE, why, workflow.id, outcome.endings, self._divergence(workflow))
            await self._engine.note(workflow, log.ABORT, why="; ".join(why))
        return await self._undo(workflow, outcome)

    async def _was_taken_back(self, workflow: Workflow) -> bool:
        """Whether nothing is promoted although it was begun: then the old writer is opened again."""
        return await deciding.was_taken_back(self.site, workflow)

    async def _undo(self, workflow: Workflow, outcome: Outcome) -> Report:
        undoing = plan.undoing(self._every_step(), workflow)  # what an earlier run did counts too
        left = deciding.in_the_old_region(undoing, workflow)
        if left and not await deciding.is_lost(self.site, workflow, self._decide):
            left = []
        undone = await self._engine.run(workflow, [each for each in undoing if each not in left])
        why = [workflow.aborting, *(f"{name}: {each}" for name, each in undone.why.items())]
        why += [f"{each.name}: {self.site.old} doesn't answer, and counts as lost" for each in left]
        endings = {**outcome.endings, **undone.endings}
        if undone.failed(undoing):
            why += await deciding.way_out(self.site, workflow, self.opening)
            return Report(State.INCOMPLETE, why, workflow.id, endings)
        await self._close(workflow, State.UNDONE, why, "", notes={"open": None})
        return Report(State.UNDONE, why, workflow.id, endings)

    async def _end(self, workflow: Workflow, steps: Sequence[Step], outcome: Outcome, why: Sequence[str]) -> Report:
        divergence = self._divergence(workflow)
        made = measured.record(self.site.manifest, workflow, self.journal.entries, steps, self.place, by=self.by)
        _, answer = await loss.heartbeats(self.site, self.site.table)
        notes = self._ended(answer)
        self.audit.record(measured.MEASURED, **measured.as_data(made))
        left = plan.left(self.site, outcome.endings)
        await self._close(workflow, State.DONE, why, divergence, notes=notes, left=left)
        losses = judging.reported(workflow, plan.JUDGED)
        return Report(State.DONE, why, workflow.id, outcome.endings, divergence, losses=losses, record=made)

    def _ended(self, answer: Answer) -> dict[str, Any]:
        """What the lease keeps of a failover that AWS's clock saw end."""
        return {"open": None, "failover": {"to": self.site.to, "atMs": self.site.time_ms(answer)}}

    def _divergence(self, workflow: Workflow) -> str:
        return deciding.divergence(workflow, self.opening)

    async def _close(self, workflow: Workflow, state: State, why: Sequence[str], divergence: str, **end: Any) -> None:
        """Close the audit, and then the workflow: the journal's last entry has the head of the closed audit."""
        await self.audit.close(state=state.value, why=list(why), divergence=divergence)
        self._closed = True
        self.journal.head = self.audit.head.as_data()
        entry = await self.journal.append(log.END, state=state.value, divergence=divergence, **end)
        log.apply(workflow, entry)
        self.lease.notes = {**self.lease.notes, **end["notes"]}
