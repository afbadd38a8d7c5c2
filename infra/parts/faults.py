"""Fault experiments, in each Region with standby or active nodes."""

from haven_components import FaultExperiments, FaultExperimentsArgs, Observability
from haven_components.names import SYSTEM_NODE_GROUP, balancer_error_alarm_name, node_name, partition, region_code
from infra.environment import Environment
from infra.parts import backups
from infra.parts.watch import EDGE, watch_name


def experiments(environment: Environment, region: str, watched: Observability) -> FaultExperiments:
    """Declare the templates of a Region.

    Args:
        environment: whose.
        region: where the faults are made.
        watched: what declares the alarms, which must exist first.
    """
    settings, name = environment.settings, environment.cluster_name(region)
    zones = list(settings.zones[region])
    args: FaultExperimentsArgs = {
        "region": region,
        "account_id": settings.account,
        "kms_key_arn": environment.region_key(region),
        "tag": {"key": backups.TAG, "value": settings.stack},
        "instance_tag": {"key": "eks:cluster-name", "value": name},
        "volume_tag": {"key": "Name", "value": node_name(name, SYSTEM_NODE_GROUP)},
        "stop_alarm_arns": [watched.urn.apply(lambda _: _errors(environment, region))],
        "zones": zones,
        "other_region": environment.other(region),
        "database": region == environment.primary and settings.database.instances > 1,
        "nodes": True,
        "ephemeral": settings.ephemeral,
    }
    return FaultExperiments(f"{environment.name}-faults-{region_code(region)}", args, environment.options(region))


def regions(environment: Environment) -> list[str]:
    """The Regions with nodes to lose, whichever is active."""
    return [environment.primary, *([environment.recovery] if environment.replication.full_system_nodes else [])]


def _errors(environment: Environment, region: str) -> str:
    """ARN of the alarm on what users feel, the share of the balancer's answers that are errors: a metric alarm, because
    whether AWS FIS takes a composite one isn't documented."""
    name = balancer_error_alarm_name(watch_name(environment), region, EDGE)
    return f"arn:{partition(region)}:cloudwatch:{region}:{environment.settings.account}:alarm:{name}"
