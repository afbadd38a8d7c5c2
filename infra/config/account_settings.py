"""The config of a stack of kind account: typed, frozen, with all that is wrong with a stack file in one error."""

from collections.abc import Mapping
from dataclasses import dataclass

from haven.config.policy import Residency
from infra.config import models, reader, residency_rules, rules
from infra.config.account_models import ACCOUNT_KEYS, Audit, Baseline, StateBackend
from infra.config.settings import EMULATOR_ACCOUNT, KEYS, Refused


@dataclass(frozen=True)
class AccountSettings:
    """What an account has once, as its stack file describes it."""

    stack: str
    account: str
    """The AWS account, 12 digits."""
    regions: models.Regions
    audit: Audit
    baseline: Baseline
    state_backend: StateBackend
    ephemeral: bool
    """A throw-away account: nothing is protected, retained or kept from deletion."""
    emulator: str | None
    """URL of an emulator of AWS that answers for every service. Left out: AWS itself."""
    tags: Mapping[str, str]
    """Tags of every resource, beside Haven's own."""
    residency: Residency
    """Which data may be where; the program only tags with it."""

    @property
    def active(self) -> str:
        """An account has no writer that moves: what is born in the primary Region stays at home there."""
        return self.regions.primary


_AS_THEY_ARE = ("regions", "audit", "baseline", "ephemeral", "emulator", "tags", "residency")


def load(stack: str, config: Mapping[str, str]) -> AccountSettings:
    """The settings of a stack of kind account.

    Args:
        stack: the stack's name; AWS names are made with it.
        config: every config value as the engine hands it to a program: full keys, text, JSON for maps and lists.

    Raises:
        Refused: with every problem there is; nothing has been declared then.
    """
    elsewhere = dict.fromkeys(KEYS.keys() - ACCOUNT_KEYS.keys(), "environment")
    values, problems = reader.read(config, ACCOUNT_KEYS, elsewhere)
    problems += rules.check(stack, values)
    problems += residency_rules.check(values)
    if problems:
        raise Refused(problems, f"the config of stack {stack}")
    return AccountSettings(
        stack=stack,
        account=values["account"] or EMULATOR_ACCOUNT,
        state_backend=values["stateBackend"],
        **{
            name: values[name]
            for name in ("regions", "audit", "baseline", "ephemeral", "emulator", "tags", "residency")
        },
    )
