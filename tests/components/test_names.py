import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven_components import limits, names
from tests.environments import ROOT


def test_names_limits_and_choices_load_without_pulumi() -> None:
    code = (
        "import sys; from haven_components import choices, limits, names; "
        "print(sorted({each.partition('.')[0] for each in sys.modules} & {'pulumi', 'pulumi_aws', 'pydantic'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "components", capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("region", "code", "partition"),
    [
        ("eu-west-1", "euw1", "aws"),
        ("ap-southeast-2", "apse2", "aws"),
        ("us-gov-east-1", "usgove1", "aws-us-gov"),
        ("cn-north-1", "cnn1", "aws-cn"),
        ("eusc-de-east-1", "euscdee1", "aws-eusc"),
    ],
)
def test_a_region_has_a_short_code_and_a_partition(region: str, code: str, partition: str) -> None:
    assert (names.region_code(region), names.partition(region)) == (code, partition)


@given(st.integers(-10, 10), st.integers(0, 10), st.floats(-20, 20))
def test_a_range_holds_whole_numbers_between_its_ends(least: int, width: int, value: float) -> None:
    allowed = limits.Range(least, least + width)
    assert allowed.holds(value) == (value in range(least, least + width + 1))


@given(st.lists(st.sampled_from(["eu-west-1", "us-gov-east-1", "ap-southeast-2"]), min_size=1, max_size=2))
def test_the_longest_name_of_a_cache_leaves_room_for_each_identifier(regions: list[str]) -> None:
    name = "n" * limits.cache_name_characters(regions)
    identifiers = [names.independent_group_name(name, region) for region in regions]
    assert max(map(len, identifiers)) <= limits.CACHE_IDENTIFIER_CHARACTERS
    assert len("ldgnf-" + names.datastore_suffix(name)) <= limits.CACHE_IDENTIFIER_CHARACTERS
