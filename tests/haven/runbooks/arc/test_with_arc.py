"""`haven failover --with arc` as a process: the emulator's database really moves; ARC is a model on the gateway."""

import json
import os
import pty
import signal
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, INTERRUPTED, OK
from haven.runbooks.executions import SERVICE
from tests.gateway import Fault
from tests.haven.runbooks.arc.plan_ground import PlanGround
from tests.simulation.aws.region_switch import APPROVED, ROLE, Block
from tests.simulation.model import PLAN, P, R

pytestmark = [pytest.mark.timeout(300), pytest.mark.emulator]
LOST = ("--force", "the provider confirms the loss")


def test_a_healthy_plan_is_started_once_watched_to_its_end_and_recorded(planned: PlanGround) -> None:
    with planned.ground.beating():
        planned.ground.beat(seconds_ago=0)
        code, text, _ = planned.ground.haven("failover", "--to", R, "--with", "arc", "--planned", "--dry-run")
        assert (code, planned.arc.starts) == (OK, 0)
        assert f"  {PLAN}, version 1:\n    move-writer (AuroraGlobalDatabase, within 30 min)" in text
        code, document, progress = planned.with_arc("--planned")
    assert (code, document["state"], planned.ground.writer) == (OK, "done", R), document
    jsonschema.validate(document, json.loads(files("haven.cli").joinpath("schemas", "failover.v1.json").read_text()))
    assert document["arc"]["steps"] == {"move-writer": "completed", "scale": "completed"}
    own = f"haven failover {planned.ground.named} --to {R} {planned.ground.kept} --planned"
    assert document["next"][0].startswith(f"{own}: does what the plan leaves")
    assert "> ARC: move-writer: done" in progress
    (start,) = planned.asked("StartPlanExecution")
    named = ("targetRegion", "action", "mode")
    assert [start.arguments[each] for each in named] == [R, "activate", "graceful"]
    assert planned.ground.closed() == []
    assert planned.ground.haven("audit verify", "--in", R)[0] == OK
    code, document, _ = planned.with_arc("--planned")
    assert (code, document["state"], planned.arc.starts) == (OK, "nothing to do", 1)


@pytest.mark.exhaustive
def test_with_a_silent_primary_region_arc_is_asked_in_the_other_one_alone(planned: PlanGround) -> None:
    ground = planned.ground
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.BLACKHOLE
    code, document, _ = planned.with_arc()
    assert (code, document["state"], planned.arc.starts) == (FINDINGS, "refused", 0), document
    assert "1 of 2 independent observations report its loss" in document["why"][0]
    code, document, _ = planned.with_arc(*LOST)
    assert (code, document["state"], ground.writer) == (OK, "done", R), document
    assert document["divergence"].startswith("possible")
    assert {each.region for each in ground.gateway.calls if each.service == SERVICE} == {R}
    assert planned.asked("StartPlanExecution")[0].arguments["mode"] == document["arc"]["mode"] == "graceful"
    (switched,) = planned.asked("UpdatePlanExecutionStep")
    assert [switched.arguments[each] for each in ("stepName", "actionToTake")] == ["move-writer", "switchToUngraceful"]
    assert document["arc"]["steps"] == {"move-writer": "completed", "scale": "completed"}
    own = f"haven failover {planned.ground.named} --to {R} {planned.ground.kept}"
    assert document["next"][0].startswith(f"{own}: does what the plan leaves")


@pytest.mark.exhaustive
def test_a_failed_step_is_named_with_how_to_go_on_and_the_same_command_watches_on(planned: PlanGround) -> None:
    planned.arc.broken = {"scale"}
    with planned.ground.beating():
        planned.ground.beat(seconds_ago=0)
        code, document, _ = planned.with_arc("--planned")
        (why,) = document["why"]
        assert (code, document["state"]) == (FINDINGS, "incomplete"), document
        assert "step scale (scale broke) failed; repair it" in why
        assert f"aws arc-region-switch update-plan-execution --region {R} --plan-arn {PLAN}" in why
        code, text, _ = planned.ground.haven("failover", "--to", R, "--confirm", "sim")
        assert (code, planned.again in text) == (FINDINGS, True), text
        planned.arc.broken = set()
        (running,) = planned.arc.executions
        planned.arc.answer("UpdatePlanExecution", {"executionId": running.id, "action": "resume"}, R)
        code, document, _ = planned.with_arc("--planned")
    assert (code, document["state"], planned.arc.starts) == (OK, "done", 1), document


@pytest.mark.exhaustive
def test_an_execution_that_is_cancelled_before_the_writer_moves_ends_the_workflow(planned: PlanGround) -> None:
    planned.arc.blocks = APPROVED
    with planned.ground.beating():
        planned.ground.beat(seconds_ago=0)
        with planned.started("--planned", "--confirm", "sim") as process:
            planned.wait_for(lambda: bool(planned.arc.executions))
            planned.arc.answer("CancelPlanExecution", {"executionId": planned.arc.executions[0].id}, R)
            text, _ = process.communicate()
        assert (process.returncode, planned.ground.writer) == (FINDINGS, P), text
        assert "sim: undone" in text
        assert "ended as canceled" in text
        planned.arc.blocks = ()
        code, document, _ = planned.with_arc("--planned", "--dry-run")
    assert (code, document["workflow"]) == (OK, "")


@pytest.mark.exhaustive
def test_a_step_that_waits_is_approved_by_whoever_types_the_name_and_has_the_role(planned: PlanGround) -> None:
    ground = planned.ground
    planned.arc.blocks = APPROVED
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    ground.aws.of("iam", P).create_role(RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=trusting)
    keys = ground.aws.of("sts", R).assume_role(RoleArn=ROLE, RoleSessionName="on-call")["Credentials"]
    ground.credentials = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    master, slave = pty.openpty()
    with ground.beating():
        ground.beat(seconds_ago=0)
        with planned.started("--planned", "--confirm", "sim", stdin=slave) as process:
            planned.wait_for(lambda: any("approve" in each.status for each in planned.arc.executions))
            os.write(master, b"simm\n")
            planned.wait_for(lambda: len(planned.asked("GetPlanExecution")) > 3)
            assert planned.asked("ApprovePlanExecutionStep") == []
            os.write(master, b"sim\n")
            text, error = process.communicate()
    os.close(slave)
    os.close(master)
    assert (process.returncode, ground.writer) == (OK, R), text + error
    assert error.count("--step-name approve --approval approve; or type sim here\n") == 1
    (approval,) = planned.asked("ApprovePlanExecutionStep")
    assert approval.arguments["stepName"] == "approve"


@pytest.mark.exhaustive
def test_whoever_has_another_role_reads_how_the_step_is_approved(planned: PlanGround) -> None:
    planned.arc.blocks = APPROVED
    with planned.ground.beating():
        planned.ground.beat(seconds_ago=0)
        with planned.started("--planned", "--confirm", "sim") as process:
            planned.wait_for(lambda: any("approve" in each.status for each in planned.arc.executions))
            (running,) = planned.arc.executions
            planned.wait_for(lambda: len(planned.asked("GetPlanExecution")) > 2)
            words = {"executionId": running.id, "stepName": "approve", "approval": "approve"}
            planned.arc.answer("ApprovePlanExecutionStep", words, R)
            text, error = process.communicate()
    assert process.returncode == OK, text + error
    assert f"as {ROLE}: aws arc-region-switch approve-plan-execution-step --region {R} --plan-arn {PLAN}" in error
    assert "or type sim" not in error


def test_ctrl_c_ends_the_watching_alone_and_a_second_run_watches_the_same_execution(
    planned: PlanGround, record_property: Callable[[str, object], None]
) -> None:
    planned.arc.blocks = (Block("move-writer", "AuroraGlobalDatabase", 6.0),)
    with planned.ground.beating():
        planned.ground.beat(seconds_ago=0)
        with planned.started("--planned", "--confirm", "sim") as process:
            planned.wait_for(lambda: len(planned.asked("GetPlanExecution")) > 1)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, error = process.communicate()
            took = time.monotonic() - begin
        record_property("figure", f"Ctrl-C while a plan is watched: ended after {took:.2f} s")
        assert process.returncode == INTERRUPTED, error
        (running,) = planned.arc.executions
        assert f"Execution {running.id} goes on in ARC" in error
        assert f"To watch it again: {planned.again}" in error
        planned.ground.expire_lease()
        planned.ground.machine = "another-machine"
        code, document, _ = planned.with_arc("--planned")
    assert (code, document["state"], document["arc"]["execution"]) == (OK, "done", running.id), document
    assert (planned.arc.starts, len(planned.asked("StartPlanExecution"))) == (1, 1)


@pytest.mark.exhaustive
def test_an_execution_that_somebody_else_started_is_watched_and_named_as_unguarded(planned: PlanGround) -> None:
    words = {"targetRegion": R, "action": "activate", "mode": "ungraceful", "clientToken": "console"}
    planned.arc.moved = lambda _: bool(planned.asked("GetPlanExecution"))
    planned.arc.answer("StartPlanExecution", words, R)
    planned.ground.beat(seconds_ago=600)
    code, document, _ = planned.with_arc()
    assert (code, document["state"], planned.arc.starts) == (OK, "done", 1), document
    assert any(
        "was started outside this workflow: no guard of Haven's came before it" in each for each in document["why"]
    )
    assert planned.asked("StartPlanExecution") == []


def test_a_manifest_without_a_plan_is_one_error_with_the_fix_before_arc_is_asked(planned: PlanGround) -> None:
    kept: Path = planned.ground.folder / "manifest.json"
    document = json.loads(kept.read_text())
    del document["recoveryPlan"]
    kept.write_text(json.dumps(document))
    code, _, error = planned.with_arc("--planned")
    assert (code, error.count("recoveryPlan: got nothing")) == (BAD_INPUT, 1), error
    assert "run pulumi up with haven:active as it is" in error
    assert [each for each in planned.ground.gateway.calls if each.service == SERVICE] == []
