"""Facts from a stack's config about the environment that the rules judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.base import strict_json
from haven.base.problems import Problems
from haven.config import data_classes
from haven.config.policy import Policy, Residency
from haven.config.reader import read_model
from haven.model.tiers import Tier


@dataclass(frozen=True)
class StackFacts:
    """An environment as its stack file describes it; all of it may be missing where the program is not Haven's."""

    stack: str
    config: Mapping[str, Any]
    """Every key of the namespace `haven`, without it, parsed."""
    stack_kind: str
    tier: Tier | None
    primary: str | None
    recovery: str | None
    active: str | None
    demote: str | None
    ephemeral: bool
    """A throw-away environment, where nothing is protected."""
    policy: Policy
    residency: Residency

    def other(self, region: str) -> str | None:
        """The Region beside this one."""
        return self.recovery if region == self.primary else self.primary


def read_stack_facts(stack: str, config: Mapping[str, str]) -> StackFacts:
    """The facts of a stack.

    Args:
        stack: its name.
        config: as the engine hands it to programs: full keys, text, JSON for maps and lists.

    Raises:
        Problems: with everything that is wrong with the policy keys.
    """
    values = {key.removeprefix("haven:"): _parsed(text) for key, text in config.items() if key.startswith("haven:")}
    regions = values.get("regions")
    primary, recovery = (_text_in(regions, name) for name in ("primary", "recovery"))
    tier = values.get("tier")
    policy, problems = read_model(config, "haven:policy", Policy())
    residency, more = read_model(config, "haven:residency", Residency())
    problems += [*more, *data_classes.check(residency)]
    if problems:
        raise Problems(problems, f"the config of stack {stack}")
    return StackFacts(
        stack=stack,
        config=values,
        stack_kind=values.get("kind") or "environment",
        tier=Tier(tier) if tier in list(Tier) else None,
        primary=primary,
        recovery=recovery,
        active=values.get("active") or primary,
        demote=values.get("demote") or recovery,
        ephemeral=values.get("ephemeral") is True,
        policy=policy,
        residency=residency,
    )


def _text_in(value: Any, name: str) -> str | None:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else None


def _parsed(text: Any) -> Any:
    """Maps, lists and booleans as such; all else as the text that it is."""
    if not isinstance(text, str) or not (text[:1] in "{[" or text in ("true", "false")):
        return text
    try:
        return strict_json.loads(text)
    except ValueError:
        return text
