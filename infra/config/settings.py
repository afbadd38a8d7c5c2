"""Every config key of an environment: typed, frozen, with all that is wrong with a stack file in one error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pulumi
from pydantic import Field

from haven.base.problems import Problems
from haven.config.base_model import Name
from haven.config.policy import Residency
from haven.model.tiers import Tier
from infra.config import models, name_rules, part_models, part_rules, residency_rules, rules
from infra.config.account_models import ACCOUNT_KEYS
from infra.config.reader import SHARED, Key, read

EMULATOR_ACCOUNT = "000000000000"


class Refused(Problems, pulumi.RunError):
    """The config is refused; the engine prints it without a traceback."""


@dataclass(frozen=True)
class Settings:
    """One environment, as its stack file describes it."""

    stack: str
    account: str
    """The AWS account, 12 digits; names and ARNs are made with it, so that nothing needs to be looked up."""
    tier: Tier
    regions: models.Regions
    active: str
    """The Region where writes go now; the only value that a failover changes."""
    demote: str
    """The Region that may stand at standby scale while it is not the active one. Left out: the recovery Region."""
    zones: Mapping[str, list[str]]
    """Region -> two or three zone names, in the order of the subnets; only ever append."""
    domain: str | None
    """Domain below which the environment's names stand. Left out: no DNS records and no traffic switch."""
    hosted_zone_id: str | None
    """An existing public zone of that domain. Left out: the environment creates one."""
    objectives: models.Objectives
    network: models.Network
    cluster: models.Cluster
    database: models.Database
    cache: models.Cache
    storage: models.Storage
    tables: Mapping[str, part_models.Table]
    queues: Mapping[str, part_models.Queue]
    images: part_models.Images
    secrets: Mapping[str, part_models.Secret]
    parameters: Mapping[str, str]
    """Values that are no secrets, kept in both Regions below the environment's name."""
    backups: part_models.Backups
    edge: part_models.Edge
    cost: part_models.Cost | None
    """Left out: no budget."""
    watch: part_models.Watch
    experiments: bool
    """Whether faults can be made on purpose, with AWS FIS."""
    recovery_plan: part_models.RecoveryPlan | None
    """Left out: none."""
    systems: Mapping[str, models.System]
    traffic: models.Traffic
    ephemeral: bool
    """A throw-away environment: nothing is protected, retained or kept from deletion."""
    emulator: str | None
    """URL of an emulator of AWS that answers for every service. Left out: AWS itself."""
    tags: Mapping[str, str]
    """Tags of every resource, beside Haven's own."""
    residency: Residency
    """Which data may be where; the program only tags with it."""

    def system_tier(self, name: str | None) -> Tier:
        """The tier of a system, or the environment's for None and for systems without one of their own."""
        own = self.systems[name].tier if name is not None else None
        return own or self.tier


_ZONES = dict[str, Annotated[list[str], Field(min_length=2, max_length=3)]]

KEYS: dict[str, Key] = {
    **SHARED,
    "tier": Key(Tier, structured=False, required=True),
    "active": Key(str, structured=False),
    "demote": Key(str, structured=False),
    "zones": Key(_ZONES, default={}),
    "domain": Key(
        Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")],
        structured=False,
    ),
    "hostedZoneId": Key(Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")], structured=False),
    "objectives": Key(models.Objectives, default=models.Objectives()),
    "network": Key(models.Network, default=models.Network()),
    "cluster": Key(models.Cluster, default=models.Cluster()),
    "database": Key(models.Database, default=models.Database()),
    "cache": Key(models.Cache, default=models.Cache()),
    "storage": Key(models.Storage, default=models.Storage()),
    "tables": Key(dict[Name, part_models.Table], default={}),
    "queues": Key(dict[Name, part_models.Queue], default={}),
    "images": Key(part_models.Images, default=part_models.Images()),
    "secrets": Key(dict[Name, part_models.Secret], default={}),
    "parameters": Key(dict[part_models.Parameter, Annotated[str, Field(min_length=1, max_length=4096)]], default={}),
    "backups": Key(part_models.Backups, default=part_models.Backups()),
    "edge": Key(part_models.Edge, default=part_models.Edge()),
    "cost": Key(part_models.Cost),
    "watch": Key(part_models.Watch, default=part_models.Watch()),
    "experiments": Key(Annotated[bool, Field(strict=True)], structured=False, default=False),
    "recoveryPlan": Key(part_models.RecoveryPlan),
    "systems": Key(dict[Name, models.System], default={}),
    "traffic": Key(models.Traffic, default=models.Traffic()),
}

_OTHERWISE = {"kind", "account", "active", "demote", "zones", "hostedZoneId", "recoveryPlan", "policy"}
"""Keys whose values the settings hold under another name, filled in, or not at all."""


def load(stack: str, config: Mapping[str, str]) -> Settings:
    """The settings of a stack.

    Args:
        stack: the stack's name; AWS names are made with it.
        config: every config value as the engine hands it to a program: full keys, text, JSON for maps and lists.

    Raises:
        Refused: with every problem there is; nothing has been declared then.
    """
    elsewhere = dict.fromkeys(ACCOUNT_KEYS.keys() - KEYS.keys(), "account")
    values, problems = read(config, KEYS, elsewhere)
    problems += rules.check(stack, values)
    problems += part_rules.RULES.check(values)
    problems += name_rules.check(stack, values)
    problems += residency_rules.check(values)
    if problems:
        raise Refused(problems, f"the config of stack {stack}")
    return _settled(stack, values)


def _settled(stack: str, values: Mapping[str, Any]) -> Settings:
    regions: models.Regions = values["regions"]
    both = (regions.primary, regions.recovery)
    return Settings(
        stack=stack,
        account=values["account"] or EMULATOR_ACCOUNT,
        active=values["active"] or regions.primary,
        demote=values["demote"] or regions.recovery,
        zones={region: values["zones"].get(region) or rules.default_zones(region) for region in both},
        hosted_zone_id=values["hostedZoneId"],
        recovery_plan=values["recoveryPlan"],
        **{name: values[name] for name in KEYS.keys() - _OTHERWISE},
    )
