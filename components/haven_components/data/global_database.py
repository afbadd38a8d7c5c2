"""An Aurora PostgreSQL database that can be promoted in another Region."""

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.choices import DatabaseStorage
from haven_components.data._database_args import GlobalDatabaseArgs, validate
from haven_components.data._database_side import ENGINE, CommonDatabaseArgs, DatabasePlacement, DatabaseSide
from haven_components.names import DATABASE_PORT, cluster_name, global_cluster_name, partition
from haven_components.shared import checks
from haven_components.shared.placement import Placement
from haven_components.shared.roles import service_role
from haven_components.shared.stored_secrets import StoredSecret, generated
from haven_components.shared.support import assume_role_policy, stateful

PRIMARY_MAINTENANCE_DAY = "sun"
RECOVERY_MAINTENANCE_DAY = "sat"
"""Maintenance comes to the recovery side a day earlier, so that what it breaks shows where no writes go."""


class GlobalDatabase(pulumi.ComponentResource):
    """An Aurora global cluster with a member in one Region or in two, its password and its access.

    The global cluster is always there, because an existing one takes no existing cluster as a second member. A
    promotion (`SwitchoverGlobalCluster` or `FailoverGlobalCluster`) changes nothing that is declared here.

    After a promotion set `active_region` before destroying: RDS removes a writer only after its readers.
    """

    global_cluster_id: pulumi.Output[str]
    """Identifier of the global cluster."""
    writer_endpoint: pulumi.Output[str]
    """Host name that leads to the writer, whichever side it is on."""
    primary_endpoint: pulumi.Output[str]
    """Host name of the primary side's own writer endpoint; it leads nowhere while the other side writes."""
    primary_reader_endpoint: pulumi.Output[str]
    """Host name of the primary side's readers."""
    recovery_endpoint: pulumi.Output[str]
    """Host name of the recovery side's own writer endpoint, which leads nowhere before a promotion; empty without such
    a side."""
    recovery_reader_endpoint: pulumi.Output[str]
    """Host name of the recovery side's readers; empty without such a side."""
    primary_resource_id: pulumi.Output[str]
    """The primary side's `DbClusterResourceId`: what logins by IAM are allowed to."""
    recovery_resource_id: pulumi.Output[str]
    """The recovery side's; empty without such a side."""
    secret_arn: pulumi.Output[str]
    """ARN, in the primary side's Region, of the secret with user, password and writer endpoint."""

    def __init__(self, name: str, args: GlobalDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:GlobalDatabase", name, {}, opts)
        validate(name, args)
        self._base = name
        self._args = args
        self._ephemeral = bool(args.get("ephemeral", False))
        self._password = generated(self, name, ephemeral=self._ephemeral)
        self._secret = StoredSecret(
            self,
            name,
            description=f"Master user of {name}",
            kms_key_arn=args["primary"]["kms_key_arn"],
            replica=args["recovery_secret"],
            ephemeral=self._ephemeral,
        )
        self._common = self._what_both_sides_share()
        self._recovery: DatabaseSide | None = None
        self._declare_members()
        self._secret.hold(
            {
                "engine": "postgres",
                "host": self._global.endpoint,
                "port": DATABASE_PORT,
                "dbname": args["database_name"],
                "username": args["master_username"],
                "password": self._password,
            }
        )
        self._set_outputs()

    def _children(self, provider: pulumi.ProviderResource | None) -> Placement:
        return Placement(self, provider, self._ephemeral)

    def _what_both_sides_share(self) -> CommonDatabaseArgs:
        args = self._args
        rpo = args.get("rpo_seconds")
        return CommonDatabaseArgs(
            name=self._base,
            engine_version=args["engine_version"],
            instance_class=args["instance_class"],
            storage=DatabaseStorage(args.get("storage", DatabaseStorage.STANDARD)),
            write_forwarding=args["write_forwarding"],
            backup_retention_days=int(args["backup_retention_days"]),
            log_retention_days=int(args.get("log_retention_days", checks.DEFAULT_LOG_RETENTION_DAYS)),
            rpo_seconds=None if rpo is None else int(rpo),
            monitoring_seconds=int(args.get("monitoring_seconds", 0)),
            monitoring_role_arn=self._monitoring_role(),
            ephemeral=self._ephemeral,
        )

    def _monitoring_role(self) -> pulumi.Output[str] | None:
        """The role, one for both Regions, that enhanced monitoring reports with."""
        if not self._args.get("monitoring_seconds"):
            return None
        role = service_role(
            f"{self._base}-monitoring",
            f"Enhanced monitoring of {self._base}",
            assume_role_policy("monitoring.rds.amazonaws.com", account_id=self._args["account_id"]),
            pulumi.ResourceOptions(parent=self),
        )
        attached = aws.iam.RolePolicyAttachment(
            f"{self._base}-monitoring-policy",
            role=role.name,
            policy_arn=f"arn:{self._partition()}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            opts=pulumi.ResourceOptions(parent=self),
        )
        # RDS checks what the role may do, so the instances wait for the policy as well.
        return pulumi.Output.all(role.arn, attached.id).apply(lambda known: str(known[0]))

    def _partition(self) -> str:
        return partition(self._args["primary"]["region"])

    def _declare_members(self) -> None:
        """Declare the global cluster and its members, the writing side before the one that reads from it.

        RDS makes a reader only beside a writer, and removes a writer only after its readers. No property of one side
        is made from the other side's, so the order can turn round when the roles do.
        """
        primary = self._args["primary"]["region"]
        if self._args.get("active_region", primary) != primary:
            self._global = self._global_cluster(after=[])
            self._recovery = self._recovery_side(after=[])
            self._primary = self._primary_side(after=self._recovery.settled() if self._recovery else [])
        elif self._args.get("snapshot") is not None:
            # A cluster restored from a snapshot can't join a global cluster: the global cluster is made around it.
            self._primary = self._primary_side(after=[])
            self._global = self._global_cluster(after=self._primary.settled())
            self._recovery = self._recovery_side(after=self._primary.settled())
        else:
            self._global = self._global_cluster(after=[])
            self._primary = self._primary_side(after=[])
            self._recovery = self._recovery_side(after=self._primary.settled())

    def _global_cluster(self, after: list[pulumi.Resource]) -> aws.rds.GlobalCluster:
        name = global_cluster_name(self._base)
        return aws.rds.GlobalCluster(
            name,
            global_cluster_identifier=name,
            deletion_protection=not self._ephemeral,
            # Lets a throw-away global cluster that was made around its first member go before that member.
            force_destroy=self._ephemeral,
            tags={"Name": name},
            **self._global_creation(),
            # It may be read back as the member that writes now (aws-cloudformation/cloudformation-coverage-roadmap
            # #1856), and another value would replace the global cluster.
            opts=stateful(
                self, ephemeral=self._ephemeral, depends_on=after, ignore_changes=["sourceDbClusterIdentifier"]
            ),
        )

    def _global_creation(self) -> dict[str, Any]:
        """Created from a restored cluster, a global cluster takes these from it and refuses them as arguments (RDS API,
        CreateGlobalCluster, read 2026-11-21)."""
        if self._args.get("snapshot") is None:
            return {"engine": ENGINE, "engine_version": self._args["engine_version"], "storage_encrypted": True}
        region, account = self._args["primary"]["region"], self._args["account_id"]
        first = f"arn:{self._partition()}:rds:{region}:{account}:cluster:{cluster_name(self._base, region)}"
        return {"source_db_cluster_identifier": first}

    def _primary_side(self, after: list[pulumi.Resource]) -> DatabaseSide:
        """The side created with user, password and database; a secondary refuses them (pulumi/pulumi-aws#3751)."""
        snapshot, recovery = self._args.get("snapshot"), self._args.get("recovery")
        at_creation: dict[str, Any] = {"master_password": self._password}
        if recovery is not None and self._args.get("rebuilt"):
            at_creation = {"global_cluster_identifier": self._global.id, "source_region": recovery["region"]}
        elif snapshot is None:
            at_creation["global_cluster_identifier"] = self._global.id
            at_creation["database_name"] = self._args["database_name"]
            at_creation["master_username"] = self._args["master_username"]
        else:
            at_creation["snapshot_identifier"] = snapshot
        return DatabaseSide(
            self._common,
            self._args["primary"],
            DatabasePlacement(self._children(None), PRIMARY_MAINTENANCE_DAY, at_creation, after),
        )

    def _recovery_side(self, after: list[pulumi.Resource]) -> DatabaseSide | None:
        """The side created as a copy. RDS encrypts it with another key, so it needs the Region of the original."""
        side = self._args.get("recovery")
        if side is None:
            return None
        at_creation = {"global_cluster_identifier": self._global.id, "source_region": self._args["primary"]["region"]}
        provider = self._args["recovery_provider"]
        # Bound as well, this side's commits would wait after a failover, until the lost Region is back (Aurora User
        # Guide, Managing RPOs for Aurora PostgreSQL-based global databases, read 2026-11-21).
        common = replace(self._common, rpo_seconds=None)
        return DatabaseSide(
            common, side, DatabasePlacement(self._children(provider), RECOVERY_MAINTENANCE_DAY, at_creation, after)
        )

    def _set_outputs(self) -> None:
        self.global_cluster_id = self._global.id
        self.writer_endpoint = self._global.endpoint
        self.primary_endpoint = self._primary.cluster.endpoint
        self.primary_reader_endpoint = self._primary.cluster.reader_endpoint
        nothing = pulumi.Output.from_input("")
        self.recovery_endpoint = self._recovery.cluster.endpoint if self._recovery else nothing
        self.recovery_reader_endpoint = self._recovery.cluster.reader_endpoint if self._recovery else nothing
        self.primary_resource_id = self._primary.cluster.cluster_resource_id
        self.recovery_resource_id = self._recovery.cluster.cluster_resource_id if self._recovery else nothing
        self.secret_arn = self._secret.arn
        self.register_outputs(
            {
                "global_cluster_id": self.global_cluster_id,
                "writer_endpoint": self.writer_endpoint,
                "primary_endpoint": self.primary_endpoint,
                "primary_reader_endpoint": self.primary_reader_endpoint,
                "recovery_endpoint": self.recovery_endpoint,
                "recovery_reader_endpoint": self.recovery_reader_endpoint,
                "primary_resource_id": self.primary_resource_id,
                "recovery_resource_id": self.recovery_resource_id,
                "secret_arn": self.secret_arn,
            }
        )
