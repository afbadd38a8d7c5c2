"""GPU capacity: what the standby Region must get, and with how many nodes the RTO is met."""

import re
from dataclasses import replace

from haven.model.durations.simulation import Simulation
from haven.model.recovery_time import graphs
from haven.plan.gpu_capacity import sentence
from haven.plan.model_inputs import POOL_LABEL, model_inputs, pool
from haven.plan.prediction import predict_environment
from haven.program import aws_types as aws
from tests.environments import RECOVERY, TIERS, environment


def test_gpu_capacity_is_what_the_standby_region_must_get() -> None:
    predictions = {tier: predict_environment(environment(tier)) for tier in TIERS}
    missing = {tier: {each.group: each.missing for each in predictions[tier].capacity} for tier in TIERS}
    assert missing["pilot-light"]["serving"] == 3
    assert missing["warm"]["serving"] == 2
    assert missing["active-active"]["serving"] == 0
    (serving,) = (each for each in predictions["warm"].capacity if each.group == "serving")
    assert serving.region == RECOVERY
    assert (serving.quota, serving.vcpus) == ("L-DB2E81BA", 3 * 8)
    assert all(serving.types.values())


def test_the_warm_nodes_that_meet_the_rto_are_found_or_there_are_none() -> None:
    for minutes, nodes in ((60, 0), (30, 1), (5, None)):
        predicted = predict_environment(environment("warm"), {"rtoMinutes": minutes})
        assert [each.nodes_for_rto for each in predicted.capacity if each.group == "serving"] == [nodes], minutes


def test_groups_that_serve_are_sized_together_and_one_that_is_short_holds_up_no_other() -> None:
    light = environment("pilot-light")
    both = light.outputs["systems"] | {"second": light.outputs["systems"]["serving"]}
    serving = [each for each in light.resources if each.type == aws.EKS_NODE_GROUP and pool(each) == "serving"]
    second = [
        replace(each, key=each.key[::-1], urn=f"{each.urn}-2", inputs={
            **each.inputs, "labels": {**each.inputs["labels"], POOL_LABEL: "second", "haven-system": "second"}
        })
        for each in serving
    ]  # fmt: skip
    two = replace(light, resources=[*light.resources, *second], outputs={**light.outputs, "systems": both})
    needs = {each.group: each for each in predict_environment(two, {"rtoMinutes": 34}).capacity}
    assert (needs["serving"].nodes_for_rto, needs["second"].nodes_for_rto) == (1, 1)
    inputs = model_inputs(two)
    enough = [replace(each, standby=1) if each.serves else each for each in inputs.recovery.groups]
    p95 = Simulation().summary(graphs(replace(inputs.recovery, groups=enough)).environment).p95
    assert p95 < 34.5 * 60


def test_where_no_number_of_nodes_meets_the_rto_the_term_that_takes_the_most_is_named() -> None:
    needs = {each.group: each for each in predict_environment(environment("warm"), {"rtoMinutes": 5}).capacity}
    assert re.search(
        r"no number of nodes meets RTO 5 min: with all of them p95 is [\d.]+ min, \w+ the most of it",
        sentence(needs["serving"]),
    )
    assert "no number" not in sentence(needs["training"])
