"""What the silence of the primary Region, and of every control plane that is in one place, costs a failover."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import EPOCH, Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import Machine, machine, manifest_document
from tests.simulation.workloads import FULL, Workloads

ONE_PLACE = ("route53", "iam", "cloudfront", "globalaccelerator", "organizations")
"""Services whose control plane is in one Region for all (AWS, "AWS Fault Isolation Boundaries", appendix A)."""
REQUEST = Request(planned=False, force="the provider confirms the loss", accept_loss="unknown")
TIERS = ("pilot-light", "warm", "active-active")
MOST_SECONDS = 10.0


def ground(tier: str) -> tuple[Model, RecoveryManifest]:
    """An environment: without an instance in R, at standby scale there, or at full scale in both Regions."""
    headless = tier == "pilot-light"
    document = json.loads(json.dumps({**manifest_document(standby=0 if headless else 1), "tier": tier}))
    model = Model(instances=0 if headless else 1)
    if tier == "active-active":
        for side in document["sides"].values():
            for group in side["cluster"]["nodeGroups"].values():
                group["standby"] = group["full"]
        region = model.regions[R]
        region.nodes, region.running, region.workloads = (3, 3, 4), 3, Workloads(FULL, FULL, suspended=False)
    return model, parse(json.dumps(document), "a test")


def failed_over(tier: str, how: str) -> tuple[float, list[Call], list[str]]:
    """Virtual seconds of a failover from its preview on, its calls, and what it changed.

    Args:
        tier: the environment's.
        how: P is `silent`: requests time out; `refusing`: connections are refused; or `healthy`.
    """
    model, manifest = ground(tier)
    calls: list[Call] = []

    def fault(_: str, call: Call, now: float) -> Fault | None:
        calls.append(call)
        away = call.region in (P, "us-east-1") or call.service in ONE_PLACE
        return {"silent": Fault("timeout-before"), "refusing": Fault("error-before")}.get(how) if away else None

    if how != "healthy":
        model.at(100, model.kill)
    simulation = Simulation(model, fault)
    made = machine(simulation, "a", manifest=manifest)

    def begin() -> None:
        simulation.start(made.name, whole(made), made.outcome.append)

    simulation.at(200, made.name, begin)
    simulation.run()
    assert isinstance(made.outcome[0], Report), made.outcome
    assert (made.outcome[0].state, model.regions[R].writer["database"]) == (State.DONE, True), made.outcome
    return made.operator.journal.entries[-1].at - EPOCH - 200, calls, [what for _, _, what, _ in model.effects]


async def whole(made: Machine) -> Any:
    """As the command does it."""
    await made.operator.preview(REQUEST)
    return await made.operator.run(REQUEST)


@pytest.mark.parametrize("tier", TIERS)
def test_silence_costs_at_most_10_seconds_more_than_an_answer(
    tier: str, record_property: Callable[[str, object], None]
) -> None:
    took = {how: failed_over(tier, how) for how in ("silent", "refusing", "healthy")}
    silent, refusing, healthy = (seconds for seconds, _, _ in took.values())
    record_property(
        "figure",
        f"{tier}, in virtual time: primary and one-place planes silent {silent:.1f} s,"
        f" refusing {refusing:.1f} s, healthy {healthy:.1f} s",
    )
    assert silent - refusing <= MOST_SECONDS
    assert silent - healthy <= MOST_SECONDS


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_that_is_in_one_place_is_asked_and_nothing_in_the_lost_region_is_changed(tier: str) -> None:
    _, calls, _ = failed_over(tier, "silent")
    assert [each for each in calls if each.region == "us-east-1" or each.service in ONE_PLACE] == []
    assert {each.operation for each in calls if each.region == P and each.changes} <= {"update_item"}


def test_the_tiers_differ_in_what_a_failover_does() -> None:
    effects = {tier: failed_over(tier, "silent")[2] for tier in TIERS}
    created = {tier: "create_db_instance" in each for tier, each in effects.items()}
    scaled = {tier: "update_nodegroup_config" in each for tier, each in effects.items()}
    assert created == {"pilot-light": True, "warm": False, "active-active": False}
    assert scaled == {"pilot-light": True, "warm": True, "active-active": False}
