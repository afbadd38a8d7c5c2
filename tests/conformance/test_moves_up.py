"""An environment is moved up through all tiers, alive in the emulator through the AWS provider."""

from itertools import pairwise
from pathlib import Path

import pytest

from haven.program import aws_types as aws
from haven.program.removal_steps import kept_resources
from haven.terraform import cli
from tests.conformance.small_environment import alive, at, shown, there, touched
from tests.environments import TIERS

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(3600)]


GONE = {aws.ROUTE53_RECORD, aws.BACKUP_RESTORE_TESTING_PLAN, aws.BACKUP_RESTORE_TESTING_SELECTION}
"""Records of another routing, and the restore tests of a tier in which copied backups are the recovery point."""


def test_on_the_way_up_nothing_is_replaced_and_only_records_and_restore_tests_go(
    provider: cli.Terraform, tmp_path: Path
) -> None:
    with alive(provider, tmp_path) as living:
        living.deploy(at(TIERS[0]))
        for before, after in pairwise(TIERS):
            move = shown(before, after)
            assert kept_resources(move.removed) == []
            changes = living.plan(at(after))
            assert touched(changes, "replace") == set()
            assert touched(changes, "create") == there(living, move.added)
            assert touched(changes, "delete") == there(living, move.removed)
            assert {each.type for each in move.removed} <= GONE
            assert touched(changes, "update") <= {each.record.urn for each in move.changed}
            if after != TIERS[-1]:
                living.apply()
