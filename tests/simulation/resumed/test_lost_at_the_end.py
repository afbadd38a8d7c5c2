"""A planned failover whose old Region is lost when only the last steps there are left."""

from collections.abc import Callable
from typing import Any

from haven.runbooks.reconcile import left
from haven.runbooks.status.readings import State as Found
from haven.runbooks.workflow.journal import END, Workflow, replay
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.steps import Ending
from tests.simulation.clock import Fault
from tests.simulation.model import P
from tests.simulation.regions import Queue
from tests.simulation.resumed.test_lost_meanwhile import PLANNED, Ground, dies, done

LAST = ["reopen-old-side", "read-write-old-side", "rest-workloads", f"rest:{P}-gpu"]


def ended(what: Callable[[Ground], Fault | None]) -> tuple[Ground, Report, float]:
    """A failover, and how many seconds it went on after the new Region was verified."""
    ground = Ground(done("verify"), what)
    report = ground.go(PLANNED)
    assert report is not None
    verified = min(each.at for each in journal(ground) if each.data.get("step") == "verify")
    return ground, report, journal(ground)[-1].at - verified


def journal(ground: Ground) -> Any:
    return ground.last.operator.journal.entries


def workflow(ground: Ground) -> Workflow:
    found = replay(journal(ground))
    assert found is not None
    return found


def checks(ground: Ground) -> list[tuple[Found, str, list[str]]]:
    """What `haven reconcile` makes of it."""
    found: list[Any] = []
    ground.simulation.start("reconcile", left.checks(ground.last.operator.site, workflow(ground)), found.append)
    ground.simulation.run()
    return [(each.state, each.description, list(each.commands)) for each in found[0]]


def test_the_last_steps_end_at_once_and_each_is_named_with_what_is_left_to_do() -> None:
    _, report, seconds = ended(dies)
    assert (report.state, [report.endings[each] for each in LAST]) == (State.DONE, [Ending.FAILED] * 4), report
    why = f"{P} doesn't answer, and 2 independent observations agree that it is lost; left to do when it is back: "
    what = ["open the data subnets", "let applications", "scale workloads", f"scale {P}-gpu to standby scale"]
    for step, each in zip(LAST, what, strict=True):
        assert any(line.startswith(f"{step}: {why}{each}") for line in report.why), report.why
    assert seconds < 120  # virtual ones: the deadlines of the two chains are 300 + 300 and 900 + 600


def test_a_region_that_this_machine_alone_does_not_reach_is_waited_for() -> None:
    def hidden(ground: Ground) -> None:
        ground.hidden = True

    _, report, seconds = ended(hidden)
    assert "reopen-old-side: not done within 300 s" in "; ".join(report.why)
    assert seconds > 1000


def test_reconcile_names_what_is_left_until_it_is_done() -> None:
    ground, _, _ = ended(dies)
    assert journal(ground)[-1].kind == END
    assert {state for state, _, _ in checks(ground)} == {Found.UNKNOWN}
    ground.model.revive(ground.simulation.now)
    found = checks(ground)
    assert [state for state, _, _ in found] == [Found.WRONG] * 5, found
    typed = " ".join(word for _, _, commands in found for word in commands)
    for each in (
        "ec2 delete-network-acl-entry",
        "ssm put-parameter",
        "eks update-nodegroup-config",
        "kubectl patch",
        "sqs",
    ):
        assert each in typed
    region = ground.model.regions[P]
    region.closed.clear()
    region.mode, region.nodes, region.queue = "read-write", (1, 1, 4), Queue()
    assert [state for state, _, _ in checks(ground)] == [Found.OK, Found.OK, Found.OK, Found.WRONG, Found.OK]


def test_nothing_is_left_of_a_failover_whose_old_region_answers() -> None:
    ground, report, _ = ended(lambda _: None)
    assert {report.endings[each] for each in LAST} == {Ending.DONE}
    assert workflow(ground).end == {**(workflow(ground).end or {}), "left": []}
    assert checks(ground) == []
