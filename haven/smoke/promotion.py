"""Promotions by the calls that docs/promotion.md documents: the database's and the cache's writer change Regions."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from haven.base.deployment_error import DeploymentError
from haven.runbooks import check_destroy
from haven.runbooks.clients import Client, UnansweredError

_EVERY = 15.0
"""Seconds between two looks at what AWS has done."""
_WITHIN = 3600.0
"""Seconds after which a promotion counts as failed. An assumption: longer than any that was reported."""


@dataclass(frozen=True)
class Promotion:
    """Moves the writers of one environment."""

    manifest: Mapping[str, Any]
    """Its recovery manifest."""
    account: str
    client: Client
    emulated: bool
    tick: Callable[[str], None] = lambda _: None
    """Called while AWS is waited for, with what it is waited for."""

    def ticking(self, tick: Callable[[str], None]) -> "Promotion":
        """The same promotion, which reports what it waits for."""
        return replace(self, tick=tick)

    def roles(self) -> check_destroy.Roles:
        """The Regions that write now.

        Raises:
            DeploymentError: AWS doesn't answer.
        """
        try:
            return check_destroy.read(self.manifest, self.client)
        except UnansweredError as error:
            raise DeploymentError(str(error)) from error

    def database(self, region: str, *, lost: bool) -> str:
        """Promote the database's member in a Region and wait until it writes.

        Args:
            region: where the writer goes.
            lost: whether the other Region counts as lost: then writes that weren't replicated yet are.

        Returns:
            The API call that did it.

        Raises:
            DeploymentError: AWS refuses, or it takes too long.
        """
        cluster = self.manifest["sides"][region]["database"]["cluster"]
        partition = boto3.Session().get_partition_for_region(region)
        names = {
            "GlobalClusterIdentifier": self.manifest["database"]["globalCluster"],
            "TargetDbClusterIdentifier": f"arn:{partition}:rds:{region}:{self.account}:cluster:{cluster}",
        }
        self._await(f"the members of {names['GlobalClusterIdentifier']}", self._is_settled)
        call = "failover_global_cluster" if lost else "switchover_global_cluster"
        options = {"AllowDataLoss": True} if lost else {}
        self._call(lambda: getattr(self.client("rds", region), call)(**names, **options))
        self._await(f"the writer in {region}", lambda: self.roles().database == region and self._is_settled())
        return "FailoverGlobalCluster" if lost else "SwitchoverGlobalCluster"

    def cache(self, region: str) -> str:
        """Promote the cache's group in a Region and wait until it is the primary.

        Returns:
            The API call that did it; empty in an emulator, which has no Global Datastore.

        Raises:
            DeploymentError: AWS refuses, has no Global Datastore, or it takes too long.
        """
        roles = self.roles()
        if not roles.datastore:
            if self.emulated:
                return ""
            raise DeploymentError("the cache is in no Global Datastore, so its primary can't change Regions")
        if roles.cache != region:
            self._call(
                lambda: self.client("elasticache", region).failover_global_replication_group(
                    GlobalReplicationGroupId=roles.datastore,
                    PrimaryRegion=region,
                    PrimaryReplicationGroupId=self.manifest["sides"][region]["cache"],
                )
            )
        self._await(f"the cache's primary in {region}", lambda: self.roles().cache == region)
        return "FailoverGlobalReplicationGroup"

    def put_back(self, active: str) -> Iterator[str]:
        """Give the roles back that the last deployment expects, so that everything can be destroyed.

        Args:
            active: the Region that the last deployment declared as the active one.

        Returns:
            The API calls that did it.
        """
        roles = self.roles()
        if roles.database not in (None, active):
            yield self.database(active, lost=True)
        primary = self.manifest["regions"]["primary"]
        if roles.cache not in (None, primary):
            yield self.cache(primary)

    def _is_settled(self) -> bool:
        """Whether the global database does nothing and each of its members replicates."""
        region = self.manifest["regions"]["primary"]
        name = self.manifest["database"]["globalCluster"]
        found = self._call(lambda: self.client("rds", region).describe_global_clusters(GlobalClusterIdentifier=name))
        (cluster,) = found["GlobalClusters"]
        states = [each.get("SynchronizationStatus", "connected") for each in cluster["GlobalClusterMembers"]]
        return cluster["Status"] == "available" and set(states) <= {"connected"}

    def _await(self, what: str, done: Callable[[], bool]) -> None:
        last = time.monotonic() + _WITHIN
        while not done():
            if time.monotonic() > last:
                raise DeploymentError(f"AWS took longer than {_WITHIN / 60:.0f} minutes for {what}")
            self.tick(f"waiting for {what}")
            time.sleep(_EVERY)

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            raise DeploymentError(str(error)) from error
