"""What makes a Region serve, when something of it is missing: the cluster's API, right answers, nodes."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.runbooks.failover import nodes, plan
from haven.runbooks.failover.decision import Fence, Request
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.journal import INTENT, Entry, Workflow, apply
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Done, Impossible, Look, Missing, Waiting
from tests.simulation import workloads
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import MANIFESTS, PATIENT, machine, manifest_document, start
from tests.simulation.workloads import FULL, STANDBY


def run(
    model: Model, *, planned: bool = True, force: str = "", manifest: RecoveryManifest = PATIENT[1]
) -> tuple[Report, str]:
    """A failover to R, and what it wants to be known."""
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=manifest)
    start(simulation, made, Request(planned, force), 150)
    simulation.run()
    report: Report = made.outcome[0]
    assert isinstance(report, Report), report
    return report, "; ".join(report.why)


def switched(model: Model) -> bool:
    """Whether traffic was moved."""
    return any(what == "put_metric_data" for _, _, what, _ in model.effects)


def test_a_cluster_s_api_out_of_reach_keeps_neither_the_database_nor_traffic_and_is_named() -> None:
    model = Model()
    model.regions[R].workloads.silent = True
    report, why = run(model)
    assert (report.state, model.regions[R].writer["database"], model.regions[P].off) == (State.DONE, True, True)
    assert "start-workloads: not done within 1500 s: the Kubernetes API can't be reached" in why
    assert model.regions[R].workloads.replicas == STANDBY
    model.regions[R].workloads.silent = False
    report, _ = run(model)
    assert (report.state, model.regions[R].workloads.replicas) == (State.DONE, FULL)


def test_wrong_answers_keep_traffic_where_it_is_until_somebody_gives_a_reason() -> None:
    model = Model()
    model.regions[R].workloads.wrong_since = 0.0
    report, why = run(model)
    assert (report.state, switched(model)) == (State.INCOMPLETE, False)
    assert "await-inference: not done within 1800 s: 'Capital of France?': answered 'I am a teapot.'" in why
    forced = Model()
    forced.regions[R].workloads.wrong_since = 0.0
    report, why = run(forced, force="clients can live with it")
    assert (report.state, switched(forced)) == (State.DONE, True)
    why_forced = "await-inference: forced (clients can live with it) although models answer wrong: 'Capital of France?'"
    assert why_forced in why


def test_one_question_without_an_answer_makes_models_that_answered_wrong_no_unknown_ones() -> None:
    model = Model()
    model.regions[R].workloads.wrong_since = 0.0
    asked: list[float] = []

    def fault(_: str, call: Call, now: float) -> Fault | None:
        asked.extend([now] if call.operation == "ask" else [])
        late = call.operation == "ask" and now - asked[0] > 600 and now - asked[0] < 640
        return Fault("timeout-before", 10) if late else None

    simulation = Simulation(model, fault)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned=True), 150)
    simulation.run()
    assert len(asked) > 20
    assert (made.outcome[0].state, switched(model)) == (State.INCOMPLETE, False)


@pytest.mark.parametrize(("fallback", "state"), [("chat/server-fallback", State.DONE), ("", State.INCOMPLETE)])
def test_the_fallback_opens_traffic_only_where_the_manifest_declares_one(
    fallback: str, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"status": 200, "answer": "Please try again.", "seconds": 0.1, "degraded": "cached"}
    monkeypatch.setattr(workloads.Workloads, "ask", lambda *_: answer)
    document = json.loads(json.dumps(manifest_document(rpo_minutes=1e6)))
    document["sides"][R]["workloads"][0]["fallback"] = fallback
    model = Model()
    report, why = run(model, manifest=parse(json.dumps(document), "a test"))
    assert (report.state, switched(model)) == (state, state is State.DONE)
    assert ("await-inference: degraded" in why) is bool(fallback)


def test_a_planned_failover_takes_the_region_that_is_left_to_standby_scale_workloads_first() -> None:
    model = Model()
    report, why = run(model)
    assert (report.state, why) == (State.DONE, "")
    left = model.regions[P]
    assert (left.workloads.minimum, left.workloads.suspended, left.nodes) == (STANDBY, True, (1, 1, 4))
    there = [(at, what) for at, _, what, region in model.effects if region == P]
    names = [what for _, what in there if what in ("patch", "update_nodegroup_config")]
    assert names == ["patch", "patch", "update_nodegroup_config"]
    thrown = max(at for at, _, what, _ in model.effects if what == "put_metric_data")
    assert min(at for at, what in there if what == "patch") > thrown + 180


def test_an_abort_takes_workloads_back_to_standby_scale() -> None:
    model = Model(instances=0)
    model.at(50, model.cut)  # more than the objective may be lost
    model.at(600, model.kill)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=MANIFESTS[0])
    start(simulation, made, Request(planned=False), 700)
    simulation.run()
    assert made.outcome[0].state is State.UNDONE, made.outcome
    found = model.regions[R].workloads
    assert found.minimum == STANDBY
    assert "patch" in [what for _, _, what, region in model.effects if region == R]


def site_of(groups: Mapping[str, Any], clock: "Clock", replaces: float = 1) -> Site:
    """An environment whose node groups in R have these sizes; at full scale each has three nodes, and one is enough.
    Servers of group `one` may run on group `two` as well, and not the other way round."""
    document = json.loads(json.dumps(manifest_document()))
    document["sides"][R]["cluster"]["nodeGroups"] = {
        name: {"full": [1, 3, each["maxSize"]], "standby": [0, 0, 4], "gpu": True, "pool": f"pool-{name}"}
        for name, each in groups.items()
    }
    document["sides"][R]["cluster"]["nodeGroups"]["one"]["standIns"] = {"pool-two": replaces}
    return Site(parse(json.dumps(document), "a test"), R, clock)


def look_at(
    groups: Mapping[str, Any], running: Mapping[str, int], waited: float, replaces: float = 1, name: str = "one"
) -> Look:
    """What a step makes of a group, after some time, when each group has these sizes and these nodes, and a node of
    group `two` replaces so many of group `one`."""
    clock = Clock()
    look = nodes.scaled(site_of(groups, clock, replaces), name, (1, 3, 4))
    found = _answered(look(Workflow("w", {})), groups, running)
    clock.now += waited
    return _answered(look(Workflow("w", {})), groups, running) if waited else found


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


def _answered(looking: Any, groups: Mapping[str, Any], running: Mapping[str, int]) -> Look:
    answer: Any = None
    try:
        while True:
            call: Call = looking.send(answer)
            if call.operation == "describe_nodegroup":
                name = call.arguments["nodegroupName"]
                resources = {"autoScalingGroups": [{"name": name}]}
                answer = {"nodegroup": {"scalingConfig": groups[name], "resources": resources}}
            else:
                (name,) = call.arguments["AutoScalingGroupNames"]
                answer = {"AutoScalingGroups": [{"Instances": [{"LifecycleState": "InService"}] * running[name]}]}
    except StopIteration as stop:
        found: Look = stop.value
        return found


def sizes(desired: int, most: int = 4) -> Mapping[str, int]:
    return {"minSize": 1, "desiredSize": desired, "maxSize": most}


def undone(before: tuple[int, int, int], *, stopped: bool = False) -> Model:
    """A failover that is undone because too much would be lost, with a node group that had these sizes.

    Args:
        before: minimum, desired and maximum size.
        stopped: whether the first process dies after its call, and another one goes on.
    """
    model = Model()
    model.regions[R].nodes, model.regions[R].running = before, before[1]
    model.at(50, model.cut)
    model.at(600, model.kill)

    def fault(owner: str, call: Call, _: float) -> Fault | None:
        dies = stopped and owner == "a" and call.operation == "update_nodegroup_config"
        return Fault("crash-after") if dies else None

    simulation = Simulation(model, fault)
    machines = [machine(simulation, name, manifest=MANIFESTS[1]) for name in ("a", "b")[: 1 + stopped]]
    for place, made in enumerate(machines):
        start(simulation, made, Request(planned=False), 700 + 600 * place)
    simulation.run()
    assert machines[-1].outcome[0].state is State.UNDONE, machines[-1].outcome
    return model


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("before", [(1, 1, 4), (1, 2, 3), (2, 8, 10), (0, 0, 2)])
def test_an_abort_leaves_a_node_group_as_it_found_it(before: tuple[int, int, int], stopped: bool) -> None:
    assert undone(before, stopped=stopped).regions[R].nodes == before


def test_a_node_group_that_is_large_enough_is_neither_scaled_nor_scaled_back() -> None:
    model = undone((3, 8, 10))
    assert model.regions[R].nodes == (3, 8, 10)
    assert [what for _, _, what, _ in model.effects if what == "update_nodegroup_config"] == []


def test_scaling_up_makes_nothing_smaller() -> None:
    found = look_at({"one": {"minSize": 0, "desiredSize": 8, "maxSize": 10}}, {}, 0)
    assert isinstance(found, Missing)
    assert found.call.arguments["scalingConfig"] == {"minSize": 1, "desiredSize": 8, "maxSize": 10}
    assert found.before == {"one": {"minSize": 0, "desiredSize": 8, "maxSize": 10}}


def test_a_group_that_stood_in_for_another_one_is_scaled_back_to_what_it_had_at_first() -> None:
    workflow = Workflow("w", {})
    for step, desired in (("scale:one", 4), ("scale:two", 2)):
        data = {"step": step, "call": "c", "arguments": {}, "before": {"two": sizes(desired, 5)}}
        apply(workflow, Entry(1, INTENT, 1, "me", 0.0, data))
    groups = {"one": sizes(3), "two": sizes(5, 5)}
    found = _answered(nodes.restored(site_of(groups, Clock()), "two")(workflow), groups, {})
    assert isinstance(found, Missing)
    assert found.call.arguments["scalingConfig"] == sizes(2, 5)
    assert isinstance(_answered(nodes.restored(site_of(groups, Clock()), "one")(workflow), groups, {}), Done)


def test_an_abort_scales_a_group_back_that_stood_in_and_whose_own_step_called_nothing() -> None:
    """Group `two` was at full scale already, and its own nodes hadn't come when a node of group `one` was lacking."""
    workflow = Workflow("w", {})
    data = {"step": "scale:one", "call": "c", "arguments": {}, "before": {"two": sizes(3, 5)}}
    apply(workflow, Entry(1, INTENT, 1, "me", 0.0, data))
    groups = {"one": sizes(3), "two": sizes(4, 5)}
    steps = plan.steps(site_of(groups, Clock()), Fence.CONFIRMED, planned=False)
    undoing = {each.name: each for each in plan.undoing(steps, workflow)}
    assert [each for each in undoing if "scale" in each] == ["undo-scale:one", "undo-scale:two"]
    found = _answered(undoing["undo-scale:two"].look(workflow), groups, {})
    assert isinstance(found, Missing)
    assert found.call.arguments["scalingConfig"] == sizes(3, 5)


def test_another_group_of_gpus_with_room_runs_the_nodes_that_do_not_come() -> None:
    groups, few = {"one": sizes(3), "two": sizes(3, 5)}, {"one": 1, "two": 3}
    assert isinstance(look_at(groups, few, 299), Waiting)
    found = look_at(groups, few, 300)
    assert isinstance(found, Missing)
    assert found.call.arguments["nodegroupName"] == "two"
    assert found.call.arguments["scalingConfig"] == {"minSize": 1, "desiredSize": 5, "maxSize": 5}
    groups["two"] = sizes(5, 5)
    done = look_at(groups, {"one": 1, "two": 5}, 300)
    assert isinstance(done, Done)
    assert done.remark == "one: 3 of 3 nodes in service, 2 of them replaced by other groups"


@pytest.mark.parametrize(("replaces", "wanted"), [(4, 4), (2, 4), (1, 5), (0.5, 7)])
def test_nodes_of_another_size_are_counted_by_the_replicas_that_they_take(replaces: float, wanted: int) -> None:
    groups, few = {"one": sizes(3), "two": sizes(3, 9)}, {"one": 1, "two": 3}
    found = look_at(groups, few, 300, replaces)
    assert isinstance(found, Missing)
    assert found.call.arguments["scalingConfig"]["desiredSize"] == wanted
    groups["two"] = sizes(wanted, 9)
    assert isinstance(look_at(groups, few | {"two": wanted - 1}, 300, replaces), Waiting)
    assert isinstance(look_at(groups, few | {"two": wanted}, 300, replaces), Done)


def test_a_group_on_which_the_servers_may_not_run_stands_in_for_nothing() -> None:
    groups = {"one": sizes(3, 9), "two": sizes(3)}
    assert isinstance(look_at(groups, {"one": 9, "two": 1}, 300, name="two"), Waiting)
    degraded = look_at(groups, {"one": 9, "two": 1}, 900, name="two")
    assert isinstance(degraded, Done)
    assert degraded.remark == "two: 1 of 3 nodes in service: degraded"


def test_without_room_elsewhere_the_least_opens_traffic_after_patience_and_nothing_does_not() -> None:
    groups = {"one": sizes(3), "two": sizes(3, 3)}
    degraded = look_at(groups, {"one": 1, "two": 3}, 900)
    assert isinstance(degraded, Done)
    assert degraded.remark == "one: 1 of 3 nodes in service: degraded"
    assert isinstance(look_at(groups, {"one": 0, "two": 3}, 900), Impossible)


def test_the_plan_shows_what_is_done_while_nodes_do_not_come() -> None:
    site = site_of({"one": sizes(3, 3), "two": sizes(3, 5)}, Clock())
    assert [nodes.plan(site, each) for each in ("one", "two")] == [
        "Scale one to 3 nodes; after 5 minutes two runs what it lacks; after 15 minutes 1 opens traffic",
        "Scale two to 3 nodes; after 15 minutes 1 opens traffic",
    ]
