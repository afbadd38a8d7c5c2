"""The cluster that rows are compared with: restored from a snapshot of the old volume, beside the member."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from haven.base.problems import Problem, choices, nearest, shown
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import ask_all
from haven.runbooks.reconcile.leftovers import RESTORED
from haven.runbooks.status import writers

OPTION = "--old-volume"
_NAME = re.compile(rf"{RESTORED}[a-z0-9]+(?:-[a-z0-9]+)*")
_LISTED = "the commands that haven reconcile lists beside a kept snapshot restore one"


def problem_of_name(cluster: str) -> Problem | None:
    """What is wrong with a name of such a cluster, before anybody is asked. None: nothing is."""
    if _NAME.fullmatch(cluster):
        return None
    allowed = f"a cluster that was restored from a snapshot of the old volume, whose name begins with {RESTORED}"
    return Problem(OPTION, shown(cluster), allowed, _LISTED)


def problem_of_cluster(manifest: RecoveryManifest, client: Client, cluster: str) -> Problem | None:
    """Why rows can't be compared with a cluster. None: they can, or AWS doesn't answer, which the comparison reports.

    Args:
        manifest: the environment's.
        client: makes the clients.
        cluster: its name.

    Raises:
        MissingDependency: this machine has no credentials.
    """
    if manifest.tier == "backup":
        allowed = "a tier that replicates the database: elsewhere no old volume is left behind"
        return Problem(OPTION, f"{shown(cluster)}, in tier backup", allowed, f"leave {OPTION} out")
    listing = {("instances", region): partial(_instances, client, region) for region in manifest.both}
    answers = ask_all({**writers.questions(manifest, client), **listing})
    writer = writers.writing_region(answers)
    regions = [manifest.other(writer)] if writer else list(manifest.both)
    if not all(answers["instances", region].known for region in regions):
        return None
    subnets = {region: manifest.sides[region].database.subnet_group for region in regions}
    found = {region: _restored(answers["instances", region].value, subnets[region]) for region in regions}
    own = {name for names in found.values() for name, is_own in names.items() if is_own}
    if cluster in own:
        return None
    where = " or ".join(regions)
    got = f"{shown(cluster)}, which has no instance in {where}"
    for region, names in found.items():
        if cluster in names:
            got = f"{shown(cluster)}, which isn't in {subnets[region]}, the environment's subnets in {region}"
    near = nearest(cluster, own)
    allowed = choices(sorted(own)) or f"a cluster {RESTORED}… in {where}, of which there is none"
    return Problem(OPTION, got, allowed, f"did you mean {near}?" if near else _LISTED)


def _instances(client: Client, region: str) -> list[Mapping[str, Any]]:
    pages = client("rds", region).get_paginator("describe_db_instances").paginate()
    return [each for page in pages for each in page["DBInstances"]]


def _restored(instances: Sequence[Mapping[str, Any]], subnets: str) -> dict[str, bool]:
    """Each restored cluster with an instance, and whether that is in the environment's subnets."""
    found: dict[str, bool] = {}
    for each in instances:
        group = (each.get("DBSubnetGroup") or {}).get("DBSubnetGroupName", "")
        if (name := str(each.get("DBClusterIdentifier", ""))).startswith(RESTORED):
            found[name] = found.get(name, False) or not (group and subnets) or group == subnets
    return found
