"""What of a plan's steps AWS would refuse, or a run would stumble over."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven_components.resilience.region_switch import _steps
from haven_components.resilience.region_switch._args import RecoveryClustersArgs, RecoveryNodeGroupArgs
from haven_components.resilience.region_switch._rights import report_path
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

NAMESPACE = r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
REPORT_PATH = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?:/[^/ ][^/]*)*"
"""ARC Region switch API Reference, KubernetesScalingResource and S3ReportOutputConfiguration; read 2026-11-26."""
MOST_REPORT_CHARACTERS = 512
_NAME = r"[A-Za-z0-9-]+"
_FUNCTIONS = ("cache", "traffic_switch")


def check_steps(checks: Checks, args: Mapping[str, Any]) -> None:
    """Everything about steps.

    Args:
        checks: collects what is found.
        args: of the component.
    """
    _check_something(checks, args)
    _check_names(checks, args)
    _check_timeouts(checks, args)
    _check_pairs(checks, args)
    if "clusters" in args:
        _check_clusters(checks, args["clusters"])
    _check_both_regions(checks, args)
    checks.require(
        not ("records" in args and "traffic_switch" in args),
        "records",
        got="records and a traffic_switch",
        allowed="one of them: two levers on the same traffic would fight",
        fix="leave out records, or traffic_switch",
    )
    if "report" in args:
        path = report_path(args["report"])
        checks.require(
            re.fullmatch(REPORT_PATH, path) is not None and len(path) <= MOST_REPORT_CHARACTERS,
            "report",
            got=path,
            allowed=f"a bucket without dots and a prefix, together at most {MOST_REPORT_CHARACTERS} characters",
            fix="choose a bucket and a prefix that Region switch accepts; the prefix has no slash at its end",
        )


def needs_functions(args: Mapping[str, Any]) -> bool:
    """Whether a plan has steps that the component's own functions do."""
    clusters = args.get("clusters", {})
    groups = (clusters.get("primary_node_groups"), clusters.get("recovery_node_groups"))
    return any(each in args for each in _FUNCTIONS) or any(groups)


def _check_something(checks: Checks, args: Mapping[str, Any]) -> None:
    """A bare database's or an action's absence is an error only if nothing else is done."""
    done = ("database", "cache", "traffic_switch", "records")
    clusters = args.get("clusters", {})
    some = any(each in args for each in done) or any(args.get(each) for each in ("actions", "event_sources"))
    checks.require(
        some or any(clusters.get(each) for each in ("deployments", "primary_node_groups", "recovery_node_groups")),
        "database",
        got=None,
        allowed="a database, actions or something else to do, for a plan does something",
        fix="name the global database whose writer moves, or what else is done",
    )


def _check_names(checks: Checks, args: Mapping[str, Any]) -> None:
    sources = [each["name"] for each in args.get("event_sources", [])]
    actions = [each["name"] for each in args.get("actions", [])]
    made = [f"{prefix}{each}" for each in sources for prefix in (_steps.STOP, _steps.RESUME)]
    taken, reserved = set(_steps.RESERVED), ", ".join(sorted(_steps.RESERVED))
    for path, names, steps in (("event_sources", sources, made), ("actions", actions, actions)):
        unique = len({*steps, *taken}) == len(steps) + len(taken)
        checks.require(
            unique and all(re.fullmatch(_NAME, each) for each in names),
            path,
            got=names,
            allowed=f"names of letters, digits and hyphens, each step's once, other than {reserved}",
            fix="choose another name",
        )
        taken |= set(steps)


def _check_timeouts(checks: Checks, args: Mapping[str, Any]) -> None:
    timeouts = {
        f"actions[{index}].timeout_minutes": each.get("timeout_minutes", 1)
        for index, each in enumerate(args.get("actions", []))
    }
    for path, minutes in (timeouts | {"approval_timeout_minutes": args.get("approval_timeout_minutes", 1)}).items():
        checks.require(minutes >= 1, path, got=minutes, allowed="1 or more", fix="leave it out for the default")


def _check_pairs(checks: Checks, args: Mapping[str, Any]) -> None:
    """What is given for one Region is given for the other one."""
    for owner, suffix in (("database", "instance_arn"), ("records", "set_identifier")):
        pair = [f"{side}_{suffix}" for side in ("primary", "recovery")]
        given = [each for each in pair if each in args.get(owner, {})]
        checks.require(
            len(given) != 1,
            f"{owner}.{pair[1] if given == pair[:1] else pair[0]}",
            got=None,
            allowed=f"given with {given[0] if given else pair[0]}",
            fix="give both, or neither",
        )


def _check_clusters(checks: Checks, clusters: RecoveryClustersArgs) -> None:
    for index, each in enumerate(clusters.get("deployments", [])):
        _checks.require_match(
            checks,
            f"clusters.deployments[{index}].namespace",
            each["namespace"],
            NAMESPACE,
            allowed="2 to 63 lower-case letters, digits and hyphens",
            fix="give the Kubernetes namespace; Region switch takes none of one character",
        )
    groups = {side: clusters.get(f"{side}_node_groups", []) for side in ("primary", "recovery")}
    for path, group in _groups(groups):
        checks.require(
            0 <= group["minimum"] <= group["desired"] <= group["maximum"] and group["maximum"] >= 1,
            path,
            got=[group["minimum"], group["desired"], group["maximum"]],
            allowed="minimum, desired and maximum in this order, none below 0, the maximum 1 or more",
            fix="give the sizes of an active Region",
        )


def _groups(groups: Mapping[str, Any]) -> Iterator[tuple[str, RecoveryNodeGroupArgs]]:
    found: Sequence[RecoveryNodeGroupArgs]
    for side, found in groups.items():
        for index, each in enumerate(found):
            yield f"clusters.{side}_node_groups[{index}]", each


def _check_both_regions(checks: Checks, args: Mapping[str, Any]) -> None:
    own = needs_functions(args)
    checks.require(
        not own or "functions" in args,
        "functions",
        got=None,
        allowed="the keys of both Regions, because cache, traffic_switch or node groups need functions",
        fix="give functions its two keys",
    )
    checks.require(
        not (own or "clusters" in args) or "recovery_provider" in args,
        "recovery_provider",
        got=None,
        allowed="the AWS provider of the recovery Region, because something of the plan is declared there",
        fix="give the provider that works there",
    )
    if "functions" in args:
        days = args["functions"].get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        _checks.require_log_retention(checks, days)
