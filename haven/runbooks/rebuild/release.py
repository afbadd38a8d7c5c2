"""Gives up the lost Region's replicas, by name and through the Region that survived.

Nothing is deleted: a member that is taken out of a global database, or a group that is taken out of a Global Datastore,
becomes one of its own where it is (RDS API, RemoveFromGlobalCluster, and ElastiCache API,
DisassociateGlobalReplicationGroup; read 2026-11-26). Both take the lost member's name, and are sent to the Region that
survived. [assumption] AWS takes them while the other Region is silent: no page has it.
"""

from haven.runbooks.failover import database, stores
from haven.runbooks.failover.site import Site
from haven.runbooks.rebuild.survey import standing
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Branches, Call, CallError, Runbook, failure
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

DATABASE, CACHE = "release-database", "release-cache"
NO_RETURN = (DATABASE, CACHE)


def member(site: Site) -> Looking:
    """Done when the lost Region's cluster is in the global database no more, or is a new one."""
    name = site.manifest.database.global_cluster

    async def look(workflow: Workflow) -> Look:
        cluster = await database.global_cluster(site.to, name)
        if cluster is None:
            return Impossible(f"{name} doesn't exist")
        writer = database.writing_region(cluster)
        if writer != site.to:
            return Impossible(f"{name} is written in {writer or 'no Region'}, not in {site.to}")
        found = database.members(cluster).get(site.old)
        if found is None:
            return Done()
        if cluster.get("FailoverState") or cluster["Status"] in database.CHANGING:
            return Waiting(f"{name} is {cluster['Status']}")
        names = {"GlobalClusterIdentifier": name, "DbClusterIdentifier": found["DBClusterArn"]}
        call = Call("rds", site.to, "remove_from_global_cluster", names, changes=True)
        own = database.member(site.old, site.old_side.database.cluster, observes=True)
        return await _guarded(site, workflow, DATABASE, call, own)

    return look


def group(site: Site) -> Looking:
    """Done when the lost Region's cache group is in the Global Datastore no more, or there is no datastore."""

    async def look(workflow: Workflow) -> Look:
        own = stores.datastore_info(await stores.group(site.to, site.new_side.cache))
        identifier = own.get("GlobalReplicationGroupId")
        if not identifier:
            return Done(remark=f"{site.new_side.cache} is in no Global Datastore: nothing to release")
        if own.get("GlobalReplicationGroupMemberRole") != stores.PRIMARY:
            return Impossible(f"{site.new_side.cache} isn't the primary of {identifier}: haven failover promotes it")
        datastore = await stores.datastore(site.to, identifier)
        members = datastore.get("Members", []) if datastore else []
        lost = [each for each in members if each["ReplicationGroupRegion"] == site.old]
        if datastore is None or not lost:
            return Done()
        if datastore["Status"] not in stores.STEADY:
            return Waiting(f"{identifier} is {datastore['Status']}")
        names = {
            "GlobalReplicationGroupId": identifier,
            "ReplicationGroupId": lost[0]["ReplicationGroupId"],
            "ReplicationGroupRegion": site.old,
        }
        call = Call("elasticache", site.to, "disassociate_global_replication_group", names, changes=True)
        return await _guarded(site, workflow, CACHE, call, stores.group(site.old, site.old_side.cache, observes=True))

    return look


async def _guarded(site: Site, workflow: Workflow, step: str, call: Call, there: Runbook) -> Look:
    """The call, unless the lost Region has come back since the decision: then nothing of it is given up.

    Args:
        site: from the lost Region to the one that survived.
        workflow: as the journal has it.
        step: which release.
        call: the release.
        there: looks for what is released in the lost Region.
    """
    if workflow.step(step).may_have_happened:
        (found,) = await Branches([there])
        if (error := failure(found)) is not None and not isinstance(error, CallError):
            raise error
        made_anew = found is not None and not failure(found)
        return Done(remark=f"{site.old} has one again: it was made after the release") if made_anew else Missing(call)
    there.close()
    if everything := (await standing(site)).there:
        return Impossible(f"{site.old} answers again, and has {', '.join(everything)}")
    return Missing(call)
