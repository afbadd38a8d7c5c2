"""A DynamoDB table with a home Region, and replicas of it that take writes too."""

from collections.abc import Iterator

import pulumi
import pulumi_aws as aws

from haven_components.choices import TableConsistency
from haven_components.data._table_args import (
    GlobalTableArgs,
    TableIndexArgs,
    TableSideArgs,
    consistency,
    key_types,
    validate,
)
from haven_components.names import resource_arn
from haven_components.shared.support import stateful


class GlobalTable(pulumi.ComponentResource):
    """A table billed by request, encrypted with each Region's own key, restorable to any second of the last 35 days.

    Under `EVENTUAL` the replica is a resource of its own, protected like the table: dropping `replica` is refused until
    somebody unprotects it. Streams are on from the start, so that it can be added later without touching the table.

    Under `STRONG` the replicas are part of the home table's declaration, all three Regions from the first day: DynamoDB
    takes it only for a table that is still empty. Dropping one would be an update of the home table, which `protect`
    doesn't see; deletion protection in that Region prevents it.
    """

    table_name: pulumi.Output[str]
    """Name of the table, the same in every Region."""
    home_arn: pulumi.Output[str]
    """ARN of the table in its home Region."""
    replica_arn: pulumi.Output[str]
    """ARN of the replica; empty without one."""
    stream_arn: pulumi.Output[str]
    """ARN of the home table's stream."""

    def __init__(self, name: str, args: GlobalTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:GlobalTable", name, {}, opts)
        validate(name, args)
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self._is_strong = consistency(args) == TableConsistency.STRONG
        table = self._table(name)
        if "replica" in args and not self._is_strong:
            self._replica(name, args["replica"], table)
        self.table_name = table.name
        self.home_arn = table.arn
        self.replica_arn = pulumi.Output.from_input(_arn(args.get("table_name", name), args))
        self.stream_arn = table.stream_arn
        self.register_outputs(
            {
                "table_name": self.table_name,
                "home_arn": self.home_arn,
                "replica_arn": self.replica_arn,
                "stream_arn": self.stream_arn,
            }
        )

    def _table(self, name: str) -> aws.dynamodb.Table:
        args = self._args
        return aws.dynamodb.Table(
            name,
            name=args.get("table_name", name),
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": each, "type": type_} for each, type_ in key_types(args).items()],
            hash_key=args["hash_key"]["name"],
            range_key=args["range_key"]["name"] if "range_key" in args else None,
            global_secondary_indexes=[_index(each) for each in args.get("indexes", [])],
            ttl={"attribute_name": args["ttl_attribute"], "enabled": True} if "ttl_attribute" in args else None,
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args["home"]["kms_key_arn"]},
            deletion_protection_enabled=not self._ephemeral,
            replicas=[self._strong_replica(each) for each in self._strong_replicas()] if self._is_strong else None,
            global_table_witness={"region_name": args["witness_region"]} if "witness_region" in args else None,
            tags={"Name": name},
            # The table also reads replicas declared beside it, and would delete what it doesn't declare
            # (provider's documentation of aws_dynamodb_table_replica; hashicorp/terraform-provider-aws#38968).
            opts=stateful(self, ephemeral=self._ephemeral, ignore_changes=None if self._is_strong else ["replicas"]),
        )

    def _replica(self, name: str, side: TableSideArgs, table: aws.dynamodb.Table) -> None:
        """A replica beside the table, in the other Region.

        The provider reads it through both Regions: while the home Region is lost, a refresh of what survived has to
        leave it out, and an `up` that doesn't touch it has not.
        """
        aws.dynamodb.TableReplica(
            f"{name}-replica",
            global_table_arn=table.arn,
            kms_key_arn=side["kms_key_arn"],
            point_in_time_recovery=True,
            deletion_protection_enabled=not self._ephemeral,
            tags={"Name": name},
            # Read back, this ARN has the account's id, which the provider skips and leaves empty; another
            # ARN re-creates the replica, while all else goes by the table's name and Region (source of the provider,
            # internal/service/dynamodb/table_replica.go; read 2026-11-21).
            opts=stateful(
                self,
                ephemeral=self._ephemeral,
                provider=self._args["recovery_provider"],
                ignore_changes=["globalTableArn"],
            ),
        )

    def _strong_replicas(self) -> Iterator[TableSideArgs]:
        if "replica" in self._args:
            yield self._args["replica"]
        if "third_replica" in self._args:
            yield self._args["third_replica"]

    def _strong_replica(self, side: TableSideArgs) -> aws.dynamodb.TableReplicaArgsDict:
        """A replica inside the table's own declaration: strong consistency is only to be had this way.

        Nothing here is a choice: the provider re-creates an encrypted replica whose point-in-time recovery changes
        (hashicorp/terraform-provider-aws#29222), so that is on from the start.
        """
        return {
            "region_name": side["region"],
            "kms_key_arn": side["kms_key_arn"],
            "point_in_time_recovery": True,
            "deletion_protection_enabled": not self._ephemeral,
            "consistency_mode": TableConsistency.STRONG,
            "propagate_tags": True,
        }


def _index(index: TableIndexArgs) -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    """An index in the form that versions 5 and 6 of the AWS provider both take; lists of keys are new in 6."""
    made: aws.dynamodb.TableGlobalSecondaryIndexArgsDict = {
        "name": index["name"],
        "hash_key": index["hash_key"]["name"],
        "projection_type": "ALL",
    }
    if "range_key" in index:
        made["range_key"] = index["range_key"]["name"]
    if "included" in index:
        made["projection_type"] = "INCLUDE" if index["included"] else "KEYS_ONLY"
    if index.get("included"):
        made["non_key_attributes"] = index["included"]
    return made


def _arn(name: str, args: GlobalTableArgs) -> str:
    if "replica" not in args:
        return ""
    region = args["replica"]["region"]
    return resource_arn("dynamodb", region, args["account_id"], f"table/{name}")
