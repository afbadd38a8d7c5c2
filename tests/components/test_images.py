"""The table of images that the platform runs."""

import re
from datetime import date

import pytest

from haven_components import limits
from haven_components.images import IMAGES, upstream_reference
from haven_components.names import image_reference

every_image = pytest.mark.parametrize("name", sorted(IMAGES))


@every_image
def test_an_image_has_a_source_a_date_and_a_digest_or_none(name: str) -> None:
    image = IMAGES[name]
    assert image.source
    assert date.fromisoformat(image.read) >= date(2026, 11, 26)
    assert re.fullmatch(r"(sha256:[0-9a-f]{64})?", image.digest)
    assert image.tag not in ("", "latest")
    assert image.digest or image.platforms == "all"


@every_image
def test_its_name_is_one_of_a_repository(name: str) -> None:
    assert limits.REPOSITORY_NAME.fullmatch(name)


def test_what_is_copied_is_named_by_digest_where_there_is_one() -> None:
    assert upstream_reference("vllm").startswith("docker.io/vllm/vllm-openai@sha256:251eba")
    assert upstream_reference("mlflow") == "ghcr.io/mlflow/mlflow:v3.17.0-full"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_an_image_is_pulled_from_the_regions_own_registry_by_digest(region: str, host: str) -> None:
    digest = f"sha256:{'a' * 64}"
    assert image_reference("111122223333", region, "haven-images/vllm", digest) == f"{host}/haven-images/vllm@{digest}"
