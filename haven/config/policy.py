"""What a stack file says to the rules that judge it: how strictly, what is waived until when, where data may be."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from haven.base.regions import REGION
from haven.config.base_model import Model, Name

_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
RuleName = Annotated[str, Field(pattern=_NAME)]


class Level(StrEnum):
    """What a violation of a rule does."""

    MANDATORY = "mandatory"
    """It stops a deployment, and `haven plan --policy` exits 1."""
    ADVISORY = "advisory"
    """It is shown."""
    OFF = "off"
    """The rule is not asked."""


def _date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError('a date such as "2027-01-31", in quotes') from error
    return text


def _level(text: str) -> str:
    if text not in list(Level):
        raise ValueError(f"one of {', '.join(Level)}")
    return text


class Excuse(Model):
    """Something about one resource that is let pass for a while."""

    resource: Annotated[str, Field(min_length=1)]
    """The resource's name or its URN; the stack's name for what is wrong with the environment as a whole."""
    reason: Annotated[str, Field(min_length=10)]
    """Why, for whoever reads a report."""
    until: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_date)]
    """The last day on which it counts."""

    def counts(self, today: date) -> bool:
        """Whether it still counts."""
        return today <= date.fromisoformat(self.until)


class Waiver(Excuse):
    """One resource that one rule lets pass."""

    rule: RuleName


class Policy(Model):
    """How a stack is judged."""

    levels: Mapping[RuleName, Annotated[str, AfterValidator(_level)]] = {}
    """Rule -> mandatory, advisory or off. Rules that are not named keep the level that they are shipped with."""
    waivers: Sequence[Waiver] = ()
    accepted: Sequence[Excuse] = ()
    """Resources whose dangerous changes are meant; `haven gate --stack` lets them through."""


STORE = r"^[a-z]+(\.[a-z]([a-z0-9-]*[a-z0-9])?)?$"
_Region = Annotated[str, Field(pattern=REGION)]
_Account = Annotated[str, Field(pattern=r"^\d{12}$")]


class DataClass(Model):
    """A class of data. One with neither Regions nor presets may be anywhere."""

    regions: Annotated[Sequence[_Region], Field(min_length=1)] | None = None
    """Where it may be. Omitted: what the presets say."""
    presets: Annotated[Sequence[str], Field(min_length=1)] | None = None
    """Regions of a regulation, such as gdpr; all of those that are named must allow a Region."""


class Residency(Model):
    """Where data may be. What has no class may be in the environment's two Regions."""

    classes: Mapping[Name, DataClass] = {}
    default: Name | None = None
    """The class of every store that isn't named below. Omitted: none."""
    stores: Mapping[Annotated[str, Field(pattern=STORE)], Name] = {}
    """Store -> its class: `tables` for every table, `tables.features` for one."""
    accounts: Sequence[_Account] = ()
    """Other accounts that may be sent data."""

    @property
    def presets(self) -> Sequence[str]:
        """The presets that any class uses, each once."""
        return sorted({name for each in self.classes.values() for name in each.presets or ()})
