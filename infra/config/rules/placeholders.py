"""What a sample stack leaves open: digests of images and charts that nobody has pushed yet."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.config import system_models

PLACEHOLDER = "f" * 64
"""Digest of what is still to be pushed, in sample stacks."""


def notes(systems: Mapping[str, system_models.System], controllers: system_models.Controllers) -> Iterator[str]:
    """One line with the keys of all placeholders; a plan shows it as a warning."""
    given = {name: each.model_dump(by_alias=True, mode="json") for name, each in systems.items()}
    unset = [*_unset("haven:systems", given), *_unset("haven:controllers", controllers.model_dump(by_alias=True))]
    if unset:
        yield (
            f"{', '.join(unset)}: a placeholder is in the place of the digest, so it doesn't start: put those of the"
            " images and charts that you pushed (docs/charts-and-images.md)"
        )


def _unset(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _unset(f"{key}.{name}", each)
    elif isinstance(value, str) and value.endswith(PLACEHOLDER):
        yield key
