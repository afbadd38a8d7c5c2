"""Plans as text: tables, colour, units."""

import re
from dataclasses import replace

import pytest

from haven.base.terminal import WIDTH, Style
from haven.model.tiers import Tier
from haven.plan import text as plan_text
from haven.plan.summary import Plan, make_plan
from haven.program import aws_types as aws
from tests.haven.plan.hand_made_recordings import (
    EVERYTHING,
    RECOVERY,
    node_group,
    recording,
    resource,
)


@pytest.fixture
def plan() -> Plan:
    return make_plan(recording(*EVERYTHING), ["haven:tags.owner"])


def test_the_text_shows_both_regions_side_by_side(plan: Plan) -> None:
    text = plan_text.render(plan, Style())
    assert "Stack test: tier warm, writes go to eu-west-1" in text
    assert "                      eu-west-1        eu-central-1" in text
    assert "  GPU nodes           4                2" in text
    assert "  database instances  1                0 (headless)" in text
    assert "  system nodes        3                -" in text


def test_the_text_shows_each_promise_beside_its_objective_and_marks_assumptions(plan: Plan) -> None:
    text = plan_text.render(plan, Style())
    assert "time to recover once decided      2.5 min    20 min [A]  RTO 30 min  within reach, if the" in text
    assert "lost: objects not yet replicated  1 s        15 min      RPO 15 min  within what the tier" in text
    assert (
        "time to recover once decided: best case Amazon Route 53 guide; arithmetic; worst case [A] assumed: no source"
        in text
    )


def test_a_missing_promise_is_shown_as_such() -> None:
    text = plan_text.render(make_plan(recording(*EVERYTHING, tier=Tier.BACKUP)), Style())
    assert re.search(r"lost: objects not yet replicated +1 s +no promise", text)
    assert "out of the tier's reach" in text


def test_the_text_lists_placeholders_notes_and_systems(plan: Plan) -> None:
    text = plan_text.render(plan, Style())
    assert "Encrypted values, not decrypted and not in this plan\n  haven:tags.owner\n" in text
    assert text.endswith("Notes\n  a note\n")
    assert "  serving  model-serving  warm" in text


def test_no_line_of_the_text_is_wider_than_a_terminal(plan: Plan) -> None:
    assert max(len(line) for line in plan_text.render(plan, Style()).splitlines()) <= WIDTH


def test_colour_changes_no_word(plan: Plan) -> None:
    painted = plan_text.render(plan, Style(colour=True))
    assert "\033[" in painted
    assert re.sub(r"\033\[\d+m", "", painted) == plan_text.render(plan, Style())


@pytest.mark.parametrize(
    ("value", "output"), [(None, "-"), (1 / 60, "1 s"), (1.5, "1.5 min"), (60, "60 min"), (120, "2 h"), (1440, "24 h")]
)
def test_minutes_are_shown_in_the_unit_that_reads_best(value: float | None, output: str) -> None:
    assert plan_text.minutes(value) == output


EXACT = """\
[1mStack test: tier warm, writes go to eu-west-1[0m
3 resources; planned offline

                      eu-west-1        eu-central-1
                      primary, active  recovery, standby
  resources           2                1
  zones               -                -
  EKS control planes  -                -
  system nodes        3                -
  GPU nodes           4                -
  database clusters   -                1
  database instances  -                0 (headless)
  cache nodes         -                -
  buckets             -                -
  NAT gateways        -                -

[1meu-west-1 (primary, active): 2 resources[0m
  InferenceCluster haven-InferenceCluster: 2
    system nodes system: 3 now, 0 to 9 (g6.xlarge, g5.xlarge)
    GPU nodes serving: 4 now, 0 to 9 (g6.xlarge, g5.xlarge)
[2m    eks: 2 node groups[0m

[1meu-central-1 (recovery, standby): 1 resource[0m
  GlobalDatabase haven-GlobalDatabase: 1
    Aurora PostgreSQL, member db-euc1
    headless: no instance
[2m    rds: 1 cluster[0m

[1mWhat tier warm promises, beside this stack's objectives[0m
  promise                       best case  worst case  asked for   verdict
  time to recover once decided  2.5 min    20 min [A]  RTO 30 min  [32mwithin reach, if the assumption holds[0m
  [A] an assumption, without a source

[1mSources of these figures[0m
  time to recover once decided: best case Amazon Route 53 guide; arithmetic; worst case [A] assumed: no source

[1mSystems[0m
  system   kind           tier
  serving  model-serving  warm

[1mNotes[0m
  a note
"""


def test_a_plan_reads_like_this() -> None:
    database = resource(aws.RDS_CLUSTER, "db-euc1", region=RECOVERY, component="GlobalDatabase")
    made = recording(node_group("system", 3, gpu=False), node_group("serving", 4, gpu=True), database)
    outputs = {**made.outputs, "promises": {"rto": made.outputs["promises"]["rto"]}}
    output = plan_text.render(make_plan(replace(made, outputs=outputs)), Style(colour=True))
    assert output.replace("\033", "") == EXACT
