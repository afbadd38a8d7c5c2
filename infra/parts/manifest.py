"""The recovery manifest: what exists where, under which names, for a runbook that cannot read Pulumi's state.

It depends on nothing that a failover changes: it lists what each Region has at full scale and at standby scale, and
neither which Region is active nor what exists at the moment.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from haven.base.problems import Problem, Problems
from haven_components import GlobalDatabase, RecoveryPlan, limits
from haven_components.names import (
    REPLICATION_RULE,
    alarm_name,
    balancer_security_group_name,
    bucket_name,
    cluster_name,
    data_acl_name,
    global_cluster_name,
    instance_name,
    instance_zone,
    metric,
    queue_name,
    region_code,
    secret_name,
    subnet_group_name,
    target_group_name,
    vault_name,
)
from infra import names
from infra.environment import Environment
from infra.parts import backups, tables
from infra.parts.recovery import contents, nodes, operations
from infra.parts.stores import cache_group, database_name, restored_database_name
from infra.parts.workloads import runbook
from infra.scale import Scale

VERSION = 1
_ARN_CHARACTERS = 130
"""What an ARN that AWS makes may take, of a secret with a name of this program."""
_OF_SYSTEMS = ("images", "weights", "secrets", "workloads", "inference")
"""What the manifest, and a side of it, has of systems."""


def build(
    environment: Environment,
    database: GlobalDatabase,
    extremes: Mapping[str, tuple[Scale, Scale]],
    *,
    tier: str,
    entrances: Mapping[str, str],
    service: str,
    plan: RecoveryPlan | None,
) -> dict[str, Any]:
    """The manifest, as data.

    Args:
        environment: whose.
        database: its database.
        extremes: each Region's full scale and standby scale.
        tier: the tier's name.
        entrances: Region -> its own host name, where there is a traffic switch; else empty.
        service: the host name that leads to whichever Region answers; empty where there is no traffic switch.
        plan: the Region switch plan, where the stack file has one.
    """
    settings = environment.settings
    return {
        "version": VERSION,
        "environment": settings.stack,
        "account": settings.account,
        "tier": tier,
        "regions": {"primary": environment.primary, "recovery": environment.recovery},
        "key": f"alias/{environment.name}-key",
        "database": {
            "globalCluster": global_cluster_name(database_name(environment)),
            "instanceClass": settings.database.instance_class,
            "engineVersion": settings.database.engine_version,
            "secret": database.secret_arn,
        },
        "objectives": settings.objectives.model_dump(by_alias=True, exclude_none=True),
        "operations": operations.manifest(environment),
        **contents.manifest(environment),
        "restoreRole": backups.restore_role(environment),
        "replicationRule": REPLICATION_RULE,
        "replicatedTables": [
            tables.table_name(environment, name) for name in settings.tables if name in environment.replication.tables
        ],
        "sides": {
            region: {
                **_side(environment, region, *extremes[region]),
                **_inference(environment, entrances.get(region)),
                "cache": cache_group(environment, region),
                "vault": vault_name(backups.component_name(environment), region),
            }
            for region in environment.both
        },
        **({"traffic": _traffic(environment), "service": service} if entrances else {}),
        # ARC makes up the end of a plan's ARN, so it can't be composed here.
        **({"recoveryPlan": plan.plan_arn} if plan is not None else {}),
    }


def _side(environment: Environment, region: str, full: Scale, standby: Scale) -> dict[str, Any]:
    settings = environment.settings
    return {
        "cluster": {
            "name": environment.cluster_name(region),
            "nodeGroups": nodes.groups(environment, region, full, standby),
        },
        "database": _database(environment, region, full, standby),
        "zones": list(settings.zones[region]),
        "addresses": _addresses(environment, region, full),
        **({"workloads": found} if (found := runbook.workloads(environment, region, full, standby)) else {}),
        **({"balancer": _balancer(environment, region)} if settings.domain else {}),
        "buckets": {name: bucket_name(environment.bucket_base(name), region) for name in settings.storage.buckets},
        "tables": {name: tables.table_name(environment, name) for name in settings.tables},
        **({"queues": _queues(environment, region)} if settings.queues else {}),
    }


def _queues(environment: Environment, region: str) -> dict[str, str]:
    """What consumers take messages from, by names."""
    settings = environment.settings
    return {
        name: queue_name(names.buffer_name(settings.stack, name, region), fifo=each.fifo)
        for name, each in settings.queues.items()
    }


def _inference(environment: Environment, entrance: str | None) -> dict[str, Any]:
    found = runbook.proof(environment, entrance)
    return {} if found is None else {"inference": found}


def _database(environment: Environment, region: str, full: Scale, standby: Scale) -> dict[str, Any]:
    """A Region's member of the global cluster. Where only backups are copied there is none in the recovery Region, but
    the database that is restored there has these names."""
    restored = region == environment.recovery and environment.replication.backups_only
    name = restored_database_name(environment) if restored else database_name(environment)
    zones = environment.settings.zones[region]
    return {
        "cluster": cluster_name(name, region),
        "subnetGroup": subnet_group_name(name, region),
        **_network_acl(environment, region),
        "instances": {
            instance_name(name, region, index): instance_zone(zones, index)
            for index in range(1, full.database_instances + 1)
        },
        "standby": standby.database_instances if standby.database else None,
        **({"globalCluster": global_cluster_name(name), "secret": secret_name(name)} if restored else {}),
    }


def _network_acl(environment: Environment, region: str) -> dict[str, str]:
    """The ACL of the data subnets, by its tag: an existing network's has a name that this program doesn't know."""
    if region in environment.settings.network.existing:
        return {}
    return {"networkAcl": data_acl_name(names.regional_name(environment.settings.stack, region))}


def _balancer(environment: Environment, region: str) -> dict[str, Any]:
    """The load balancer and what pods register in, by names: ARNs exist only while it does."""
    name = environment.cluster_name(region)
    return {
        "name": name,
        "targetGroup": target_group_name(name),
        "securityGroup": balancer_security_group_name(name),
        "targetPort": environment.settings.edge.target_port,
    }


def _addresses(environment: Environment, region: str, full: Scale) -> int:
    """Elastic IP addresses of the NAT gateways at full scale: one in each zone of a network that is declared here."""
    settings = environment.settings
    return len(settings.zones[region]) if full.nat and region not in settings.network.existing else 0


def _traffic(environment: Environment) -> dict[str, Any]:
    """How each Region is turned off: write 1 to the metric, in the other Region."""
    name = f"{environment.name}-switch"
    return {
        region: {"writeIn": environment.other(region), "alarm": alarm_name(name, region), **_metric(name, region)}
        for region in environment.both
    }


def _metric(name: str, region: str) -> Mapping[str, Any]:
    found = metric(name, region)
    return {"namespace": found["namespace"], "metric": found["metric_name"], "dimensions": found["dimensions"]}


def divided(stack: str, recovery_manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What each parameter holds: one has it all where it fits, and else names another one for each Region's side.

    Args:
        stack: the stack's name.
        recovery_manifest: the whole.

    Raises:
        Problems: a parameter doesn't hold its part.
    """
    name = names.manifest_parameter(stack)
    found: dict[str, Mapping[str, Any]] = {name: recovery_manifest}
    if _characters(recovery_manifest) > limits.PARAMETER_CHARACTERS:
        sides = {region: names.side_parameter(stack, region) for region in recovery_manifest["sides"]}
        found = {name: {**recovery_manifest, "sides": sides}}
        found |= {each: recovery_manifest["sides"][region] for region, each in sides.items()}
    _require_room(stack, found)
    return found


def _require_room(stack: str, parameters: Mapping[str, Mapping[str, Any]]) -> None:
    for name, document in parameters.items():
        characters = _characters(document)
        if characters > limits.PARAMETER_CHARACTERS:
            fix = "write fewer or shorter golden prompts, or divide the systems among two environments"
            problem = Problem(
                "haven:systems, haven:cluster.gpuNodeGroups, haven:tables, haven:queues, haven:secrets,"
                " haven:storage.buckets",
                f"a recovery manifest with about {characters} characters in {name}",
                f"at most {limits.PARAMETER_CHARACTERS}: a Systems Manager parameter holds no more",
                f"{fix}{_room(parameters)}",
            )
            raise Problems([problem], f"the config of stack {stack}")


def _room(parameters: Mapping[str, Mapping[str, Any]]) -> str:
    """How many systems would fit, if all took as much as those that there are take on average."""
    count = max(len(each.get("workloads", ())) for each in parameters.values())
    if not count:
        return ""
    fit = count
    for each in parameters.values():
        fixed = _characters({key: value for key, value in each.items() if key not in _OF_SYSTEMS})
        one = (_characters(each) - fixed) / count
        fit = min(fit, max(0, int((limits.PARAMETER_CHARACTERS - fixed) / one)) if one else fit)
    return f": about {fit} of the {count} fit here"


def _characters(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":"), default=lambda _: "x" * _ARN_CHARACTERS))


def keep(environment: Environment, recovery_manifest: Mapping[str, Any]) -> None:
    """Store the manifest in both Regions: either of them may be the one that is left.

    Raises:
        Problems: no parameters hold it.
    """
    name, *sides = (parameters := divided(environment.settings.stack, recovery_manifest))
    about = "What a recovery needs to know of this environment"
    protect = not environment.settings.ephemeral
    for region, provider in environment.providers.items():
        prefix = f"{environment.name}-manifest-{region_code(region)}"
        # Those aren't protected: they go when the manifest fits into one parameter again.
        options = pulumi.ResourceOptions(provider=provider)
        before = [
            _parameter(f"{prefix}-{region_code(each.rpartition('/')[2])}", each, f"{about}, of one Region",
                       parameters[each], options)
            for each in sides
        ]  # fmt: skip
        options = pulumi.ResourceOptions(provider=provider, protect=protect, depends_on=before)
        _parameter(prefix, name, about, parameters[name], options)


def _parameter(
    resource: str, name: str, description: str, document: Mapping[str, Any], options: pulumi.ResourceOptions
) -> aws.ssm.Parameter:
    return aws.ssm.Parameter(
        resource,
        name=name,
        description=description,
        type="String",
        tier="Advanced",
        insecure_value=pulumi.Output.json_dumps(document, separators=(",", ":"), sort_keys=True),
        opts=options,
    )
