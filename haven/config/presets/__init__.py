"""Regions that a regulation allows, as data: what a preset claims, what it doesn't, and its sources."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, model_validator

from haven.base.regions import REGION
from haven.config.base_model import Model

_SUFFIX = ".yaml"
_Sentence = Annotated[str, Field(min_length=20)]
_Address = Annotated[str, Field(pattern=r"^https://[^\s]+$")]


class PresetStatement(Model):
    """A statement of law or of AWS that the preset relies on."""

    description: _Sentence
    source: _Address
    checked: Literal["whole", "excerpt", "second hand", "not read"]
    """How much of the source was read; second hand: not the source, but another page that quotes or retells it."""
    seen_at: _Address | None = None
    """That other page."""
    read: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    """The day on which it was read."""

    @model_validator(mode="after")
    def _claims_no_reading_that_there_was_not(self) -> Self:
        if (self.read is None) != (self.checked == "not read"):
            raise ValueError("what was read has the day of it, and nothing else has")
        if (self.seen_at is None) == (self.checked == "second hand"):
            raise ValueError("what is second hand has the page where it was seen, and nothing else has")
        return self

    @property
    def reading(self) -> str:
        """What was read of the source, and when."""
        if self.read is None:
            return "not read"
        how = f"second hand, from {self.seen_at}," if self.seen_at else self.checked
        return f"{how} read {self.read}"


class Preset(Model):
    """The Regions of one regulation."""

    title: Annotated[str, Field(min_length=1)]
    regions: Annotated[Mapping[Annotated[str, Field(pattern=REGION)], str], Field(min_length=1)]
    """Region -> the country or state it is in."""
    statements: Annotated[Sequence[PresetStatement], Field(min_length=1)]
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
