"""Regions that a regulation's words lead to, as data: what a preset claims, what it doesn't, and on whose word."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import Field

from haven.config_model import Model
from haven.regions import REGION

_SUFFIX = ".yaml"
_Sentence = Annotated[str, Field(min_length=20)]


class Statement(Model):
    """What the preset stands on."""

    says: _Sentence
    source: Annotated[str, Field(pattern=r"^https://[^\s]+$")]
    read: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """The day on which the source was read."""


class Preset(Model):
    """The Regions of one regulation."""

    title: Annotated[str, Field(min_length=1)]
    regions: Annotated[Mapping[Annotated[str, Field(pattern=REGION)], str], Field(min_length=1)]
    """Region -> where it stands."""
    statements: Annotated[Sequence[Statement], Field(min_length=1)]
    claims: Annotated[Sequence[_Sentence], Field(min_length=1)]
    does_not_claim: Annotated[Sequence[_Sentence], Field(min_length=1)]


@cache
def names() -> Sequence[str]:
    """What the presets are called."""
    return tuple(sorted(each.name.removesuffix(_SUFFIX) for each in files(__name__).iterdir() if _is_preset(each.name)))


@cache
def preset(name: str) -> Preset:
    """One of `names`."""
    return Preset.model_validate(yaml.safe_load(files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")))


def _is_preset(file: str) -> bool:
    return file.endswith(_SUFFIX)
