"""A part of the Region that is left is silent, refuses or has failed: what RDS and EC2 there answer decides."""

from collections.abc import Callable

import pytest

from haven.runbooks.failover.decision import Fence, Request, Seen
from haven.runbooks.failover.judging import Preview
from haven.runbooks.failover.observe import Observation, observe
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call, RefusedError
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, Machine, machine, start
from tests.simulation.regions import Region

PLANNED = Request(planned=True)
SURE = Request(planned=False, force="the provider confirms the loss", accept_loss="unknown")
CLOSED = "create_network_acl_entry"
Faults = Callable[[str, Call, float], Fault | None]


def nothing(owner: str, call: Call, now: float) -> None:
    """No call goes wrong."""


class Ground:
    """One environment whose AWS fences nothing by itself."""

    def __init__(self, fault: Faults = nothing, *, cut: bool = False) -> None:
        self.model = Model(aws_fences=False)
        self.simulation = Simulation(self.model, fault)
        self.simulation.now = 150.0
        if cut:
            self.model.at(100, self.model.cut)
        self.model.advance(150.0)
        self.count = 0

    def made(self) -> Machine:
        """One operator."""
        self.count += 1
        return machine(self.simulation, f"op{self.count}", manifest=PATIENT[1])

    def shown(self, made: Machine, request: Request) -> Preview:
        """What an operator is shown."""
        found: list[Preview] = []
        self.simulation.start(made.name, made.operator.preview(request), found.append)
        self.simulation.run()
        assert isinstance(found[0], Preview), found
        return found[0]

    def run(self, made: Machine, request: Request, after: float = 20.0) -> Report:
        """What comes of an operator's run."""
        start(self.simulation, made, request, self.simulation.now + after)
        self.simulation.run()
        assert isinstance(made.outcome[-1], Report), made.outcome
        return made.outcome[-1]

    def observed(self) -> tuple[Observation, float]:
        """What is seen, and within which time."""
        begin, found = self.simulation.now, list[Observation]()
        ended: list[float] = []

        def take(outcome: Observation) -> None:
            found.append(outcome)
            ended.append(self.simulation.now)

        self.simulation.start("looks", observe(self.made().operator.site), take)
        self.simulation.run()
        assert isinstance(found[0], Observation), found
        return found[0], ended[0] - begin

    @property
    def calls(self) -> list[str]:
        """What was changed in P."""
        return [what for _, _, what, region in self.model.effects if region == P]

    @property
    def open_seconds(self) -> set[float]:
        """For how long both Regions took writes."""
        return set(self.model.both_open.values())


def lost(owner: str, call: Call, now: float) -> Fault | None:
    """Every call to P's table gets no answer."""
    return Fault("timeout-before") if (call.service, call.region) == ("dynamodb", P) else None


def once(kind: str) -> Faults:
    """The first look at P's table of the lease that a run makes goes wrong."""
    sent = [0]

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        if (call.operation, call.region) != ("get_item", P):
            return None
        sent[0] += 1
        return Fault(kind) if sent[0] == 2 else None

    return fault


@pytest.mark.parametrize("fault", [lost, once("throttle"), once("timeout-before")], ids=["out", "throttled", "once"])
@pytest.mark.parametrize("request_", [PLANNED, SURE], ids=["planned", "forced"])
def test_a_lease_table_that_cannot_be_read_is_no_silent_region(fault: Faults, request_: Request) -> None:
    ground = Ground(fault, cut=not request_.planned)
    made = ground.made()
    preview = ground.shown(made, request_)
    assert (preview.observation.seen, preview.decision.fence, preview.decision.allowed) == (
        Seen.UP, Fence.CONFIRMED, True
    )  # fmt: skip
    report = ground.run(made, request_)
    assert (report.state, report.divergence) == (State.DONE, ""), report
    assert ground.calls.count(CLOSED) == 2
    assert ground.open_seconds == {0.0}
    assert {store for store, seconds, _ in ground.model.losses if seconds > 15} <= (
        set() if request_.planned else {"database", "cache"}
    )


def test_a_region_that_becomes_silent_after_the_preview_is_not_left_unfenced_before_somebody_has_seen_that() -> None:
    ground = Ground(cut=True)
    made = ground.made()
    assert ground.shown(made, SURE).decision.fence is Fence.CONFIRMED
    ground.model.regions[P].reachable = lambda _: False
    report = ground.run(made, SURE)
    typed = f"haven failover sim --to {R} --force '{SURE.force}' --accept-loss unknown"
    assert (report.state, report.why) == (
        State.REFUSED,
        [
            "what was confirmed isn't so any more, and nothing was changed:"
            " the old writer would be unconfirmed, and was shown as confirmed",
            f"{P} as seen from here: unreachable from here",
            f"whoever decides that anew types: {typed}",
        ],
    )
    assert (ground.model.effects, log.replay(made.operator.journal.entries)) == ([], None)
    again = ground.made()
    assert ground.shown(again, SURE).decision.fence is Fence.UNCONFIRMED
    report = ground.run(again, SURE)
    assert (report.state, report.divergence[:8]) == (State.DONE, "possible")


def test_a_reason_that_was_not_needed_when_it_was_shown_overrides_nothing_unseen() -> None:
    ground = Ground(cut=True)
    ground.model.regions[P].database_writes = False
    ground.simulation.now += 100
    made = ground.made()
    preview = ground.shown(made, SURE)
    assert (preview.decision.forced, preview.overrides[:1]) == (
        False, ["wrong answers: models in eu-central-1 that give them for 15 minutes get traffic"]
    )  # fmt: skip
    ground.model.mend(ground.simulation.now)
    ground.model.regions[P].database_writes = True
    report = ground.run(made, SURE)
    assert (report.state, ground.model.effects) == (State.REFUSED, [])
    assert report.why[0].endswith("and was shown without that")


def test_an_open_planned_failover_does_not_become_unplanned_unless_that_was_shown() -> None:
    def dies(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("crash-before") if (owner, call.operation) == ("op1", "switchover_global_cluster") else None

    ground = Ground(dies)
    killed = ground.made()
    start(ground.simulation, killed, PLANNED, 160.0)
    ground.simulation.run()
    assert killed.outcome == []
    made = ground.made()
    ground.shown(made, SURE)
    ground.model.kill(ground.simulation.now)
    effects = len(ground.model.effects)
    report = ground.run(made, SURE, after=100.0)
    assert (report.state, len(ground.model.effects)) == (State.REFUSED, effects)
    assert "it would be unplanned, which may lose data, and was shown as planned" in report.why[0]
    assert made.operator.journal.entries[-1].kind in (log.OUTCOME, log.INTENT, log.CLOSED)
    again = ground.made()
    ground.shown(again, SURE)
    assert ground.run(again, SURE).state is State.DONE
    ground.simulation.abandon()


def test_a_database_that_has_failed_leaves_a_cache_that_is_closed() -> None:
    ground = Ground(cut=True)
    ground.model.regions[P].fail()
    made = ground.made()
    preview = ground.shown(made, SURE)
    assert (preview.observation.seen, preview.decision.fence) == (Seen.DOWN, Fence.TRIED)
    report = ground.run(made, SURE)
    assert (report.state, report.divergence, ground.calls.count(CLOSED)) == (State.DONE, "", 2), report
    assert ground.open_seconds == {0.0}


@pytest.mark.parametrize("acl", ["named", "another one's"])
def test_a_region_whose_rds_alone_is_silent_is_closed_by_the_acl_that_the_manifest_names(acl: str) -> None:
    ground = Ground(cut=True)
    ground.model.regions[P].out.add("rds")
    if acl != "named":  # somebody has given the subnet another ACL: what the named one denies, nobody meets
        ground.model.regions[P].data_subnets = ()
    made = ground.made()
    preview = ground.shown(made, SURE)
    assert (preview.observation.seen, preview.decision.fence) == (Seen.PARTLY, Fence.TRIED)
    report = ground.run(made, SURE)
    closed = acl == "named"
    ended = (report.state, report.divergence == "", ground.calls.count(CLOSED))
    assert ended == (State.DONE, closed, 2 * closed), report
    assert (ground.open_seconds == {0.0}) is closed


def refusing(monkeypatch: pytest.MonkeyPatch, operation: str, code: str) -> None:
    """Let P refuse every call of one kind."""
    asked = getattr(Model, f"_{operation}")

    def refused(self: Model, call: Call, region: Region) -> object:
        if call.region == P:
            raise RefusedError(code, "of a test")
        return asked(self, call, region)

    monkeypatch.setattr(Model, f"_{operation}", refused)


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "OptInRequired", "InvalidSignatureException"])
def test_a_region_that_refuses_whoever_asks_is_no_silent_one(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "describe_db_clusters", code)
    ground = Ground(cut=True)
    made = ground.made()
    preview = ground.shown(made, SURE)
    assert (preview.observation.seen, preview.decision.fence) == (Seen.PARTLY, Fence.TRIED)
    assert f"RDS in {P} refuses the question: {code}: of a test" in [
        each.detail for each in preview.observation.witnesses
    ]
    report = ground.run(made, SURE)
    assert (report.state, report.divergence, ground.open_seconds) == (State.DONE, "", {0.0})


@pytest.mark.parametrize("why", ["refused", "silent"])
def test_a_fence_that_fails_too_is_soon_given_up_and_recorded_as_open(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, "describe_db_clusters", "OptInRequired")
    ground = Ground(cut=True)
    if why == "refused":
        refusing(monkeypatch, "describe_network_acls", "OptInRequired")
    else:
        ground.model.regions[P].out.add("ec2")
    made = ground.made()
    ground.shown(made, SURE)
    begin = ground.simulation.now + 20
    report = ground.run(made, SURE)
    promoted = next(at for at, _, what, _ in ground.model.effects if what == "failover_global_cluster")
    assert (report.state, report.divergence[:8]) == (State.DONE, "possible"), report
    assert promoted - begin < 60
    assert ground.open_seconds != {0.0}


@pytest.mark.parametrize(
    ("out", "seen", "fence"),
    [
        ({"dynamodb"}, Seen.UP, Fence.CONFIRMED),
        ({"ec2"}, Seen.UP, Fence.CONFIRMED),
        ({"rds"}, Seen.PARTLY, Fence.TRIED),
        ({"rds", "dynamodb"}, Seen.PARTLY, Fence.TRIED),
        ({"rds", "ec2"}, Seen.UNREACHABLE, Fence.UNCONFIRMED),
        ({"rds", "ec2", "dynamodb"}, Seen.UNREACHABLE, Fence.UNCONFIRMED),
    ],
)
def test_services_that_are_silent_are_asked_beside_each_other_and_two_of_them_make_a_silent_region(
    out: set[str], seen: Seen, fence: Fence
) -> None:
    ground = Ground()
    ground.model.regions[P].out |= out
    found, seconds = ground.observed()
    assert found.seen is seen
    assert seconds <= 7.5
    made = ground.made()
    assert ground.shown(made, SURE).decision.fence is fence


@pytest.mark.parametrize("answers", [True, False])
def test_a_fence_that_an_earlier_run_has_read_counts_for_the_next_one_only_if_it_is_read_again(answers: bool) -> None:
    def dies(owner: str, call: Call, now: float) -> Fault | None:
        return Fault("crash-before") if (owner, call.operation) == ("op1", "failover_global_cluster") else None

    ground = Ground(dies, cut=True)
    ground.model.regions[P].fail()
    killed = ground.made()
    start(ground.simulation, killed, SURE, 160.0)
    ground.simulation.run()
    assert ground.model.regions[P].closed == {1, 2}
    if not answers:
        ground.model.regions[P].closed.clear()
        ground.model.regions[P].out.add("ec2")
    made = ground.made()
    report = ground.run(made, SURE, after=100.0)
    assert (report.state, report.divergence == "") == (State.DONE, answers), report
    ground.simulation.abandon()
