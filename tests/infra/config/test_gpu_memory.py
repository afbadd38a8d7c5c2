"""What a plan says where weights are larger than the memory of the GPUs that are to hold them."""

import json
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from infra.config import stack_kinds
from infra.config.rules.nodes import gpu_memory
from infra.config.settings import Settings
from tests.environments import ROOT


def _notes(gpus: int = 1, **group: Any) -> list[str]:
    config = dict(load_stack("warm", ROOT).config)
    systems, cluster = json.loads(config["haven:systems"]), json.loads(config["haven:cluster"])
    systems["serving"]["gpus"] = gpus
    (serving,) = [each for each in cluster["gpuNodeGroups"] if each["name"] == "serving"]
    serving.pop("weightsGib", None)
    serving |= {"diskGib": 2000, **group}
    config |= {"haven:systems": json.dumps(systems), "haven:cluster": json.dumps(cluster)}
    settings = stack_kinds.load("warm", config)
    assert isinstance(settings, Settings)
    return list(gpu_memory.notes(settings.systems, settings.cluster))


def test_weights_beyond_the_memory_of_a_servers_gpus_are_a_note() -> None:
    (note,) = _notes(instanceTypes=["g5.2xlarge", "g5.4xlarge"], weightsGib=400)
    assert note.startswith(
        "serving: 1 GPU of g5.2xlarge has 22.4 GiB, and nodes of serving load 400 GiB of weights: a server doesn't"
    )


@pytest.mark.parametrize(
    ("gpus", "group"),
    [
        (1, {"instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "weightsGib": 20}),
        (4, {"instanceTypes": ["g5.12xlarge", "g5.24xlarge"], "weightsGib": 80}),
        (1, {"instanceTypes": ["g5.2xlarge", "g5.4xlarge"]}),
    ],
)
def test_weights_that_fit_and_assumed_ones_are_none(gpus: int, group: dict[str, Any]) -> None:
    assert _notes(gpus, **group) == []
