"""Moves the writers of the first run's environment: as `haven failover` does, and by AWS's own calls to clean up."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from haven.base.deployment_error import DeploymentError
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problems
from haven.runbooks import check_destroy
from haven.runbooks.clients import Client, UnansweredError
from haven.runbooks.failover import assembly, database, guard
from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import locate
from haven.runbooks.workflow.engine import FATAL
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import CallError
from haven.runbooks.workflow.steps import Ending, Progress
from haven.runbooks.workflow.threads import Threads

_EVERY = 15.0
"""Seconds between two looks at what AWS has done."""
_WITHIN = 3600.0
"""Seconds after which a promotion counts as failed. An assumption: longer than any that was reported."""
_NOT_LOST = "haven smoke tries a failover without planning; the writing Region isn't lost"


@dataclass(frozen=True)
class Promoted:
    """What a failover came to."""

    planned: bool
    steps: int
    """How many were done."""
    cache: bool
    """Whether the cache's primary moved too; an emulator has no Global Datastore."""
    why: Sequence[str]
    """What isn't as it should be, though it counts as done."""

    def describe(self) -> str:
        """In a few words."""
        return f"{'haven failback' if self.planned else 'haven failover'}, {self.steps} steps"


@dataclass(frozen=True)
class Promotion:
    """Moves the writers of one environment."""

    manifest: Mapping[str, Any]
    """Its recovery manifest, as the program declares it."""
    account: str
    client: Client
    once: Client
    """Clients that send a request once."""
    records: Path
    """The folder of the local copies of journal and audit."""
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

    def fail_over(self, region: str, *, planned: bool) -> Promoted:
        """Run the failover's runbook, with the manifest that was deployed.

        Args:
            region: the one that becomes the writing one.
            planned: whether nothing may be lost. Otherwise the failover is forced, for the other Region isn't lost. In
                the emulator an unknown loss is accepted: it runs no function that writes heartbeats.

        Raises:
            DeploymentError: the runbook doesn't end, or database and cache aren't written in the Region then.
        """
        force, accept_loss = "" if planned else _NOT_LOST, guard.UNKNOWN if self.emulated else ""
        report = self._run(region, Request(planned, force, accept_loss, acknowledged=True))
        if report.state is not State.DONE:
            raise DeploymentError(f"the failover to {region} ended as {report.state}: {'; '.join(report.why)}")
        roles = self.roles()
        if not (roles.datastore or self.emulated):
            raise DeploymentError("the cache is in no Global Datastore, so its primary can't change Regions")
        if roles.database != region or (roles.datastore and roles.cache != region):
            why = (
                f"the database is written in {roles.database}, the cache in {roles.cache}, after a failover to {region}"
            )
            raise DeploymentError("; ".join([why, *report.why]))
        steps = sum(each is Ending.DONE for each in report.endings.values())
        return Promoted(planned, steps, bool(roles.datastore), report.why)

    def _run(self, region: str, request: Request) -> Report:
        try:
            located = locate(str(self.manifest["environment"]), list(self.manifest["sides"]), self.client)
            made = assembly.operator(located.manifest, region, self.client, self.records, self._report)
            with closing(made):
                report: Report = Threads(self.client, self.once).run(made.run(request))
        except (*FATAL, CallError, MissingDependency, Problems) as error:
            raise DeploymentError(str(error)) from error
        return report

    def _report(self, progress: Progress) -> None:
        self.tick(f"{progress.title}: {progress.detail or progress.state}")

    def put_back(self, active: str) -> Iterator[str]:
        """Give the roles back that the last deployment expects, so that everything can be destroyed.

        By AWS's own calls (docs/promotion.md, Destroying): after a failover the destruction needs database and cache in
        different Regions, to which no failover leads, and it must work without a journal.

        Args:
            active: the Region that the last deployment declared as the active one.

        Returns:
            The API calls that did it.

        Raises:
            DeploymentError: AWS refuses, or it takes too long.
        """
        roles = self.roles()
        if roles.database not in (None, active):
            yield self._database(active)
        primary = self.manifest["regions"]["primary"]
        if roles.cache not in (None, primary):
            yield self._cache(primary, roles.datastore)

    def delete_kept(self) -> Iterator[str]:
        """Delete the snapshots in which a failback kept what an earlier failover may have left behind.

        Returns:
            Their names.

        Raises:
            DeploymentError: AWS refuses.
        """
        for region, side in self.manifest["sides"].items():
            rds = self.client("rds", region)
            named = {"DBClusterIdentifier": side["database"]["cluster"], "SnapshotType": "manual"}
            pages = rds.get_paginator("describe_db_cluster_snapshots").paginate(**named)
            found = self._call(lambda: [each for page in pages for each in page["DBClusterSnapshots"]])  # noqa: B023
            for name in (str(each["DBClusterSnapshotIdentifier"]) for each in found):
                if name.startswith(database.KEPT):
                    self._call(lambda: rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name))  # noqa: B023
                    yield name

    def _database(self, region: str) -> str:
        cluster = self.manifest["sides"][region]["database"]["cluster"]
        partition = boto3.Session().get_partition_for_region(region)
        names = {
            "GlobalClusterIdentifier": self.manifest["database"]["globalCluster"],
            "TargetDbClusterIdentifier": f"arn:{partition}:rds:{region}:{self.account}:cluster:{cluster}",
        }
        self._await(f"the members of {names['GlobalClusterIdentifier']}", self._is_settled)
        self._call(lambda: self.client("rds", region).failover_global_cluster(**names, AllowDataLoss=True))
        self._await(f"the writer in {region}", lambda: self.roles().database == region and self._is_settled())
        return "FailoverGlobalCluster"

    def _cache(self, region: str, datastore: str) -> str:
        self._call(
            lambda: self.client("elasticache", region).failover_global_replication_group(
                GlobalReplicationGroupId=datastore,
                PrimaryRegion=region,
                PrimaryReplicationGroupId=self.manifest["sides"][region]["cache"],
            )
        )
        self._await(f"the cache's primary in {region}", lambda: self.roles().cache == region)
        return "FailoverGlobalReplicationGroup"

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
