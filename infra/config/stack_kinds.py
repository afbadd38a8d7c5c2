"""The kinds of stacks there are, an environment or what an account has once, and the settings of each."""

from collections.abc import Mapping
from typing import Any

from haven.base.problems import Problem, Problems
from haven.config import stand_ins
from infra.config import reader
from infra.config.rules import (
    access,
    cluster_addons,
    engines,
    general,
    instances,
    names,
    networks,
    parts,
    queues,
    residency,
    system_conflicts,
    systems,
)
from infra.config.rules.accepted import arns, domains, repeated, services, tables
from infra.config.rules.nodes import fit, placement, reservations
from infra.config.settings import (
    EMULATOR_ACCOUNT,
    AccountConfig,
    AccountSettings,
    EnvironmentConfig,
    Settings,
    StackConfig,
)

KINDS: Mapping[str, type[StackConfig]] = {"environment": EnvironmentConfig, "account": AccountConfig}


def load(stack: str, config: Mapping[str, str]) -> Settings | AccountSettings:
    """The settings of a stack, whatever its kind.

    Args:
        stack: the stack's name; AWS names begin with it.
        config: every config value as the engine hands it to a program: full keys, text, JSON for maps and lists.

    Raises:
        Problems: with every problem; nothing has been declared then.
    """
    kind, values, problems = _read(stack, config)
    if problems:
        raise Problems(problems, f"the config of stack {stack}")
    filled = {"stack": stack, **values, "account": values["account"] or EMULATOR_ACCOUNT}
    if kind is AccountConfig:
        return AccountSettings.model_construct(**_by_name(AccountSettings, filled))
    regions = values["regions"]
    both = (regions.primary, regions.recovery)
    filled |= {
        "active": values["active"] or regions.primary,
        "demote": values["demote"] or regions.recovery,
        "demotes": values["demote"] is not None,
        "zones": {region: values["zones"].get(region) or general.default_zones(region) for region in both},
    }
    return Settings.model_construct(**_by_name(Settings, filled))


def problems(stack: str, config: Mapping[str, str]) -> list[Problem]:
    """Everything that is wrong with the config of a stack, as far as that can be known without running the program."""
    return _read(stack, config)[2]


_RULES = (
    parts,
    cluster_addons,
    instances,
    reservations,
    networks,
    access,
    engines,
    systems,
    fit,
    placement,
    queues,
    repeated,
    tables,
    domains,
    services,
    arns,
)
"""In the order in which their problems are listed."""


def _read(stack: str, config: Mapping[str, str]) -> tuple[type[StackConfig] | None, dict[str, Any], list[Problem]]:
    name = config.get(f"{reader.NAMESPACE}:kind") or "environment"
    kind = KINDS.get(name)
    if kind is None:
        return None, {}, reader.read_whatever_kind(config, KINDS)
    elsewhere = {
        key: other for other, model in KINDS.items() for key in reader.fields(model).keys() - reader.fields(kind).keys()
    }
    values, instead, found = reader.read(config, kind, elsewhere)
    seen = {each.what for each in found}
    between = [_between_keys(stack, kind, {**values, **each}) for each in _combined(instead)]
    found += [each for each in between[0] if each.what not in seen and all(each in other for other in between[1:])]
    return kind, values, found


def _combined(instead: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Stand-ins for all keys, one after the other: what rules find with every one of them is there without them."""
    if not instead:
        return [{}]
    return [{name: each[turn % len(each)] for name, each in instead.items()} for turn in range(stand_ins.TURNS)]


def _between_keys(stack: str, kind: type[StackConfig], values: Mapping[str, Any]) -> list[Problem]:
    """Every problem between the values."""
    found = general.check(stack, values)
    for each in _RULES:
        found += each.RULES.check(values)
    if kind is EnvironmentConfig:
        found += names.check(stack, values)
        found += system_conflicts.RULES.check({**values, "stack": stack})
    return [*found, *residency.check(values)]


def _by_name(model: type[StackConfig], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the names of a model's fields instead of their camelCase keys."""
    return {name: values[str(field.alias)] for name, field in model.model_fields.items()}
