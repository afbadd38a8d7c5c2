"""Which Region writes to the database and to the cache, and how each member is."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer, first, region_of
from haven.runbooks.status.readings import Answers, Questions, Reading, State, unknown

DATABASE, CACHE = "database", "cache"
_AVAILABLE = "available"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for the global database and for its own cache group: either may be the one that answers."""

    def members(region: str) -> Sequence[Mapping[str, Any]] | None:
        name = manifest.database.global_cluster
        listed = client("rds", region).describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
        cluster = first(listed)
        return cluster["GlobalClusterMembers"] if cluster else None

    def group(region: str) -> Mapping[str, Any] | None:
        listed = client("elasticache", region).describe_replication_groups(
            ReplicationGroupId=manifest.sides[region].cache
        )
        return first(listed["ReplicationGroups"])

    return {
        **{(DATABASE, region): partial(members, region) for region in manifest.both},
        **{(CACHE, region): partial(group, region) for region in manifest.both},
    }


def writing_region(answers: Answers) -> str | None:
    """The Region of the database's writer; None where nobody knows, or where the Regions contradict each other."""
    writers = {_writer(answer) for (what, _), answer in answers.items() if what == DATABASE and answer.value}
    return writers.pop() if len(writers) == 1 else None


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Who writes where."""
    yield from _database(manifest, {region: answers[DATABASE, region] for region in manifest.both})
    yield from _cache(manifest, {region: answers[CACHE, region] for region in manifest.both})


def _database(manifest: RecoveryManifest, answers: Mapping[str, Answer]) -> Iterator[Reading]:
    name = manifest.database.global_cluster
    named = {region: _writer(answer) for region, answer in answers.items() if answer.value}
    yield from (unknown(DATABASE, region, answer) for region, answer in answers.items() if not answer.known)
    if len(set(named.values())) > 1:
        claims = "; ".join(f"{region} names {writer}" for region, writer in named.items())
        yield Reading(
            DATABASE, "", State.WRONG, f"{name}: the Regions contradict each other about the writer: {claims}"
        )
    elif named:
        (writer,) = set(named.values())
        state = State.OK if writer else State.WRONG
        yield Reading(DATABASE, writer or "", state, f"{name} is written here" if writer else f"{name} has no writer")
    elif all(answer.known for answer in answers.values()):
        yield Reading(DATABASE, "", State.WRONG, f"{name} doesn't exist")


def _writer(answer: Answer) -> str | None:
    return next((region_of(each["DBClusterArn"]) for each in answer.value if each["IsWriter"]), None)


def _cache(manifest: RecoveryManifest, answers: Mapping[str, Answer]) -> Iterator[Reading]:
    primaries: list[str] = []
    replicated = manifest.replicates_cache
    for region, answer in answers.items():
        name = manifest.sides[region].cache
        if not answer.known:
            yield unknown(CACHE, region, answer)
        elif answer.value is None:
            needed = replicated or region == manifest.regions.primary
            yield Reading(CACHE, region, State.WRONG if needed else State.OK, f"{name} doesn't exist")
        else:
            role = (answer.value.get("GlobalReplicationGroupInfo") or {}).get("GlobalReplicationGroupMemberRole", "")
            primaries += [region] if role == "PRIMARY" else []
            status = answer.value.get("Status", "")
            state = State.OK if status == _AVAILABLE and (role or not replicated) else State.WRONG
            shown = {"PRIMARY": "written here", "SECONDARY": "replica"}.get(role, "in no Global Datastore")
            yield Reading(CACHE, region, state, f"{name} {shown}, {status}")
    if len(primaries) > 1:
        yield Reading(CACHE, "", State.WRONG, f"both Regions name themselves the primary: {' and '.join(primaries)}")
