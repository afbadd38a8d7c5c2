"""On-demand, spot and reserved GPU nodes."""

import pytest

from haven_components import CapacityMarket
from tests.components.cluster.test_inference_cluster import GPU, RESERVATION, RESERVED, SUBNETS, _all, _declare


def test_spot_nodes_have_a_group_that_no_model_server_lands_on() -> None:
    recording = _declare(gpu_node_groups=[GPU, {**GPU, "name": "spot", "spot": True}])
    on_demand, spot = (_all(recording, "NodeGroup")[f"ai-euw1-{each}"].inputs for each in ("inference", "spot"))
    assert (on_demand["capacityType"], spot["capacityType"]) == ("ON_DEMAND", "SPOT")
    assert (on_demand["labels"]["haven.dev/gpu"], spot["labels"]["haven.dev/gpu"]) == ("true", "spot")
    assert spot["subnetIds"] == SUBNETS
    assert spot["taints"] == on_demand["taints"]


def test_a_group_that_becomes_spot_is_another_group() -> None:
    names = {
        _all(_declare(gpu_node_groups=[{**GPU, "spot": each}]), "NodeGroup")["ai-euw1-inference"].inputs[
            "nodeGroupName"
        ]
        for each in (False, True)
    }
    assert len(names) == 2


def test_reserved_capacity_has_a_group_in_its_zone_and_a_template_that_uses_nothing_else() -> None:
    recording = _declare()
    group = _all(recording, "NodeGroup")["ai-euw1-reserved-b"].inputs
    assert group["subnetIds"] == ["subnet-b"]
    assert group["capacityType"] == "ON_DEMAND"
    assert group["updateConfig"]["updateStrategy"] == "MINIMAL"
    assert "instanceTypes" not in group
    template = _all(recording, "LaunchTemplate")["ai-euw1-reserved-b"].inputs
    assert template["instanceType"] == "p5.48xlarge"
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}
    }
    assert "instanceMarketOptions" not in template


@pytest.mark.parametrize("market", [CapacityMarket.CAPACITY_BLOCK, "capacity-block"])
def test_a_capacity_block_is_asked_for_as_one(market: str) -> None:
    block = {**RESERVED, "capacity_reservation": {**RESERVATION, "market": market}}
    recording = _declare(gpu_node_groups=[block])
    assert _all(recording, "NodeGroup")["ai-euw1-reserved-b"].inputs["capacityType"] == "CAPACITY_BLOCK"
    template = _all(recording, "LaunchTemplate")["ai-euw1-reserved-b"].inputs
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
