"""The Lambda functions of a plan, in both Regions: what `haven failover` does and Region switch has no block for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.names import SWITCH_NAMESPACE, dns_suffix, metric, region_code
from haven_components.resilience.region_switch import _steps
from haven_components.resilience.region_switch._args import (
    RecoveryCacheArgs,
    RecoveryClustersArgs,
    RecoveryFunctionsArgs,
    RecoveryNodeGroupArgs,
    RecoverySwitchArgs,
)
from haven_components.resilience.region_switch._rights import Account, allow
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import assume_role_policy, policy_document, stateful

RUNTIME = "python3.13"
"""Supported by Lambda until June 2029 (Lambda Developer Guide, runtimes; to be compared)."""
MEMORY_MB = 256
"""[assumption] boto3 with two clients."""
TIMEOUT_SECONDS = 60
_PACKAGE = "function"
_GIVEN = "HAVEN_ACTION"


class ActionArgs(TypedDict, total=False):
    """What there is to make functions from."""

    clusters: RecoveryClustersArgs
    cache: RecoveryCacheArgs
    traffic_switch: RecoverySwitchArgs
    functions: RecoveryFunctionsArgs


@dataclass(frozen=True)
class Action:
    """What one function does in one Region."""

    step: str
    region: str
    settings: Mapping[str, Any]
    """What the function reads (function/handler.py)."""
    statements: list[Mapping[str, Any]]
    """What it may do beside logging."""


@dataclass(frozen=True)
class Home:
    """Where functions are declared."""

    name: str
    """Of the plan."""
    parent: pulumi.Resource
    providers: Mapping[str, aws.Provider | None]
    """Region -> its provider; None is the component's own."""
    account: Account


def declare(args: ActionArgs, home: Home) -> dict[str, _steps.Pair]:
    """Declare the functions that the steps need.

    Returns:
        Step -> ARN of its function in the primary Region and in the recovery Region. They are composed, so that the
        plan, which is declared through the primary Region's provider, can be changed while the other Region is lost.
    """
    found: dict[str, dict[str, str]] = {}
    for each in actions(args, home.account):
        _function(each, args["functions"], home)
        arn = home.account.arn("lambda", each.region, f"function:{_name(each, home)}")
        found.setdefault(each.step, {})[each.region] = arn
    primary, recovery = home.account.regions
    return {step: (arns[primary], arns[recovery]) for step, arns in found.items()}


def _name(action: Action, home: Home) -> str:
    return f"{home.name}-{region_code(action.region)}-{action.step}"


def actions(args: ActionArgs, account: Account) -> Iterator[Action]:
    """What the functions do. A step has its functions in both Regions, or in neither."""
    if "clusters" in args:
        yield from _nodes(args["clusters"], account)
    if "cache" in args:
        yield from _cache(args["cache"], account)
    if "traffic_switch" in args:
        yield from _traffic(args["traffic_switch"], account)


def _nodes(clusters: RecoveryClustersArgs, account: Account) -> Iterator[Action]:
    names = (clusters["primary_cluster"], clusters["recovery_cluster"])
    groups = (clusters.get("primary_node_groups", []), clusters.get("recovery_node_groups", []))
    if not any(groups):
        return
    for region, cluster, own in zip(account.regions, names, groups, strict=True):
        settings = {"cluster": cluster, "groups": {each["name"]: _sizes(each) for each in own}}
        every = [
            pulumi.Output.concat(account.arn("eks", region, "nodegroup/"), cluster, f"/{each['name']}/*")
            for each in own
        ]
        rights = [allow("ScaleNodes", ["eks:DescribeNodegroup", "eks:UpdateNodegroupConfig"], every)] if own else []
        yield _made(_steps.SCALE_NODES, region, settings, rights)


def _sizes(group: RecoveryNodeGroupArgs) -> Mapping[str, int]:
    return {"minSize": int(group["minimum"]), "desiredSize": int(group["desired"]), "maxSize": int(group["maximum"])}


def _cache(cache: RecoveryCacheArgs, account: Account) -> Iterator[Action]:
    """AWS puts five letters of a Region and a hyphen before a Global Datastore's suffix."""
    groups = (cache["primary_group"], cache["recovery_group"])
    whole = account.arn("elasticache", "", f"globalreplicationgroup:?????-{cache['datastore_suffix']}")
    members = [
        account.arn("elasticache", region, f"replicationgroup:{name}")
        for region, name in zip(account.regions, groups, strict=True)
    ]
    for region, group in zip(account.regions, groups, strict=True):
        rights = [
            allow(
                "PromoteCache",
                [
                    "elasticache:DescribeGlobalReplicationGroups",
                    "elasticache:DescribeReplicationGroups",
                    "elasticache:FailoverGlobalReplicationGroup",
                ],
                [whole, *members],
            )
        ]
        yield _made(_steps.PROMOTE_CACHE, region, {"group": group}, rights)


def _traffic(switch: RecoverySwitchArgs, account: Account) -> Iterator[Action]:
    """The recovery Region is never turned off: its switch is written in the primary one, so if that were lost nobody
    could turn it on again. So both functions write the primary Region's, which is in the recovery Region."""
    primary, recovery = account.regions
    targets = (switch.get("primary_target_group", ""), switch.get("recovery_target_group", ""))
    for region, target in zip(account.regions, targets, strict=True):
        turned = {**metric(switch["name"], primary), "region": recovery, "value": 0 if region == primary else 1}
        settings = {"points": [turned], "target_group": target}
        # A metric is no resource.
        write = allow("TrafficSwitch", ["cloudwatch:PutMetricData"], ["*"])
        condition = {"StringEquals": {"cloudwatch:namespace": SWITCH_NAMESPACE}}
        rights: list[Mapping[str, Any]] = [{**write, "Condition": condition}]
        if target:
            describe = [f"elasticloadbalancing:DescribeTarget{each}" for each in ("Groups", "Health")]
            rights.append(allow("SeeTargets", describe, ["*"]))
        yield _made(_steps.MOVE_TRAFFIC, region, settings, rights)


def _made(step: str, region: str, settings: Mapping[str, Any], statements: list[Mapping[str, Any]]) -> Action:
    return Action(step, region, {"action": step, "region": region, **settings}, statements)


def _function(action: Action, args: RecoveryFunctionsArgs, home: Home) -> None:
    region, provider = action.region, home.providers[action.region]
    name = _name(action, home)
    here = pulumi.ResourceOptions(parent=home.parent, provider=provider)
    primary = region == home.account.regions[0]
    key = args["primary_kms_key_arn"] if primary else args["recovery_kms_key_arn"]
    role = service_role(
        name, f"Step {action.step} of plan {home.name} in {region}", assume_role_policy("lambda.amazonaws.com"), here
    )
    log = f"/aws/lambda/{name}"
    write = ["logs:CreateLogStream", "logs:PutLogEvents"]
    statements = [
        allow("Log", write, [home.account.arn("logs", region, f"log-group:{log}:*")]),
        {**allow("Key", ["kms:Decrypt"], [key]), "Condition": {"StringEquals": {"kms:ViaService": _through(region)}}},
        *action.statements,
    ]
    policy = aws.iam.RolePolicy(name, name=name, role=role.name, policy=policy_document(*statements), opts=here)
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=log,
        retention_in_days=int(args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
        kms_key_id=key,
        tags={"Name": log},
        opts=stateful(home.parent, ephemeral=args.get("ephemeral", False), provider=provider),
    )
    aws.lambda_.Function(
        name,
        name=name,
        description=f"Step {action.step} of Region switch plan {home.name}, when {region} becomes active",
        runtime=RUNTIME,
        architectures=["arm64"],
        handler=f"{_PACKAGE}.handler.handle",
        code=pulumi.AssetArchive({f"{_PACKAGE}/{file}": text for file, text in _code()}),
        role=role.arn,
        memory_size=MEMORY_MB,
        timeout=TIMEOUT_SECONDS,
        kms_key_arn=key,
        environment={"variables": {_GIVEN: pulumi.Output.json_dumps(action.settings, sort_keys=True)}},
        logging_config={"log_format": "Text", "log_group": log},
        tags={"Name": name},
        opts=pulumi.ResourceOptions(parent=home.parent, provider=provider, depends_on=[policy, logs]),
    )


def _through(region: str) -> str:
    return f"lambda.{region}.{dns_suffix(region)}"


def _code() -> Iterator[tuple[str, pulumi.Asset]]:
    """The functions' own files, as text: the archive is the same on every machine."""
    for file in sorted((Path(__file__).parent / _PACKAGE).glob("*.py")):
        yield file.name, pulumi.StringAsset(file.read_text(encoding="utf-8"))
