"""The progress of a failover on a terminal of 80 columns: nothing that matters is cut, whatever a step waits for."""

from collections.abc import Sequence

import pytest

from haven.cli.recovery.progress import Board
from haven.runbooks.failover.times.predicted import Estimate
from haven.runbooks.workflow.steps import Progress
from tests.haven.cli.recovery.terminal import COLUMNS, Screen, terminal

ARN = f"arn:aws:sts::000000000000:assumed-role/haven-operator/{'o' * 80}"
HELD = f"{ARN} (root@a-machine-with-a-long-name) has it (token 1); free in 56 s at the latest, unless they renew it"
PREDICTED = {"promote-database": Estimate(294, 480, "assumed")}


def shown(*steps: Progress, rows: int = 40, then: Sequence[Progress] = ()) -> Screen:
    """What a terminal gets while steps are at work, and once some of them have ended; the end draws once more."""
    with terminal(rows) as (out, screen), Board(out) as board:
        board.expected = PREDICTED
        for each in steps:
            board.report(each)
        for each in then:
            board.report(each)
    return screen


def running(name: str, title: str, detail: str = "") -> Progress:
    return Progress(name, title, "running", 5, 61, detail)


def test_the_name_the_holder_the_prediction_and_until_when_are_whole_on_80_columns() -> None:
    screen = shown(
        running("lease", "Wait for the lease", HELD),
        running("promote-database", "Promote the database in eu-central-1", "db-global is switching-over"),
        running("verify", "Verify that eu-central-1 is the writing Region"),
    )
    assert screen.widest <= COLUMNS
    text = screen.words
    assert "Wait for the lease (5 of 61 s)" in text
    assert "free in 56 s at the latest, unless they renew it" in text
    assert "Promote the database in eu-central-1 (5 of 61 s, predicted 294 to 480 s)" in text
    assert "db-global is switching-over" in text
    assert "Verify that eu-central-1 is the writing Region (5 of 61 s)" in text
    assert ARN in text.replace(" ", "")
    assert "…" not in text


def test_a_step_that_has_ended_stays_above_those_at_work_with_what_is_wrong_with_it() -> None:
    why = "cache-eu-central-1 doesn't exist yet: the cache starts empty, as it does after each failover"
    screen = shown(
        running("promote-cache", "Promote the cache in eu-central-1"),
        then=[Progress("promote-cache", "Promote the cache in eu-central-1", "done", 7, 900, why)],
    )
    ended = screen.lines.index("- Promote the cache in eu-central-1: done (7 of 900 s)")
    assert " ".join(" ".join(screen.lines[ended + 1 : ended + 3]).split()) == why
    assert screen.widest <= COLUMNS


@pytest.mark.parametrize(("count", "times"), [(14, True), (30, False)])
def test_where_the_terminal_is_too_low_for_all_steps_their_names_are_there_and_what_is_left_out_is_named(
    count: int, times: bool
) -> None:
    names = [f"Scale eu-central-1-gpu-{number} to 4" for number in range(count)]
    screen = shown(*(running(each, each, "waits for nodes that are long in coming " * 3) for each in names), rows=24)
    text = screen.words
    assert [each for each in names if each not in text] == []
    assert ("(5 of 61 s)" in text.partition("in a higher terminal: what each waits for")[0]) is times
    assert screen.widest <= COLUMNS
