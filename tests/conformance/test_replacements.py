"""The table of properties that replace a resource is what the AWS provider plans."""

from pathlib import Path

import pytest

from haven.terraform import cli
from tests.conformance import replacements

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(900)]


def test_the_provider_replaces_for_these_properties_and_for_no_others(provider: cli.Terraform, tmp_path: Path) -> None:
    assert replacements.planned(provider, tmp_path) == replacements.written()
