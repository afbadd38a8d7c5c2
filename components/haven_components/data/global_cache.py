"""A Valkey or Redis cache that another Region can take over."""

import pulumi
import pulumi_aws as aws

from haven_components.choices import CacheEngine, CacheEviction
from haven_components.data._cache_args import GlobalCacheArgs, shards, validate
from haven_components.data._cache_side import CachePlacement, CacheSide, CommonCacheArgs
from haven_components.names import CACHE_PORT, datastore_suffix, group_name, independent_group_name
from haven_components.shared import checks
from haven_components.shared.placement import Placement
from haven_components.shared.stored_secrets import StoredSecret, generated
from haven_components.shared.support import stateful

PRIMARY_MAINTENANCE_DAY = "sun"
RECOVERY_MAINTENANCE_DAY = "sat"
"""Maintenance comes to the recovery side a day earlier, so that what it breaks shows where no writes go."""


class GlobalCache(pulumi.ComponentResource):
    """A replication group over several zones, in cluster mode by default, and in another Region its follower or its
    stand-in.

    A promotion (`FailoverGlobalReplicationGroup`) changes nothing that is declared here.

    What a Global Datastore decides for its members (engine version, node type, shards) is changed there: raise the
    argument and both sides follow. AWS keeps the token as it was for each group, so both are given the same one.

    Destroying after a promotion takes a step of its own: the secondary hangs on the datastore and the datastore on the
    group that was the primary, whichever is the primary now, and that order can't turn round. Promote the primary side
    again first, or take the datastore apart: `DisassociateGlobalReplicationGroup` for the other side's group, then
    `DeleteGlobalReplicationGroup`, which keeps the primary's.
    """

    primary_endpoint: pulumi.Output[str]
    """Host name of the primary side, port 6379, TLS only."""
    recovery_endpoint: pulumi.Output[str]
    """Host name of the recovery side; empty without such a side."""
    global_datastore_id: pulumi.Output[str]
    """Identifier of the Global Datastore; empty without one."""
    secret_arn: pulumi.Output[str]
    """ARN, in the primary side's Region, of the secret with the token that clients authenticate with."""

    def __init__(self, name: str, args: GlobalCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:GlobalCache", name, {}, opts)
        validate(name, args)
        self._base = name
        self._args = args
        self._ephemeral = bool(args.get("ephemeral", False))
        self._token = generated(self, name, ephemeral=self._ephemeral)
        self._secret = self._stored_secret()
        self._common = self._what_both_sides_share()
        self._datastore: aws.elasticache.GlobalReplicationGroup | None = None
        self._primary = self._primary_group()
        self._recovery = self._recovery_group()
        self._set_outputs()

    def _primary_group(self) -> aws.elasticache.ReplicationGroup:
        """The group that the datastore is made from; where it is rebuilt, a secondary of the other side's."""
        args, primary = self._args, self._args["primary"]
        side = CacheSide(self._common, primary, CachePlacement(self._children(None), PRIMARY_MAINTENANCE_DAY))
        name = group_name(self._base, primary["region"])
        recovery = args.get("recovery")
        if recovery is not None and args.get("rebuilt"):
            self._datastore = self._global_datastore(group_name(self._base, recovery["region"]))
            return side.member(name, self._datastore.global_replication_group_id)
        group = side.group(name, in_datastore=args["global_datastore"])
        if args["global_datastore"]:
            self._datastore = self._global_datastore(group.id)
        return group

    def _set_outputs(self) -> None:
        nothing = pulumi.Output.from_input("")
        self.primary_endpoint = self._endpoint(self._primary)
        self.recovery_endpoint = self._endpoint(self._recovery) if self._recovery else nothing
        self.global_datastore_id = self._datastore.global_replication_group_id if self._datastore else nothing
        self.secret_arn = self._secret.arn
        self.register_outputs(
            {
                "primary_endpoint": self.primary_endpoint,
                "recovery_endpoint": self.recovery_endpoint,
                "global_datastore_id": self.global_datastore_id,
                "secret_arn": self.secret_arn,
            }
        )

    def _endpoint(self, group: aws.elasticache.ReplicationGroup) -> pulumi.Output[str]:
        return group.configuration_endpoint_address if self._common.cluster_mode else group.primary_endpoint_address

    def _stored_secret(self) -> StoredSecret:
        secret = StoredSecret(
            self,
            self._base,
            description=f"Token of {self._base}",
            kms_key_arn=self._args["primary"]["kms_key_arn"],
            replica=self._args["recovery_secret"],
            ephemeral=self._ephemeral,
        )
        # No host name: each Region's clients use their own side's.
        secret.hold({"engine": CacheEngine(self._args["engine"]).value, "port": CACHE_PORT, "token": self._token})
        return secret

    def _children(self, provider: pulumi.ProviderResource | None) -> Placement:
        return Placement(self, provider, self._ephemeral)

    def _what_both_sides_share(self) -> CommonCacheArgs:
        args = self._args
        return CommonCacheArgs(
            name=self._base,
            engine=CacheEngine(args["engine"]),
            engine_version=args["engine_version"],
            node_type=args["node_type"],
            shards=shards(args),
            cluster_mode=bool(args.get("cluster_mode", True)),
            regional=bool(args.get("regional", False)),
            replicas_per_shard=int(args.get("replicas_per_shard", 1)),
            eviction=CacheEviction(args.get("eviction", CacheEviction.VOLATILE_LRU)),
            snapshot_retention_days=int(args["snapshot_retention_days"]),
            log_retention_days=int(args.get("log_retention_days", checks.DEFAULT_LOG_RETENTION_DAYS)),
            token=self._token,
            ephemeral=self._ephemeral,
        )

    def _global_datastore(self, first: pulumi.Input[str]) -> aws.elasticache.GlobalReplicationGroup:
        common = self._common
        return aws.elasticache.GlobalReplicationGroup(
            datastore_suffix(self._base),
            global_replication_group_id_suffix=datastore_suffix(self._base),
            global_replication_group_description=f"Cache {self._base} in two Regions",
            primary_replication_group_id=first,
            automatic_failover_enabled=True,
            engine=common.engine.value,
            engine_version=common.engine_version,
            cache_node_type=common.node_type,
            num_node_groups=common.shards,
            # After a promotion the other side's group is the primary; the provider would replace the datastore for it.
            opts=stateful(self, ephemeral=self._ephemeral, ignore_changes=["primaryReplicationGroupId"]),
        )

    def _recovery_group(self) -> aws.elasticache.ReplicationGroup | None:
        args = self._args.get("recovery")
        if args is None:
            return None
        side = CacheSide(
            self._common,
            args,
            CachePlacement(self._children(self._args["recovery_provider"]), RECOVERY_MAINTENANCE_DAY),
        )
        if self._datastore is None:
            return side.group(independent_group_name(self._base, args["region"]), in_datastore=False)
        datastore = self._datastore.global_replication_group_id
        return side.member(group_name(self._base, args["region"]), datastore)
