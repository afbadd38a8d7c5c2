"""The steps of a plan's workflows, in the order of `haven failover` as far as Region switch can keep it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi

from haven_components.resilience.region_switch._args import (
    RecoveryActionArgs,
    RecoveryDatabaseArgs,
    RecoveryDeploymentArgs,
    RecoveryEventSourceArgs,
    RecoveryRecordsArgs,
)

APPROVE, PREPARE, SCALE_NODES, CREATE_INSTANCE = "approve", "prepare", "scale-nodes", "create-instance"
PROMOTE, MOVE_WRITER, PROMOTE_CACHE = "promote", "move-writer", "promote-cache"
START, START_DEPENDENT = "start-workloads", "start-dependent-workloads"
MOVE_TRAFFIC, SWITCH_RECORDS = "move-traffic", "switch-records"
RESERVED = frozenset(
    (
        *(APPROVE, PREPARE, SCALE_NODES, CREATE_INSTANCE, PROMOTE, MOVE_WRITER, PROMOTE_CACHE, START, START_DEPENDENT),
        *(MOVE_TRAFFIC, SWITCH_RECORDS),
    )
)
"""Names of the steps that the component makes itself, whether or not a plan has them."""
STOP, RESUME = "stop-", "start-"
"""What the names of an event source's two steps begin with."""

APPROVAL_TIMEOUT_MINUTES = 60
ACTION_TIMEOUT_MINUTES = 15
ACTION_RETRY_MINUTES = 1
DATABASE_TIMEOUT_MINUTES = 30
WORKLOADS_TIMEOUT_MINUTES = 45
TRAFFIC_TIMEOUT_MINUTES = 30
"""[assumption] As long as the runbook's own steps may take (haven/runbooks/failover/plan.py); for pods that wait for
nodes of GPUs the longest of them and a reserve."""

Step = dict[str, Any]
"""As `pulumi_aws` takes it, alone or in a parallel step."""
Pair = tuple[pulumi.Input[str], pulumi.Input[str]]
"""Of the primary Region, and of the recovery Region."""


class StepArgs(TypedDict, total=False):
    """What there is to make steps from."""

    approval_role_arn: pulumi.Input[str]
    approval_timeout_minutes: int
    database: RecoveryDatabaseArgs
    deployments: Sequence[RecoveryDeploymentArgs]
    cluster_arns: Pair
    event_sources: Sequence[RecoveryEventSourceArgs]
    actions: Sequence[RecoveryActionArgs]
    records: RecoveryRecordsArgs
    functions: Mapping[str, Pair]
    """Step -> the component's own functions that do it."""


def steps(args: StepArgs, regions: tuple[str, str]) -> list[Step]:
    """The steps of both workflows.

    Region switch can't nest a sequence in a parallel step. So nodes are asked for beside the new database instance, and
    pods start beside the promotions, by when the nodes are there.

    Args:
        args: what there is to make steps from.
        regions: the primary Region and the recovery Region.
    """
    sources, functions = args.get("event_sources", ()), args.get("functions", {})
    database = args.get("database")
    prepared = [*_own(functions, SCALE_NODES, ACTION_TIMEOUT_MINUTES), *_instance(database, regions)]
    promoted = [
        *_writer(database),
        *_own(functions, PROMOTE_CACHE, ACTION_TIMEOUT_MINUTES),
        *_started(args, regions, START, after_promotion=False),
    ]
    return [
        _approval(args),
        *(_source(each, regions, enable=False) for each in sources),
        *_together(PREPARE, prepared),
        *_together(PROMOTE, promoted),
        *_started(args, regions, START_DEPENDENT, after_promotion=True),
        *(_action(each) for each in args.get("actions", ())),
        *(_source(each, regions, enable=True) for each in sources),
        *_own(functions, MOVE_TRAFFIC, TRAFFIC_TIMEOUT_MINUTES),
        *_records(args.get("records"), regions),
    ]


def _together(name: str, found: Sequence[Step]) -> Iterator[Step]:
    """Several steps at once; one needs no parallel step around it."""
    if len(found) > 1:
        yield {"name": name, "execution_block_type": "Parallel", "parallel_configs": [{"steps": list(found)}]}
    else:
        yield from found


def _approval(args: StepArgs) -> Step:
    minutes = int(args.get("approval_timeout_minutes", APPROVAL_TIMEOUT_MINUTES))
    approval = {"approval_role": args["approval_role_arn"], "timeout_minutes": minutes}
    return {"name": APPROVE, "execution_block_type": "ManualApproval", "execution_approval_configs": [approval]}


def _instance(database: RecoveryDatabaseArgs | None, regions: tuple[str, str]) -> Iterator[Step]:
    """Region switch creates the instance that doesn't exist with the class of the other Region's (ARC Developer Guide,
    Aurora provisioned scaling execution block; read 2026-11-26)."""
    if database is None or "primary_instance_arn" not in database:
        return
    instances = (database["primary_instance_arn"], database["recovery_instance_arn"])
    clusters = (database["primary_cluster_arn"], database["recovery_cluster_arn"])
    scaling = {
        "global_cluster_identifier": database["global_cluster_id"],
        "region_database_cluster_arns": dict(zip(regions, clusters, strict=True)),
        "instance_arns": dict(zip(regions, instances, strict=True)),
        "timeout_minutes": DATABASE_TIMEOUT_MINUTES,
    }
    yield {
        "name": CREATE_INSTANCE,
        "execution_block_type": "AuroraProvisionedScaling",
        "aurora_provisioned_scaling_configs": [scaling],
    }


def _writer(database: RecoveryDatabaseArgs | None) -> Iterator[Step]:
    if database is None:
        return
    moved = {
        "behavior": "switchoverOnly",
        "ungracefuls": [{"ungraceful": "failover"}],
        "global_cluster_identifier": database["global_cluster_id"],
        "database_cluster_arns": [database["primary_cluster_arn"], database["recovery_cluster_arn"]],
        "timeout_minutes": DATABASE_TIMEOUT_MINUTES,
    }
    yield {"name": MOVE_WRITER, "execution_block_type": "AuroraGlobalDatabase", "global_aurora_configs": [moved]}


def _started(args: StepArgs, regions: tuple[str, str], name: str, *, after_promotion: bool) -> Iterator[Step]:
    """As many replicas as the Region that is left had at most within 24 hours; none is stopped, and autoscalers keep
    their minimum (ARC Developer Guide, EKS resource scaling execution block; read 2026-11-26)."""
    chosen = [each for each in args.get("deployments", ()) if each.get("after_promotion", False) is after_promotion]
    if not chosen:
        return
    scaling = {
        "kubernetes_resource_types": [{"api_version": "apps/v1", "kind": "Deployment"}],
        "eks_clusters": [{"cluster_arn": arn} for arn in args["cluster_arns"]],
        "scaling_resources": [_resource(each, regions) for each in chosen],
        "capacity_monitoring_approach": "sampledMaxInLast24Hours",
        "target_percent": 100,
        "timeout_minutes": WORKLOADS_TIMEOUT_MINUTES,
    }
    yield {"name": name, "execution_block_type": "EKSResourceScaling", "eks_resource_scaling_configs": [scaling]}


def _resource(deployment: RecoveryDeploymentArgs, regions: tuple[str, str]) -> Mapping[str, Any]:
    """The provider calls a Region of Region switch's map `resource_name` (its acceptance tests; read 2026-11-26)."""
    names = zip(regions, (deployment["primary_name"], deployment["recovery_name"]), strict=True)
    namespace = deployment["namespace"]
    resources = [{"resource_name": region, "namespace": namespace, "name": name} for region, name in names]
    return {"namespace": namespace, "resources": resources}


def _own(functions: Mapping[str, Pair], name: str, minutes: int) -> Iterator[Step]:
    if name in functions:
        yield _lambda(name, functions[name], minutes)


def _action(action: RecoveryActionArgs) -> Step:
    pair = (action["primary_function_arn"], action["recovery_function_arn"])
    return _lambda(action["name"], pair, int(action.get("timeout_minutes", ACTION_TIMEOUT_MINUTES)))


def _lambda(name: str, functions: Iterable[pulumi.Input[str]], minutes: int) -> Step:
    run = {
        "lambdas": [{"arn": each} for each in functions],
        "region_to_run": "activatingRegion",
        "retry_interval_minutes": ACTION_RETRY_MINUTES,
        "timeout_minutes": minutes,
    }
    return {"name": name, "execution_block_type": "CustomActionLambda", "custom_action_lambda_configs": [run]}


def _source(source: RecoveryEventSourceArgs, regions: tuple[str, str], *, enable: bool) -> Step:
    """A mapping is named by the Region that becomes active: what stops then is the other Region's. In an ungraceful run
    that step is left out, for it asks the Region that may be lost (ARC Developer Guide, Lambda event source mapping
    execution block; read 2026-11-26)."""
    mappings = [source["primary_mapping_arn"], source["recovery_mapping_arn"]]
    acted = mappings if enable else reversed(mappings)
    turned: dict[str, Any] = {
        "action": "enable" if enable else "disable",
        "region_event_source_mappings": [
            {"region": region, "arn": arn} for region, arn in zip(regions, acted, strict=True)
        ],
        "timeout_minutes": ACTION_TIMEOUT_MINUTES,
    }
    if not enable:
        turned["ungracefuls"] = [{"behavior": "skip"}]
    return {
        "name": f"{RESUME if enable else STOP}{source['name']}",
        "execution_block_type": "LambdaEventSourceMapping",
        "lambda_event_source_mapping_configs": [turned],
    }


def _records(records: RecoveryRecordsArgs | None, regions: tuple[str, str]) -> Iterator[Step]:
    if records is None:
        return
    checked: dict[str, Any] = {
        "hosted_zone_id": records["hosted_zone_id"],
        "record_name": records["record_name"],
        "timeout_minutes": TRAFFIC_TIMEOUT_MINUTES,
    }
    if "primary_set_identifier" in records:
        identifiers = (records["primary_set_identifier"], records["recovery_set_identifier"])
        checked["record_sets"] = [
            {"region": region, "record_set_identifier": each} for region, each in zip(regions, identifiers, strict=True)
        ]
    yield {
        "name": SWITCH_RECORDS,
        "execution_block_type": "Route53HealthCheck",
        "route53_health_check_configs": [checked],
    }
