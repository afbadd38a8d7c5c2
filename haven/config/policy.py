"""The config of the policy pack: levels of rules, waivers with a last day, where data may be."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from haven.base.reasons import SHORTEST_REASON
from haven.base.regions import REGION
from haven.config.base_model import Model, Name, form, refusal

RuleName = Annotated[
    str,
    form(
        r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "words of lower-case letters and digits with hyphens between",
        "buckets-are-encrypted",
    ),
]


class Level(StrEnum):
    """What a violation of a rule does."""

    MANDATORY = "mandatory"
    """It stops a deployment, and `haven plan --policy` exits 1."""
    ADVISORY = "advisory"
    """It is shown."""
    OFF = "off"
    """The rule is not run."""


def _date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        year, month, _ = (int(part) for part in text.split("-"))
        last = date(year, month, monthrange(year, month)[1]) if month in range(1, 13) and year else None
        fix = f'write "{last}"' if last else 'write it like "2027-01-31": year, month, day'
        raise refusal('a date such as "2027-01-31", in quotes', fix) from error
    return text


class Excuse(Model):
    """One resource for which something is accepted until a day."""

    resource: Annotated[str, Field(min_length=1, examples=["haven-prod-cache"])]
    """The resource's name or its URN; the stack's name for what is wrong with the environment as a whole."""
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True),
        Field(min_length=SHORTEST_REASON, examples=["moved in the next quarter, see the ticket"]),
    ]
    """Why, for whoever reads a report."""
    until: Annotated[
        str,
        form(r"^\d{4}-\d{2}-\d{2}$", 'a date such as "2027-01-31", in quotes', "2027-01-31"),
        AfterValidator(_date),
    ]
    """The last day on which it counts."""

    def counts(self, today: date) -> bool:
        """Whether it still counts."""
        return today <= date.fromisoformat(self.until)


class Waiver(Excuse):
    """One resource that one rule accepts until a day."""

    rule: RuleName
    """The rule's name (docs/policy-rules.md)."""


class Policy(Model):
    """How a stack is judged."""

    levels: Mapping[RuleName, Annotated[Level, Field(strict=False)]] = {}
    """Rule -> what its violation does: mandatory, advisory or off. Omitted: the rule's own level."""
    waivers: Sequence[Waiver] = ()
    """Resources that one rule accepts until a day. Omitted: none."""
    accepted: Sequence[Excuse] = ()
    """Resources whose dangerous changes are intended; `haven gate --stack` accepts them. `resource` may also be a
    Terraform address, or TYPE::NAME; a name that several resources of the preview have is refused. Omitted: none."""


Store = Annotated[
    str,
    form(
        r"^[a-z]+(\.[a-z]([a-z0-9-]*[a-z0-9])?)?$",
        "a store such as database, tables or tables.features",
        "tables.features",
    ),
]
RegionName = Annotated[str, form(REGION, "the name of a Region, such as eu-west-1", "eu-west-1")]
Account = Annotated[
    str, form(r"^\d{12}$", "12 digits, in quotes: YAML reads a leading zero as another number", "111122223333")
]


class DataClass(Model):
    """A class of data. One with neither Regions nor presets may be anywhere."""

    regions: Annotated[Sequence[RegionName], Field(min_length=1, examples=[["eu-west-1", "eu-central-1"]])] | None = (
        None
    )
    """Regions where it may be. Omitted: those of the presets."""
    presets: Annotated[Sequence[str], Field(min_length=1, examples=[["gdpr"]])] | None = None
    """Regions of a regulation, such as gdpr; a Region must be in all presets named. Omitted: any Region."""


class Residency(Model):
    """Where data may be. What has no class may be in the environment's two Regions."""

    classes: Mapping[Name, DataClass] = {}
    """Class of data -> where it may be."""
    default: Name | None = None
    """The class of every store that isn't named below. Omitted: none."""
    stores: Mapping[Store, Name] = {}
    """Store -> its class: `tables` for every table, `tables.features` for one."""
    accounts: Sequence[Account] = ()
    """Other accounts that data may be sent to. Omitted: none."""

    @property
    def presets(self) -> Sequence[str]:
        """The presets that any class uses, each once."""
        return sorted({name for each in self.classes.values() for name in each.presets or ()})
