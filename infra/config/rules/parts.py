"""What must hold between the config keys of single parts and the environment."""

from collections.abc import Iterable, Iterator, Mapping

from haven.base.problems import Problem, choices, shown
from haven.model.tiers import Tier
from haven_components import limits
from haven_components.names import partition
from infra.config import models, operations_models, part_models, system_models
from infra.config.rules.validators import Rules
from infra.names import parameter_name

RULES = Rules()

RESERVED_PARAMETERS = ("endpoints", "manifest", "write-mode")
RESERVED_PREFIX = "manifest/"
"""Below it a large manifest has what it says of each Region."""


@RULES.on("tables", "systems")
def _systems_of_tables(
    tables: Mapping[str, part_models.Table], systems: Mapping[str, system_models.System]
) -> Iterable[Problem]:
    for name, table in tables.items():
        if table.system is not None and table.system not in systems:
            yield Problem(
                f"haven:tables.{name}.system",
                shown(table.system),
                choices(systems) or "a system of haven:systems",
                f"add {table.system} to haven:systems, or delete system",
            )


@RULES.on("tables", "systems", "tier")
def _restored_tables(
    tables: Mapping[str, part_models.Table], systems: Mapping[str, system_models.System], tier: Tier
) -> Iterable[Problem]:
    for name, table in tables.items():
        system = systems.get(table.system or "")
        own = (system and system.tier) or tier
        if table.restored and own is not Tier.BACKUP:
            yield Problem(
                f"haven:tables.{name}.restored",
                "true",
                f"false in tier {own}, where the table has a replica in the recovery Region",
                "delete restored",
            )


@RULES.on("tables", "systems", "tier", "regions")
def _strong_tables(
    tables: Mapping[str, part_models.Table],
    systems: Mapping[str, system_models.System],
    tier: Tier,
    pair: models.Regions,
) -> Iterable[Problem]:
    for name, table in tables.items():
        what = f"haven:tables.{name}"
        if table.consistency == "strong":
            system = systems.get(table.system or "")
            yield from _strong(what, table, (system and system.tier) or tier, pair)
        elif table.witness_region is not None:
            fix = "delete witnessRegion, or add consistency: strong"
            yield Problem(
                f"{what}.witnessRegion", shown(table.witness_region), "nothing without strong consistency", fix
            )


def _strong(what: str, table: part_models.Table, tier: Tier, pair: models.Regions) -> Iterable[Problem]:
    both = (pair.primary, pair.recovery)
    if table.witness_region is None or table.witness_region in both:
        yield Problem(
            f"{what}.witnessRegion",
            shown(table.witness_region) if table.witness_region else "nothing",
            f"a third Region beside {choices(both)}: a write is in two of three before it is confirmed",
            f"write witnessRegion: {_third(both)}, or consistency: eventual"
            if _third(both)
            else "write consistency: eventual",
        )
    if table.ttl_attribute is not None:
        yield Problem(
            f"{what}.ttlAttribute",
            shown(table.ttl_attribute),
            "nothing: a strongly consistent table has no TTL",
            "delete ttlAttribute, or write consistency: eventual",
        )
    if tier is Tier.BACKUP:
        yield Problem(
            f"{what}.consistency",
            shown(table.consistency),
            "eventual in tier backup, which has no replica; strong can only be chosen for a table that is new",
            "write consistency: eventual, or haven:tier: pilot-light before the first deployment",
        )


def _third(both: tuple[str, str]) -> str | None:
    """A third Region for strong consistency over two others, where there is one."""
    return next(
        (
            region
            for group in limits.STRONG_CONSISTENCY_REGIONS
            if set(both) <= set(group)
            for region in group
            if region not in both
        ),
        None,
    )


@RULES.on("edge", "regions", "domain")
def _edge(edge: part_models.Edge, pair: models.Regions, domain: str | None) -> Iterable[Problem]:
    both = (pair.primary, pair.recovery)
    if edge.certificates and domain is None:
        yield Problem(
            "haven:edge.certificates",
            shown(sorted(edge.certificates)),
            "nothing without haven:domain: there are no load balancers",
            "add haven:domain, or delete certificates",
        )
    missing = sorted(set(both) - edge.certificates.keys())
    if edge.certificates and edge.certificates.keys() != set(both):
        yield Problem(
            "haven:edge.certificates",
            choices(sorted(edge.certificates)),
            f"both Regions, {both[0]} and {both[1]}: a certificate is valid in its own Region",
            f"add an ARN for {' and '.join(missing)}, or delete certificates to have them requested"
            if missing
            else f"delete {', '.join(sorted(edge.certificates.keys() - set(both)))}",
        )
    for region, arn in edge.certificates.items():
        if f":acm:{region}:" not in arn:
            yield Problem(
                f"haven:edge.certificates.{region}",
                shown(arn),
                f"a certificate in {region}",
                f"write the ARN of a certificate in {region}",
            )


@RULES.on("queues")
def _queues(queues: Mapping[str, part_models.Queue]) -> Iterable[Problem]:
    for name, queue in queues.items():
        if queue.fifo and queue.bus is not None:
            yield Problem(
                f"haven:queues.{name}.fifo",
                "true",
                "false with a bus, which keeps no order",
                "delete fifo, or delete bus",
            )


@RULES.on("backups", "ephemeral")
def _backups(backups: part_models.Backups, ephemeral: bool) -> Iterable[Problem]:
    days = (backups.hourly_days, backups.daily_days, backups.monthly_days)
    order = sorted(days)
    if list(days) != order:
        yield Problem(
            "haven:backups",
            f"hourlyDays {days[0]}, dailyDays {days[1]}, monthlyDays {days[2]}",
            "hourlyDays at most dailyDays, dailyDays at most monthlyDays",
            f"write hourlyDays: {order[0]}, dailyDays: {order[1]}, monthlyDays: {order[2]}",
        )
    if ephemeral and backups.compliance_lock_cooling_off_days is not None:
        yield Problem(
            "haven:backups.complianceLockCoolingOffDays",
            f"{backups.compliance_lock_cooling_off_days}",
            "nothing in a throw-away environment: its vaults could never be deleted",
            "delete complianceLockCoolingOffDays, or write haven:ephemeral: false",
        )


@RULES.on("backups", "account")
def _isolated(backups: part_models.Backups, account: str | None) -> Iterable[Problem]:
    for key, arn in (
        ("isolatedVaultArn", backups.isolated_vault_arn),
        ("recoveryIsolatedVaultArn", backups.recovery_isolated_vault_arn),
    ):
        if arn is None or account is None or f":{account}:" not in arn:
            continue
        yield Problem(
            f"haven:backups.{key}",
            shown(arn),
            f"a vault in an account other than {account}",
            "write the ARN of a vault in an account that shares no credentials with this one",
        )


@RULES.on("cost")
def _cost(cost: part_models.Cost | None) -> Iterable[Problem]:
    if cost is not None and len(cost.emails) > limits.BUDGET_EMAILS:
        yield Problem(
            "haven:cost.emails",
            f"{len(cost.emails)} addresses",
            f"at most {limits.BUDGET_EMAILS}",
            "write one address that forwards to all",
        )


@RULES.on("parameters")
def _parameters(parameters: Mapping[str, str]) -> Iterable[Problem]:
    for name in parameters:
        if name in RESERVED_PARAMETERS or name.startswith(RESERVED_PREFIX):
            yield Problem(
                f"haven:parameters.{name}",
                name,
                "another name: it is reserved for Haven's own",
                f"rename it, for example to own-{name}",
            )
    for name, value in parameters.items():
        yield from _parameter(f"haven:parameters.{name}", name, value)


def _parameter(what: str, name: str, value: str) -> Iterator[Problem]:
    levels = parameter_name("", name).count("/")
    if levels > limits.PARAMETER_LEVELS:
        most = limits.PARAMETER_LEVELS - (levels - 1 - name.count("/"))
        allowed = f"at most {most} levels: Systems Manager takes {limits.PARAMETER_LEVELS}, Haven's own among them"
        yield Problem(what, f"{name.count('/') + 1} levels", allowed, "write a name with fewer slashes")
    if limits.PARAMETER_REFERENCE.search(value):
        allowed = "a value without anything in {{...}}: Systems Manager takes no reference in a value"
        yield Problem(what, shown(value), allowed, "write the value itself, or the other parameter's name")


@RULES.on("operations", "regions")
def _witness(operations: operations_models.Operations, pair: models.Regions) -> Iterable[Problem]:
    both, third = (pair.primary, pair.recovery), operations.witness_region
    if third is None or (third not in both and partition(third) == partition(pair.primary)):
        return
    near = _third(both)
    yield Problem(
        "haven:operations.witnessRegion",
        shown(third),
        f"a third Region beside {choices(both)}, in the partition {partition(pair.primary)}: the lease is won in two of"
        " three",
        f"write witnessRegion: {near}" if near else "write another Region, or delete witnessRegion",
    )


@RULES.on("recoveryPlan", "objectives")
def _recovery_plan(plan: part_models.RecoveryPlan | None, wanted: models.Objectives) -> Iterable[Problem]:
    if plan is not None and wanted.rto_minutes is None:
        yield Problem(
            "haven:recoveryPlan",
            "no rtoMinutes",
            "that objective: the plan contains it",
            "add rtoMinutes to haven:objectives, or delete haven:recoveryPlan",
        )


@RULES.on("recoveryPlan", "tier")
def _what_the_plan_moves(plan: part_models.RecoveryPlan | None, tier: Tier) -> Iterable[Problem]:
    if plan is not None and tier is Tier.BACKUP:
        yield Problem(
            "haven:recoveryPlan",
            "a plan in tier backup",
            "tiers from pilot-light up: the plan moves the database's writer",
            "write haven:tier: pilot-light, or delete haven:recoveryPlan",
        )


@RULES.on("experiments", "domain")
def _experiments(experiments: bool, domain: str | None) -> Iterable[Problem]:
    if experiments and domain is None:
        yield Problem(
            "haven:experiments",
            "true without haven:domain",
            "a domain: the alarm on the load balancer's errors stops experiments, and without a domain there is none",
            "add haven:domain, or delete haven:experiments",
        )
