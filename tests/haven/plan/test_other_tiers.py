"""Another tier of a stack: predicted as it would be if the stack file had it."""

import json
from dataclasses import replace

import pytest

from haven.config.stack_file import load_stack
from haven.model.tiers import Tier
from haven.plan.difference import diff_recordings
from haven.plan.prediction import predict_environment
from haven.program.recording import Recording
from haven.program.run import Variant, with_tier
from tests.environments import ROOT, environment


@pytest.mark.parametrize("tier", [Tier.BACKUP, Tier.PILOT_LIGHT])
def test_another_tier_is_predicted_as_if_it_were_written_into_the_stack_file(tier: Tier) -> None:
    wanted = json.dumps({"rtoMinutes": 1440, "rpoMinutes": 1440})
    warm = load_stack("warm", ROOT)
    compared = with_tier(replace(warm, config={**warm.config, "haven:objectives": wanted}), tier)
    written = environment("warm", objectives=wanted, tier=tier.value)
    made = _environment_of(compared)
    diff = diff_recordings(written, made)
    assert (diff.added, diff.removed, diff.changed) == ([], [], [])
    both = [predict_environment(each).loss.overall for each in (written, made)]
    assert both[0] == both[1]


@pytest.mark.parametrize("tier", [each for each in Tier if each is not Tier.WARM])
def test_every_tier_of_a_stack_with_strict_objectives_has_a_program(tier: Tier) -> None:
    assert _environment_of(with_tier(load_stack("warm", ROOT), tier)).outputs["tier"] == tier.value


def _environment_of(variant: Variant) -> Recording:
    own = {key.removeprefix("haven:"): text for key, text in variant.stack.config.items() if key.startswith("haven:")}
    return environment(variant.stack.name, **own)
