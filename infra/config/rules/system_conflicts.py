"""Systems that would get in each other's way: by names that two things would have, or that have no room; by a store."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from haven.base.problems import Problem, choices, shown
from haven_components import limits
from haven_components.names import ORCHESTRATION_PODS, region_code
from infra import names
from infra.config import models, part_models, system_models
from infra.config.rules.systems import REGISTRY, SERVING, TRAINING, WORKFLOWS, Systems, groups_of, running
from infra.config.rules.validators import Rules

RULES = Rules()

COMPONENT_CHARACTERS = 40
"""Of the name of a component on a cluster: `MOST_NAME_CHARACTERS` of `ClusterAccess` and `WorkflowOrchestrator`."""
JOB_CHARACTERS = 52
"""Of the name of a training job: `MOST_NAME_CHARACTERS` of `TrainingJobs`."""
_ACCESS = "-access"
"""The longest suffix of a system's components."""
_IN_THE_DATABASE = (REGISTRY, WORKFLOWS)
"""The kinds that have a database and a user of their own."""


class _Claim(NamedTuple):
    """A name that exists once."""

    where: str
    """Among what it exists once."""
    name: str
    key: str
    """The config key that it comes from."""
    given: str
    """What that key is called."""
    what: str
    """What has the name."""


@RULES.on("stack", "regions", "systems")
def _room(stack: str, pair: models.Regions, systems: Systems) -> Iterable[Problem]:
    longest = max((pair.primary, pair.recovery), key=lambda region: len(region_code(region)))
    prefix = len(names.regional_name(stack, longest)) + 1
    carried = f"names carry {names.regional_name(stack, longest)}"
    for name, system in systems.items():
        if not system.runs:
            continue
        what, own = f"haven:systems.{name}", prefix + len(name) + 1
        yield from _fits(what, name, COMPONENT_CHARACTERS - prefix - len(_ACCESS), carried)
        for pool in system.pools:
            yield from _fits(f"{what}.pools.{pool}", pool, COMPONENT_CHARACTERS - own, f"{carried}-{name}")
        for job in system.jobs:
            yield from _fits(f"{what}.jobs.{job}", job, JOB_CHARACTERS - own, f"{carried}-{name}")


def _fits(what: str, name: str, room: int, carried: str) -> Iterator[Problem]:
    if len(name) > room:
        allowed = f"at most {room} characters: {carried}" if room > 0 else f"nothing: {carried}, which leaves no room"
        shorter = name[: max(room, 0)].rstrip("-")
        fix = (
            f"rename it to {shorter}, or give the stack a shorter name" if shorter else "give the stack a shorter name"
        )
        yield Problem(what, shown(name), allowed, fix)


@RULES.on("systems", "cluster", "controllers")
def _once(systems: Systems, cluster: models.Cluster, controllers: system_models.Controllers) -> Iterable[Problem]:
    """Two resources of a program, or two roles of an account, can't be called alike."""
    taken: dict[tuple[str, str], _Claim] = {}
    refused: set[str] = set()
    # What comes with a system claims first, so that the refusal names what can be renamed alone.
    for each in sorted(_claims(systems, cluster, controllers), key=lambda each: each.key.count(".")):
        first = taken.setdefault((each.where, each.name), each)
        if first is each or each.key in refused:
            continue
        refused.add(each.key)
        allowed = f"another name: {first.what} of {first.key} is called {each.name}"
        yield Problem(
            each.key, shown(each.given), allowed, f"rename it, for example to {each.given[:18].rstrip('-')}-b"
        )


def _claims(systems: Systems, cluster: models.Cluster, controllers: system_models.Controllers) -> Iterator[_Claim]:
    if controllers.telemetry is not None:
        yield _Claim("namespace", "telemetry", "haven:controllers.telemetry", "telemetry", "the namespace's access")
    for name, system in systems.items():
        if system.runs:
            yield _Claim("namespace", name, f"haven:systems.{name}", name, "the namespace's access")
            yield from _of_system(name, system, cluster)


def _of_system(name: str, system: system_models.System, cluster: models.Cluster) -> Iterator[_Claim]:
    key = f"haven:systems.{name}"
    yield _Claim("service account", name, key, name, "the service account")
    if system.kind in _IN_THE_DATABASE:
        yield _Claim("service account", f"{name}-migration", key, name, "the migration")
    if system.kind == SERVING:
        for suffix, what in _servers(system).items():
            yield _Claim("server", f"{name}{suffix}", key, name, what)
    elif system.kind == WORKFLOWS:
        for part in ORCHESTRATION_PODS:
            yield _Claim(f"pool of {name}", part, key, name, f"the {part}")
        for pool in system.pools:
            there = f"{key}.pools.{pool}"
            yield _Claim(f"pool of {name}", pool, there, pool, "the pool")
            yield _Claim(f"pool of {name}", f"{pool}-flow-runs", there, pool, "the network policy of the flow runs")
            yield _Claim("service account", f"{name}-{pool}", there, pool, "the worker")
    elif system.kind == TRAINING:
        for job in system.jobs:
            yield _Claim("job", f"{name}-{job}", f"{key}.jobs.{job}", job, "the job")
        for group in groups_of(cluster, name) if system.queue and system.jobs else ():
            yield _Claim("flavor", f"{name}-{group.name}", key, name, f"the queue's flavor {group.name}")


def _servers(system: system_models.System) -> dict[str, str]:
    found = {"": "the server", "-check": "the check every minute", "-servers": "the Service of the servers"}
    if system.model is not None and system.model.canary is not None:
        found["-canary"] = "the canary"
    if system.fallback is not None:
        found["-fallback"] = "the fallback"
    return found


@RULES.on("systems", "database")
def _databases(systems: Systems, database: models.Database) -> Iterable[Problem]:
    for name, system in systems.items():
        own = name.replace("-", "_")
        if system.password_version > 1 and system.kind not in _IN_THE_DATABASE:
            allowed = f"nothing: only systems of kind {choices(_IN_THE_DATABASE)} have a user of the database"
            key = f"haven:systems.{name}.passwordVersion"
            yield Problem(key, str(system.password_version), allowed, "delete passwordVersion")
        if not system.runs or system.kind not in _IN_THE_DATABASE:
            continue
        what, fix = f"haven:systems.{name}", f"rename the system, for example to {name[:17].rstrip('-')}-db"
        if own in limits.DATABASE_RESERVED_NAMES:
            allowed = f"another name than {', '.join(limits.DATABASE_RESERVED_NAMES)}: its database is called so"
            yield Problem(what, shown(name), allowed, fix)
        elif own == database.name:
            allowed = (
                "another name than that of haven:database.name: the system would become the owner of that database"
            )
            yield Problem(what, shown(name), allowed, fix)
        if f"haven_{own}" == database.username:
            allowed = f"another name: its user haven_{own} is haven:database.username, the database's administrator"
            yield Problem(what, shown(name), allowed, fix)


@RULES.on("systems")
def _orchestrations(systems: Systems) -> Iterable[Problem]:
    """A topic of Prefect is a stream in the cache of messages, and its consumer group, by that name alone
    (prefect-redis, messaging.py; read 2026-11-26): two orchestrations would take each other's messages."""
    first = next(iter(running(systems, WORKFLOWS)), None)
    for name in list(running(systems, WORKFLOWS))[1:]:
        allowed = f"one system of kind {WORKFLOWS} with an image: {first} has the cache of messages to itself"
        fix = f"add its pools to haven:systems.{first}.pools, each with its system, or move it to a stack of its own"
        yield Problem(f"haven:systems.{name}", shown(WORKFLOWS), allowed, fix)


@RULES.on("systems", "secrets")
def _secrets(systems: Systems, secrets: Mapping[str, part_models.Secret]) -> Iterable[Problem]:
    """Those that Haven makes for systems are called like secrets of the stack file."""
    running = {name: system.kind for name, system in systems.items() if system.runs}
    reserved = {f"{name}-database": name for name, kind in running.items() if kind in _IN_THE_DATABASE}
    for name, kind in running.items():
        if kind == WORKFLOWS:
            reserved |= {"messages": name, "workflows-api": name}
    for secret, system in reserved.items():
        if secret in secrets:
            allowed = f"another name: it is that of a secret of haven:systems.{system}"
            yield Problem(
                f"haven:secrets.{secret}", shown(secret), allowed, f"rename it, for example to {secret[:16]}-own"
            )
