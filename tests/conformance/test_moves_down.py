"""An environment is moved down through all tiers, alive in the emulator through the AWS provider."""

from itertools import pairwise
from pathlib import Path

import pytest

from haven.program.removal_steps import kept_resources
from haven.terraform import cli
from tests.conformance.small_environment import alive, at, shown, there, touched
from tests.environments import TIERS

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(3600)]


def test_on_the_way_down_goes_what_was_shown_and_what_is_protected_is_named(
    provider: cli.Terraform, tmp_path: Path
) -> None:
    with alive(provider, tmp_path) as living:
        living.deploy(at("active-active"))
        for before, after in pairwise(reversed(TIERS)):
            move = shown(before, after)
            changes = living.plan(at(after))
            gone = touched(changes, "delete", "replace")
            assert gone == there(living, move.removed)
            lasting = at(before, kept=True).real()
            kept = {each.urn for each in lasting if each.options.protect or each.options.retain_on_delete}
            assert {each.record.urn for each in kept_resources(move.removed)} - living.left_out == gone & kept
            assert all(each.record.urn in each.unprotect for each in kept_resources(move.removed))
            if after != TIERS[0]:
                living.apply()
