"""What the heartbeat's function may do in AWS: to its own keys and items alone, never to data of applications."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from haven_components.names import dns_suffix, partition, resource_arn
from haven_components.resilience._heartbeat_args import HeartbeatArgs, HeartbeatTableArgs
from haven_components.resilience.heartbeat_function.keys import DATABASE_USER, RECORDS, item_key, object_key
from haven_components.workloads._secrets import secret_arns


def statements(name: str, args: HeartbeatArgs) -> list[Mapping[str, Any]]:
    """The role's policy.

    Args:
        name: of the function.
        args: of the component.
    """
    log = _arn("logs", args, f"log-group:{log_group_name(name)}:*")
    operations = _arn("dynamodb", args, f"table/{args['operations_table']}")
    return [
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], log),
        {
            **_allow("Records", ["dynamodb:BatchWriteItem"], operations),
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [RECORDS]}},
        },
        *_buckets(args),
        *_tables(args),
        *_database(args),
        *_secrets(args),
        *_network(args),
        _key(args),
    ]


def log_group_name(name: str) -> str:
    """Name of the function's log group, which Lambda sets."""
    return f"/aws/lambda/{name}"


def _buckets(args: HeartbeatArgs) -> Iterator[Mapping[str, Any]]:
    names = list(args.get("buckets", {}).values())
    for sid, action, region in (
        ("OwnObjects", "s3:PutObject", args["region"]),
        ("OtherObjects", "s3:GetObject", args["other_region"]),
    ):
        objects = [f"arn:{partition(region)}:s3:::{each}/{object_key(region)}" for each in names]
        if objects:
            yield _allow(sid, [action], objects)
    if names:
        buckets = [f"arn:{partition(args['region'])}:s3:::{each}" for each in names]
        prefix = {"StringEquals": {"s3:prefix": object_key(args["other_region"])}}
        yield {**_allow("FindOtherObjects", ["s3:ListBucket"], buckets), "Condition": prefix}


def _tables(args: HeartbeatArgs) -> Iterator[Mapping[str, Any]]:
    tables = list(args.get("tables", {}).values())
    for sid, action, region in (
        ("OwnItems", "dynamodb:PutItem", args["region"]),
        ("OtherItems", "dynamodb:GetItem", args["other_region"]),
    ):
        keys = sorted({_leading_key(each, region) for each in tables})
        if keys:
            resources = [_arn("dynamodb", args, f"table/{each['name']}") for each in tables]
            condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": keys}}
            yield {**_allow(sid, [action], resources), "Condition": condition}


def _leading_key(table: HeartbeatTableArgs, region: str) -> str:
    """The hash key's value, as IAM compares it."""
    (_, value), *_rest = item_key(table["keys"], region).items()
    (found,) = value.values()
    return base64.b64encode(found).decode() if isinstance(found, bytes) else str(found)


def _database(args: HeartbeatArgs) -> Iterator[Mapping[str, Any]]:
    if "database" in args:
        user = pulumi.Output.concat(
            _arn("rds-db", args, "dbuser:"), args["database"]["resource_id"], f"/{DATABASE_USER}"
        )
        yield _allow("DatabaseUser", ["rds-db:connect"], user)


def _secrets(args: HeartbeatArgs) -> Iterator[Mapping[str, Any]]:
    names = [
        *([args["database"]["secret_name"]] if "database" in args else []),
        *([args["cache"]["secret_name"]] if "cache" in args else []),
    ]
    if names:
        yield _allow(
            "Secrets", ["secretsmanager:GetSecretValue"], secret_arns(args["region"], args["account_id"], names)
        )


def _network(args: HeartbeatArgs) -> Iterator[Mapping[str, Any]]:
    """Lambda's interfaces in the VPC, which it makes with the function's role. Their ids are unknown before, and Lambda
    wants the deletion of any kind of resource allowed (Lambda Developer Guide, VPC access; read 2026-11-26)."""
    if "network" in args:
        yield _allow(
            "NetworkInterfaces",
            [
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:UnassignPrivateIpAddresses",
            ],
            _arn("ec2", args, "*/*"),
        )
        yield _allow("FindInterfaces", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*")


def _key(args: HeartbeatArgs) -> Mapping[str, Any]:
    services = [f"{each}.{args['region']}.{dns_suffix(args['region'])}" for each in _key_users(args)]
    return {
        **_allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], args["kms_key_arn"]),
        "Condition": {"StringEquals": {"kms:ViaService": services}},
    }


def _key_users(args: HeartbeatArgs) -> Iterator[str]:
    yield from ("dynamodb", "lambda")
    if args.get("buckets"):
        yield "s3"
    if "database" in args or "cache" in args:
        yield "secretsmanager"


def _allow(sid: str, actions: list[str], resources: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _arn(service: str, args: HeartbeatArgs, resource: str) -> str:
    return resource_arn(service, args["region"], args["account_id"], resource)
