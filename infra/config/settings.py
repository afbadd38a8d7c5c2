"""Every config key of a stack, once: Pulumi.yaml, the config reference and the JSON Schema are generated from here."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from haven.config.base_model import Model, Name, form
from haven.config.policy import Account, Policy, RegionName, Residency
from haven.model.tiers import Tier
from haven_components import limits
from infra.config import account_models, fields, models, operations_models, part_models, system_models

EMULATOR_ACCOUNT = "000000000000"


def _plain_domain(value: object) -> object:
    """A domain name as AWS's answers have it: in lower case, without the dot at the end."""
    return value.lower().removesuffix(".") if isinstance(value, str) else value


def _text(value: object) -> object:
    """A tag's value as text: YAML reads 1234 and true as a number and a truth value."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


TagValue = Annotated[
    str,
    BeforeValidator(_text),
    Field(json_schema_extra={"words": "text; a number, true or false is taken as text", "scalar": True}),
]


class StackConfig(Model):
    """The config keys of a stack of either kind."""

    kind: Literal["environment", "account"] = "environment"
    """environment, or account for what an account has once."""
    account: Account | None = None
    """The AWS account, 12 digits in quotes. Required, except with haven:emulator."""
    regions: models.Regions
    """The two Regions. Never edited after the first `up`."""
    ephemeral: bool = False
    """Whether this is a throw-away stack: nothing is protected, retained or kept from deletion."""
    emulator: (
        Annotated[
            str,
            form(
                r"^https?://[^\s/]+/?$",
                "the URL of an endpoint, such as http://127.0.0.1:4566",
                "http://127.0.0.1:4566",
            ),
        ]
        | None
    ) = None
    """The URL of an emulator of AWS that answers for every service. Omitted: AWS itself."""
    tags: Annotated[Mapping[str, TagValue], Field(examples=[{"owner": "platform"}])] = {}
    """Tags of every resource, beside Haven's own."""
    policy: Policy = Policy()
    """How strictly the policy pack judges; shapes no resource."""
    residency: Residency = Residency()
    """Where data may be: classes with their Regions, and the class of each store."""


class EnvironmentConfig(StackConfig):
    """The config keys of an environment."""

    tier: Annotated[Tier, Field(strict=False, examples=["warm"])]
    """What the recovery Region runs while it is standby: backup, pilot-light, warm or active-active."""
    active: Annotated[str, Field(examples=["eu-central-1"])] | None = None
    """The Region where writes go now; a failover changes this and nothing else. Omitted: the primary Region."""
    demote: Annotated[str, Field(examples=["eu-west-1"])] | None = None
    """The Region that may run at standby scale while it isn't active. Omitted: the recovery Region."""
    rebuilt: bool = False
    """Whether the primary Region's database and cache are copies of the recovery Region's, after a total loss."""
    zones: Annotated[
        Mapping[
            RegionName,
            Annotated[list[fields.ZoneName], Field(min_length=limits.ZONES.least, max_length=limits.ZONES.most)],
        ],
        Field(examples=[{"eu-west-1": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]}]),
    ] = {}
    """Region -> two or three zone names, in the order of the subnets; only ever append. Omitted: Haven's own list."""
    domain: (
        Annotated[
            str,
            form(
                r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$",
                "a domain name, such as ai.example.com, with at most 63 characters between two dots",
                "ai.example.com",
            ),
            BeforeValidator(_plain_domain),
        ]
        | None
    ) = None
    """The domain of the environment's names, at most 53 characters where certificates are requested. Omitted: no DNS
    records and no load balancers."""
    hosted_zone_id: (
        Annotated[
            str,
            form(
                r"^Z[A-Z0-9]{1,31}$",
                "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
                "Z0123456789ABCDEFGHIJ",
            ),
        ]
        | None
    ) = None
    """An existing public hosted zone of the domain. Omitted: the environment creates one."""
    objectives: models.Objectives = models.Objectives()
    """Recovery time, recovery point and availability that the business asks for."""
    network: models.Network = models.Network()
    """VPC blocks of the two Regions, interface endpoints."""
    cluster: models.Cluster = models.Cluster()
    """EKS: version, add-ons, system nodes, GPU node groups, standby share."""
    database: models.Database = models.Database()
    """Aurora PostgreSQL: version, instance class, instances, backup retention."""
    cache: models.Cache = models.Cache()
    """ElastiCache: engine, node type, shards, replicas."""
    storage: models.Storage = models.Storage()
    """Replicated buckets, with Object Lock and retention for each."""
    tables: Mapping[Name, part_models.Table] = {}
    """Name -> a DynamoDB table: keys, indexes, TTL, consistency."""
    queues: Mapping[Name, part_models.Queue] = {}
    """Name -> an SQS queue in each Region: FIFO, retention, alarms, stream, bus."""
    images: part_models.Images = part_models.Images()
    """Container repositories of both Regions."""
    secrets: Mapping[Name, part_models.Secret] = {}
    """Name -> a secret that both Regions hold, with what it is for."""
    parameters: Mapping[
        part_models.Parameter, Annotated[str, Field(min_length=1, max_length=4096, examples=["llama"])]
    ] = {}
    """Name -> a value that is no secret, kept in both Regions."""
    backups: part_models.Backups = part_models.Backups()
    """How long backups are kept, how long a recovery point takes, locks, restore tests."""
    edge: part_models.Edge = part_models.Edge()
    """The load balancers: clients, targets, firewall, certificates."""
    cost: part_models.Cost | None = None
    """A monthly budget and whom it notifies. Omitted: none."""
    watch: part_models.Watch = part_models.Watch()
    """Alarms and dashboards: whom to notify, thresholds, Prometheus, Grafana, tracing."""
    experiments: bool = False
    """Whether faults can be injected with AWS FIS."""
    operations: operations_models.Operations = operations_models.Operations()
    """What runbooks need: the third vote of their lease, the operators' role, how long their audit is kept."""
    recovery_plan: part_models.RecoveryPlan | None = None
    """An ARC Region switch plan. Omitted: none."""
    resilience_hub: bool = False
    """Whether Resilience Hub knows the environment: policies with haven:objectives and the tier's standby, a service
    for each system of haven:systems or one for all, and the role that reads them. Nothing is assessed until you start
    it (docs/resilience-hub.md)."""
    controllers: system_models.Controllers = system_models.Controllers()
    """What runs on the clusters for all systems: the AWS Load Balancer Controller, KEDA."""
    mesh: bool = False
    """Whether calls between systems go through Istio in ambient mode, which you install (docs/service-mesh.md)."""
    systems: Mapping[Name, system_models.System] = {}
    """Name -> an AI system: its kind and, at or below the environment's, its own tier."""
    traffic: models.Traffic = models.Traffic()
    """Whether a Region that isn't ready is taken out automatically, and the readiness path."""


class AccountConfig(StackConfig):
    """The config keys of a stack of kind account."""

    audit: account_models.Audit = account_models.Audit()
    """The trail: Object Lock, log group, insights, events of data."""
    baseline: account_models.Baseline = account_models.Baseline()
    """Image prefixes to copy, threat detection, services to back up, recording."""
    state_backend: account_models.StateBackend = account_models.StateBackend(enabled=False)
    """The bucket and the key for Pulumi's own state."""


class Settings(EnvironmentConfig):
    """One environment: its config, with what it omits filled in."""

    stack: str
    """The stack's name; AWS names begin with it."""
    account: str
    """The AWS account, 12 digits; names and ARNs contain it, so that the program needs no data sources."""
    active: str
    demote: str
    demotes: bool
    """Whether the config names the Region to demote, and doesn't leave it out."""

    def system_tier(self, name: str | None) -> Tier:
        """The tier of a system, or the environment's for None and for systems without one of their own."""
        own = self.systems[name].tier if name is not None else None
        return own or self.tier


class AccountSettings(AccountConfig):
    """What an account has once: its config, with what it omits filled in."""

    stack: str
    """The stack's name; AWS names begin with it."""
    account: str
    """The AWS account, 12 digits."""

    @property
    def active(self) -> str:
        """An account has no writer that moves: its home is the primary Region."""
        return self.regions.primary
