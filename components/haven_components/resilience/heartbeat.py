"""The heartbeats of one Region: what bounds how much of each store a failover may lose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components import limits, rds_certificates
from haven_components.names import resource_arn
from haven_components.resilience._heartbeat_args import HeartbeatArgs, validate
from haven_components.resilience._heartbeat_rights import log_group_name, statements
from haven_components.resilience.heartbeat_function.keys import CERTIFICATES_FILE
from haven_components.shared import checks as _checks
from haven_components.shared import sdk
from haven_components.shared.roles import service_role
from haven_components.shared.security_groups import allow_out
from haven_components.shared.support import assume_role_policy, policy_document, stateful

sdk.load(aws.ec2)

RUNTIME = "python3.13"
"""Supported by Lambda until June 2029 (Lambda Developer Guide, runtimes; to be compared)."""
MEMORY_MB = 256
"""[assumption] boto3 with four clients, and 32 threads that wait."""
TIMEOUT_SECONDS = 150
"""The last round begins 110 s after the first, waits 8 s for answers and takes at most 10 s to record them; the rest is
for making clients before the first."""
INTERVAL_SECONDS = 10
CONCURRENT = 4
"""Three invocations overlap when their starts are as late and as early as a schedule's precision lets them be, and one
is for a comparison by haven reconcile."""
_PACKAGE = "heartbeat_function"
_HTTPS, _EVERYWHERE = 443, "0.0.0.0/0"


class Heartbeat(pulumi.ComponentResource):
    """A Lambda function that writes a heartbeat every ten seconds to each store that takes writes in this Region, and
    puts what arrived in this Region into its operations table, where runbooks read it.

    Declare one in each Region. They don't know which Region is active: a database or a cache is written where it takes
    writes, buckets and tables in both Regions, and a failover changes nothing here. Nothing depends on a cluster, and
    nothing outside the Region is asked.
    """

    function_name: pulumi.Output[str]
    """Name of the Lambda function."""
    function_arn: pulumi.Output[str]
    """ARN of the Lambda function."""
    role_arn: pulumi.Output[str]
    """ARN of the function's role."""

    def __init__(self, name: str, args: HeartbeatArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:Heartbeat", name, {}, opts)
        validate(name, args)
        self._name = name
        self._args = args
        self._here = pulumi.ResourceOptions(parent=self)
        role = service_role(
            name, f"Writes heartbeats in {args['region']}", assume_role_policy("lambda.amazonaws.com"), self._here
        )
        policy = aws.iam.RolePolicy(
            name, name=name, role=role.name, policy=policy_document(*statements(name, args)), opts=self._here
        )
        function = self._function(role, [policy, self._logs()])
        self._schedule(function)
        self.function_name = function.name
        self.function_arn = function.arn
        self.role_arn = role.arn
        self.register_outputs(
            {"function_name": self.function_name, "function_arn": self.function_arn, "role_arn": self.role_arn}
        )

    def _logs(self) -> aws.cloudwatch.LogGroup:
        """Lambda would make the group itself, without key or retention."""
        args, name = self._args, log_group_name(self._name)
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=name,
            retention_in_days=int(args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
            kms_key_id=args["kms_key_arn"],
            tags={"Name": name},
            opts=stateful(self, ephemeral=args.get("ephemeral", False)),
        )

    def _function(self, role: aws.iam.Role, before: list[pulumi.Resource]) -> aws.lambda_.Function:
        args = self._args
        network: dict[str, Any] = {}
        if "network" in args:
            group = self._security_group()
            network["vpc_config"] = {"subnet_ids": args["network"]["subnet_ids"], "security_group_ids": [group.id]}
        function = aws.lambda_.Function(
            self._name,
            name=self._name,
            description="Writes heartbeats to the stores of this Region and records what arrived",
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{_PACKAGE}.handler.handle",
            code=pulumi.AssetArchive({f"{_PACKAGE}/{name}": text for name, text in _code(args)}),
            role=role.arn,
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            reserved_concurrent_executions=CONCURRENT,
            kms_key_arn=args["kms_key_arn"],
            environment={"variables": {"HAVEN_HEARTBEAT": self._settings()}},
            logging_config={"log_format": "Text", "log_group": log_group_name(self._name)},
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
            **network,
        )
        # A heartbeat that comes late is none: it is neither kept nor tried again.
        aws.lambda_.FunctionEventInvokeConfig(
            self._name,
            function_name=function.name,
            maximum_event_age_in_seconds=limits.LAMBDA_EVENT_AGE_SECONDS,
            maximum_retry_attempts=0,
            opts=self._here,
        )
        return function

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """Nothing gets in; out go the ports of the stores in the network, and HTTPS to the services of AWS."""
        args, network = self._args, self._args["network"]
        logical = f"{self._name}-function"
        group = aws.ec2.SecurityGroup(
            logical,
            name=logical,
            description="Writes heartbeats",
            vpc_id=network["vpc_id"],
            tags={"Name": logical},
            opts=self._here,
        )
        for store in ("database", "cache"):
            if store in args:
                port = int(args[store]["port"])
                allow_out(f"{logical}-to-{store}", group, network["cidr"], port, self._here)
        allow_out(f"{logical}-to-services", group, _EVERYWHERE, _HTTPS, self._here)
        return group

    def _settings(self) -> pulumi.Output[str]:
        """What the function reads (heartbeat_function/handler.py)."""
        args = self._args
        settings: dict[str, Any] = {
            "region": args["region"],
            "other": args["other_region"],
            "operations": args["operations_table"],
            "interval": INTERVAL_SECONDS,
            "buckets": dict(args.get("buckets", {})),
            "tables": {store: [each["name"], dict(each["keys"])] for store, each in args.get("tables", {}).items()},
        }
        if "objects_within_minutes" in args:
            settings["objectsMinutes"] = float(args["objects_within_minutes"])
        if "database" in args:
            database = args["database"]
            settings["database"] = {
                "hosts": [database["writer_host"], database["reader_host"]],
                "port": int(database["port"]),
                "name": database["name"],
                "secret": database["secret_name"],
                "headless": bool(database.get("headless", False)),
            }
        if "cache" in args:
            cache = args["cache"]
            settings["cache"] = {"host": cache["host"], "port": int(cache["port"]), "secret": cache["secret_name"]}
        return pulumi.Output.json_dumps(settings, separators=(",", ":"), sort_keys=True)

    def _schedule(self, function: aws.lambda_.Function) -> None:
        """Once a minute, which is the most that EventBridge Scheduler does (rate expressions; read 2026-11-26), at any
        moment of it: so the rounds of one invocation go on until the next one has begun."""
        args, name = self._args, f"{self._name}-schedule"
        trust = assume_role_policy("scheduler.amazonaws.com", account_id=args["account_id"])
        role = service_role(name, f"Starts {self._name}", trust, self._here)
        start = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function_arn(self._name, args)}
        # The role decrypts the schedule's payload, empty as it is (EventBridge Scheduler User Guide, encryption at
        # rest; AWS CDK, aws-scheduler, which grants it too; read 2026-11-27).
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": args["kms_key_arn"]}
        document = policy_document(start, decrypt)
        policy = aws.iam.RolePolicy(name, name=name, role=role.name, policy=document, opts=self._here)
        aws.scheduler.Schedule(
            name,
            name=name,
            description="Heartbeats, one each ten seconds",
            schedule_expression="rate(1 minute)",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=args["kms_key_arn"],
            target={
                "arn": function.arn,
                "role_arn": role.arn,
                "retry_policy": {
                    "maximum_event_age_in_seconds": limits.LAMBDA_EVENT_AGE_SECONDS,
                    "maximum_retry_attempts": 0,
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def function_arn(name: str, args: HeartbeatArgs) -> str:
    """ARN of the function, known before it is made."""
    return resource_arn("lambda", args["region"], args["account_id"], f"function:{name}")


def _code(args: HeartbeatArgs) -> Iterator[tuple[str, pulumi.Asset]]:
    """The function's own files, as text: the archive is the same on every machine. What the database is verified with
    is one of them, for variables of a function are too small."""
    for file in sorted((Path(__file__).parent / _PACKAGE).glob("*.py")):
        yield file.name, pulumi.StringAsset(file.read_text(encoding="utf-8"))
    if "database" in args:
        given = args["database"].get("certificates") or rds_certificates.certificates(args["region"])
        yield CERTIFICATES_FILE, pulumi.StringAsset(given)
