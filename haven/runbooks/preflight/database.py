"""Whether Aurora takes a promotion: who writes, members that are available, equal versions, no maintenance pending.

A managed failover or switchover is refused while the members differ in major or minor version, and for most minor
versions in patch level. RDS shows no patch level; a member that lacks a patch has it pending (Aurora User Guide,
upgrading an Aurora global database; AWS re:Post, Aurora PostgreSQL global cluster version mismatch; read 2026-11-26).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.database import AVAILABLE, CHANGING, writing_region
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer, first, region_of
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Answers, Questions, View, asking

GLOBAL, MEMBER, MAINTENANCE = "global database", "database member", "pending maintenance"
"""What is asked."""
_ENGINE_ACTIONS = ("db-upgrade", "system-update")
"""Maintenance that changes the engine (RDS API Reference, PendingMaintenanceAction; read 2026-11-26)."""
_UPGRADE = "docs/engine-upgrades.md: upgrade the member that is not written first, then the other one"


@dataclass(frozen=True)
class Member:
    """One Region's member."""

    cluster: Mapping[str, Any]
    instances: Sequence[Mapping[str, Any]]

    @property
    def versions(self) -> list[str]:
        """Engine versions of cluster and instances, each once."""
        return list(dict.fromkeys(str(each["EngineVersion"]) for each in (self.cluster, *self.instances)))

    @property
    def changes(self) -> Sequence[Mapping[str, Any]]:
        """What is to be modified of cluster and instances."""
        return [each.get("PendingModifiedValues") or {} for each in (self.cluster, *self.instances)]


def _action(found: Mapping[str, Any]) -> str:
    dates = (found.get(each) for each in ("CurrentApplyDate", "ForcedApplyDate", "AutoAppliedAfterDate"))
    date = next((each for each in dates if each is not None), None)
    return f"{found['Action']}{f' on {date:%Y-%m-%d}' if date is not None else ''}"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for the global database and for its own member: either may be the one that answers."""
    name = manifest.database.global_cluster
    return {
        **{(GLOBAL, region): asking(client, "rds", region, _global, name) for region in manifest.both},
        **{
            (what, region): asking(client, "rds", region, ask, manifest.sides[region].database.cluster)
            for what, ask in ((MEMBER, _member), (MAINTENANCE, _pending))
            for region in manifest.both
        },
    }


def _global(rds: Any, name: str) -> Mapping[str, Any] | None:
    return first(rds.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"])


def _member(rds: Any, name: str) -> Member | None:
    cluster = first(rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"])
    return None if cluster is None else Member(cluster, _instances(rds, name))


def _instances(rds: Any, cluster: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = rds.describe_db_instances(Filters=[_of(cluster)])["DBInstances"]
    return found


def _of(cluster: str) -> Mapping[str, Any]:
    return {"Name": "db-cluster-id", "Values": [cluster]}


def _pending(rds: Any, cluster: str) -> Sequence[Mapping[str, Any]]:
    """RDS's pending actions, each with `Action`. A question of its own: a refusal hides nothing else of the member."""
    filters = [_of(cluster)]
    if instances := _instances(rds, cluster):
        filters.append({"Name": "db-instance-id", "Values": [each["DBInstanceIdentifier"] for each in instances]})
    maintenance: list[Mapping[str, Any]] = []
    for each in filters:  # two filters in one request would have to fit both
        pages = rds.get_paginator("describe_pending_maintenance_actions").paginate(Filters=[each])
        resources = [one for page in pages for one in page["PendingMaintenanceActions"]]
        maintenance += [one for found in resources for one in found.get("PendingMaintenanceActionDetails", [])]
    return maintenance


def standby(manifest: RecoveryManifest, answers: Answers) -> str:
    """The Region that isn't written; the recovery Region where nobody knows, or where they contradict each other."""
    found = (answers[GLOBAL, region].value for region in manifest.both)
    named = {writing_region(each) for each in found if each}
    return manifest.regions.primary if named == {manifest.regions.recovery} else manifest.regions.recovery


def checks(view: View) -> Iterator[Check]:
    """Writer and global database; the members, where the Region would be promoted and not restored."""
    yield _writes(view)
    if view.restores:
        return
    yield _takes_promotions(view)
    for region, answer in view.both(MEMBER).items():
        yield _availability(view, region, answer.value, answer.unknown)
    yield _equal_versions(view)
    for region, answer in view.both(MEMBER).items():
        yield _maintenance(view, region, answer, view.answers[MAINTENANCE, region])


def _writes(view: View) -> Check:
    name = view.manifest.database.global_cluster
    line = view.line(
        f"writer of {name}",
        "",
        f"{view.old}, so that there is something to fail over from",
        f"haven status {view.manifest.named}: who writes where? Then --to names the other Region",
    )
    answers = view.both(GLOBAL)
    named = {region: writing_region(each.value) for region, each in answers.items() if each.value}
    if not named:
        why = "; ".join(f"{region}: {each.unknown or 'no such cluster'}" for region, each in answers.items())
        return line.unknown(why, "allow rds:DescribeGlobalClusters")
    if len(set(named.values())) > 1:
        return line.problem("; ".join(f"{region} names {writer}" for region, writer in named.items()))
    (writer,) = set(named.values())
    return line.judge(f"{writer}" if writer else "none", fine=writer == view.old)


def _takes_promotions(view: View) -> Check:
    """As the Region has it that would be promoted: the other one may be lost."""
    name = view.manifest.database.global_cluster
    answer = view.answers[GLOBAL, view.to]
    line = view.line(
        f"global database {name}",
        view.to,
        f"a member in {view.to}, replicated to, and no other change on its way",
        "wait until RDS has finished; a member that is cut off is recreated by pulumi up, from the writer",
    )
    if not answer.known:
        return line.unknown(answer.unknown, "allow rds:DescribeGlobalClusters")
    if answer.value is None:
        return line.problem("no such cluster", "read docs/promotion.md: pulumi up declares it")
    members = answer.value["GlobalClusterMembers"]
    own = next((each for each in members if region_of(each["DBClusterArn"]) == view.to), None)
    if own is None:
        return line.problem(f"no member in {view.to}")
    if answer.value["Status"] in CHANGING or answer.value.get("FailoverState"):
        return line.problem(f"it is {answer.value['Status']}")
    state = own.get("SynchronizationStatus")
    return line.judge(f"{answer.value['Status']}, {state or 'no state of replication'}", fine=state != "pending-resync")


def _availability(view: View, region: str, member: Member | None, unknown: str) -> Check:
    name = view.manifest.sides[region].database.cluster
    # The member that is left may be gone: that is what an unplanned failover is for.
    line = view.line(
        f"member {name}",
        region,
        f"{AVAILABLE}, its instances too",
        "see the events of RDS; a planned failover needs both members",
        blocker=region == view.to,
    )
    if unknown:
        return line.unknown(unknown, "allow rds:DescribeDBClusters, rds:DescribeDBInstances")
    if member is None:
        return line.problem("no such cluster")
    states = [member.cluster["Status"], *(each["DBInstanceStatus"] for each in member.instances)]
    got = f"{states[0]}, {len(states) - 1} instances"
    others = sorted({each for each in states if each != AVAILABLE})
    return line.judge(f"{got}: {', '.join(others)}" if others else got, fine=not others)


def _equal_versions(view: View) -> Check:
    answers = view.both(MEMBER)
    known = {region: each.value.versions for region, each in answers.items() if each.value is not None}
    silent = [region for region in answers if region not in known]
    line = view.line("engine versions", silent[0] if silent else "", "one version on both members", _UPGRADE)
    if silent:
        return line.unknown(
            f"{silent[0]}: {answers[silent[0]].unknown or 'no such cluster'}", "allow rds:DescribeDBClusters"
        )
    got = "; ".join(f"{region}: {', '.join(each)}" for region, each in known.items())
    return line.judge(got, fine=len({each for versions in known.values() for each in versions}) == 1)


def _maintenance(view: View, region: str, asked: Answer, maintenance: Answer) -> Check:
    name = view.manifest.sides[region].database.cluster
    member, unknown = asked.value, asked.unknown or maintenance.unknown
    actions = maintenance.value or ()
    # The engine changes by a modification or by an action.
    patched = member is None or any("EngineVersion" in each for each in member.changes)
    patched = patched or not maintenance.known or any(each["Action"] in _ENGINE_ACTIONS for each in actions)
    line = view.line(
        f"maintenance of {name}",
        region,
        "none pending: a patch that one member has and the other lacks makes RDS refuse a managed failover",
        f"aws rds describe-pending-maintenance-actions --region {region}; apply it outside of an incident: {_UPGRADE}",
        blocker=patched,
    )
    if unknown or member is None:
        return line.unknown(unknown or "no such cluster", "allow rds:DescribePendingMaintenanceActions")
    pending = [*map(_action, actions), *(f"a change of {each}" for found in member.changes for each in found)]
    return line.judge(", ".join(dict.fromkeys(pending)) or "none", fine=not pending)
