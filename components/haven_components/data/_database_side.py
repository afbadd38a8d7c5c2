"""One Region's member of an Aurora global cluster, with its instances, groups and logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.choices import DatabaseStorage
from haven_components.data._database_args import DatabaseSideArgs
from haven_components.names import DATABASE_PORT, instance_name, instance_zone, regional, subnet_group_name
from haven_components.shared.placement import Placement
from haven_components.shared.security_groups import client_access

ENGINE = "aurora-postgresql"

CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
"""What RDS uses by default; valid until 2061 in most Regions (Aurora User Guide, SSL/TLS, read
2026-11-21)."""

INSIGHTS_DAYS = 7
"""The retention of Performance Insights that is free of charge (Aurora User Guide, read 2026-11-21)."""

SLOW_STATEMENT_MILLISECONDS = 1000

BACKUP_WINDOW = "02:00-03:00"
FIRST_MAINTENANCE_HOUR = 5
"""The cluster's hour of maintenance (UTC). Each instance has an hour of its own after it, so that no two restart
together."""

# A promotion swaps which member replicates from which, and their roles in the global cluster: undoing that would
# detach or replace a member (hashicorp/terraform-provider-aws#42919, #28187; cloudposse/terraform-aws-rds-cluster#281).
# The global cluster moves the version of its members when its own is raised (documentation of aws_rds_global_cluster,
# "Upgrading Engine Versions").
MOVED_ELSEWHERE = ["globalClusterIdentifier", "replicationSourceIdentifier", "engineVersion"]

# RDS reads these at creation only; afterwards another value would replace the cluster and its data. A demoted member
# may have no master user any more: a secondary refuses one (pulumi/pulumi-aws#3751). AWS doesn't return where a
# member came from, so an imported one has no source.
ONLY_AT_CREATION = ["snapshotIdentifier", "masterUsername", "sourceRegion"]


@dataclass(frozen=True)
class CommonDatabaseArgs:
    """What both members are declared with."""

    name: str
    engine_version: str
    instance_class: str
    storage: DatabaseStorage
    write_forwarding: bool
    backup_retention_days: int
    log_retention_days: int
    rpo_seconds: int | None
    monitoring_seconds: int
    monitoring_role_arn: pulumi.Output[str] | None
    ephemeral: bool


@dataclass(frozen=True)
class DatabasePlacement:
    """Where one member is, and how it differs from the other."""

    children: Placement
    maintenance_day: str
    at_creation: dict[str, Any]
    """Arguments that AWS takes only when the member is made."""
    after: Sequence[pulumi.Resource]
    """What must be there before the member, and go only after it."""


class DatabaseSide:
    """One member: log group, subnet group, security group, parameters, cluster, instances."""

    def __init__(self, common: CommonDatabaseArgs, args: DatabaseSideArgs, place: DatabasePlacement) -> None:
        self._common = common
        self._args = args
        self._place = place
        self._name = regional(common.name, args["region"])
        logs = self._log_group()
        self._subnets = self._subnet_group()
        self.cluster = self._cluster(logs)
        self.instances = [self._instance(index + 1) for index in range(int(args["instances"]))]

    def settled(self) -> list[pulumi.Resource]:
        """What the other side waits for: a secondary is refused while the primary has no instance, and the last
        instance of a primary goes only after its secondaries (Aurora User Guide; rebuy-de/aws-nuke#570)."""
        return [self.cluster, *self.instances[:1]]

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        # RDS decides the name, and would make the group itself, without key or retention.
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/rds/cluster/{self._name}/postgresql",
            retention_in_days=self._common.log_retention_days,
            kms_key_id=self._args["kms_key_arn"],
            tags={"Name": f"{self._name}-logs"},
            opts=self._place.children.stateful(),
        )

    def _subnet_group(self) -> aws.rds.SubnetGroup:
        name = subnet_group_name(self._common.name, self._args["region"])
        return aws.rds.SubnetGroup(
            name,
            name=name,
            description=f"Subnets of {self._name}",
            subnet_ids=self._args["subnet_ids"],
            tags={"Name": name},
            opts=self._place.children.options(),
        )

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        # The family is part of the name: another major version gets a group beside this one.
        major = self._common.engine_version.split(".")[0]
        label = f"{self._name}-pg{major}"
        settings = {
            "log_lock_waits": "1",
            "log_min_duration_statement": str(SLOW_STATEMENT_MILLISECONDS),
            "rds.force_ssl": "1",
        }
        if self._common.rpo_seconds is not None:
            settings["rds.global_db_rpo"] = str(self._common.rpo_seconds)
        return aws.rds.ClusterParameterGroup(
            label,
            name=label,
            family=f"{ENGINE}{major}",
            description=f"Parameters of {self._name}",
            parameters=[
                {"name": name, "value": value, "apply_method": "immediate"} for name, value in settings.items()
            ],
            tags={"Name": label},
            opts=self._place.children.options(),
        )

    def _cluster(self, logs: aws.cloudwatch.LogGroup) -> aws.rds.Cluster:
        common, day = self._common, self._place.maintenance_day
        clients = client_access(
            self._name,
            vpc_id=self._args["vpc_id"],
            port=DATABASE_PORT,
            cidrs=self._args["client_cidrs"],
            options=self._place.children.options,
        )
        return aws.rds.Cluster(
            self._name,
            cluster_identifier=self._name,
            engine=ENGINE,
            engine_version=common.engine_version,
            port=DATABASE_PORT,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[clients.id],
            db_cluster_parameter_group_name=self._parameters().name,
            storage_encrypted=True,
            kms_key_id=self._args["kms_key_arn"],
            storage_type=common.storage.value,
            # For the side that writes AWS keeps the setting until that side is demoted (CreateDBCluster,
            # EnableGlobalWriteForwarding, read 2026-11-21): so both sides are declared alike.
            enable_global_write_forwarding=common.write_forwarding,
            iam_database_authentication_enabled=True,
            enabled_cloudwatch_logs_exports=["postgresql"],
            backup_retention_period=common.backup_retention_days,
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=_half_an_hour(day, FIRST_MAINTENANCE_HOUR),
            copy_tags_to_snapshot=True,
            delete_automated_backups=common.ephemeral,
            deletion_protection=not common.ephemeral,
            skip_final_snapshot=common.ephemeral,
            final_snapshot_identifier=f"{self._name}-final",
            # Otherwise a change waits for the window, and what is declared isn't what runs.
            apply_immediately=True,
            tags={"Name": self._name},
            **self._place.at_creation,
            opts=self._place.children.stateful(
                ignore_changes=[*MOVED_ELSEWHERE, *ONLY_AT_CREATION], depends_on=[logs, *self._place.after]
            ),
        )

    def _instance(self, index: int) -> aws.rds.ClusterInstance:
        common, name = self._common, instance_name(self._common.name, self._args["region"], index)
        day = self._place.maintenance_day
        return aws.rds.ClusterInstance(
            name,
            identifier=name,
            cluster_identifier=self.cluster.id,
            engine=aws.rds.EngineType.AURORA_POSTGRESQL,
            instance_class=common.instance_class,
            availability_zone=instance_zone(self._args.get("zones", []), index),
            db_subnet_group_name=self._subnets.name,
            promotion_tier=index - 1,
            publicly_accessible=False,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            # Members of a global cluster are upgraded in an order: the global cluster's version does it.
            auto_minor_version_upgrade=False,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self._args["kms_key_arn"],
            performance_insights_retention_period=INSIGHTS_DAYS,
            monitoring_interval=common.monitoring_seconds,
            monitoring_role_arn=common.monitoring_role_arn,
            preferred_maintenance_window=_half_an_hour(day, FIRST_MAINTENANCE_HOUR + index),
            copy_tags_to_snapshot=True,
            apply_immediately=True,
            tags={"Name": name},
            opts=self._place.children.options(),
        )


def _half_an_hour(day: str, hour: int) -> str:
    return f"{day}:{hour:02d}:00-{day}:{hour:02d}:30"
