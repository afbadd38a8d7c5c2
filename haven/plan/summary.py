"""A plan as data: the resources of one recording by Region, beside the objectives of its tier."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from haven.model import catalog, kubernetes
from haven.plan.component_summary import capacity, component_facts, scaling
from haven.program import aws_types
from haven.program.recording import Recording, Resource

_ORDER = (
    "RegionalNetwork",
    "NetworkPeering",
    "InferenceCluster",
    "GlobalDatabase",
    "GlobalCache",
    "ReplicatedBucket",
    "MultiRegionKey",
    "FailoverDns",
    "TrafficSwitch",
    "AuditTrail",
    "AccountBaseline",
    "StateBackend",
)


ENVIRONMENT = "environment"

_PROMISE_KEYS = {
    "says": "description",
    "atBestMinutes": "bestCaseMinutes",
    "atBestSource": "bestCaseSource",
    "atMostMinutes": "worstCaseMinutes",
    "atMostSource": "worstCaseSource",
    "assumption": "assumption",
}
"""Keys of a promise in the stack's export `promises`, which stay as they are, to the keys in a plan."""


@dataclass(frozen=True)
class Section:
    """The resources of one component in one Region, or without a Region."""

    component: str
    """The component's class; empty for resources outside of components."""
    name: str
    count: int
    kinds: Mapping[str, int]
    """Kind of resource, such as `ec2 subnet`, to the number of resources."""
    facts: Sequence[str]


@dataclass(frozen=True)
class RegionPlan:
    """The resources of one Region."""

    region: str
    role: str
    """`primary` or `recovery`; it never changes."""
    state: str
    """`active` if it takes writes, else `standby`; empty in a stack without an active Region, such as an account's."""
    count: int
    capacity: Mapping[str, int]
    sections: Sequence[Section]


@dataclass(frozen=True)
class Plan:
    """The resources that a stack declares, with its tier's promises and its objectives."""

    stack: str
    kind: str
    """`environment`, or `account` for resources that exist once per account."""
    tier: str
    """Empty unless the stack is an environment."""
    active: str
    """The active Region; empty if there is none."""
    regions: Sequence[RegionPlan]
    """Primary first."""
    elsewhere: Sequence[Section]
    """Resources without a Region: random values and the Stash."""
    resources: Sequence[Resource]
    promises: Mapping[str, Mapping[str, Any]]
    objectives: Mapping[str, float]
    judgements: Sequence[Mapping[str, Any]]
    systems: Mapping[str, Mapping[str, Any]]
    """Name -> `kind`, `tier` and, where it runs on the clusters, `runs`: Region -> replicas, GPUs asked and there."""
    notes: Sequence[str]
    placeholders: Sequence[str]

    @property
    def count(self) -> int:
        """The number of resources."""
        return len(self.resources)


def make_plan(recording: Recording, placeholders: Sequence[str] = (), today: date | None = None) -> Plan:
    """The plan of a recording.

    Args:
        recording: what the program declared; its outputs have tier, Regions, promises and the rest.
        placeholders: config keys with encrypted values, which are not decrypted.
        today: the day for which the plan warns of support that ends. Omitted: this day, UTC.
    """
    outputs = recording.outputs
    resources = list(recording.real())
    active = str(outputs.get("active", ""))
    regions = [
        _region(recording, resources, region, role, _state(region, active))
        for role, region in sorted(outputs["regions"].items())
    ]
    known = {each.region for each in regions}
    day = today or datetime.now(UTC).date()
    return Plan(
        stack=recording.stack,
        kind=str(outputs.get("kind", ENVIRONMENT)),
        tier=str(outputs.get("tier", "")),
        active=active,
        regions=regions,
        elsewhere=_sections([each for each in resources if each.region not in known], recording),
        resources=resources,
        promises={name: _promise(promise) for name, promise in outputs.get("promises", {}).items()},
        objectives=outputs.get("objectives", {}),
        judgements=outputs.get("judgements", ()),
        systems=outputs.get("systems", {}),
        notes=[*_support_notes(resources, day), *_engine_notes(resources, day), *outputs.get("notes", ())],
        placeholders=placeholders,
    )


def _promise(exported: Mapping[str, Any]) -> dict[str, Any]:
    """An exported promise under the plan's keys; exports leave out keys without a value, a plan has them as None."""
    return {key: exported.get(name) for name, key in _PROMISE_KEYS.items()}


def _support_notes(resources: Iterable[Resource], today: date) -> Iterator[str]:
    """What the support calendar says of the clusters' Kubernetes versions, by their upgrade policy."""
    clusters: dict[str, Counter[str]] = {}
    for each in resources:
        if each.type == aws_types.EKS_CLUSTER and isinstance(each.inputs.get("version"), str):
            policy = str(each.inputs.get("upgradePolicy", {}).get("supportType", kubernetes.EXTENDED))
            clusters.setdefault(policy, Counter())[each.inputs["version"]] += 1
    for policy, versions in sorted(clusters.items()):
        yield from kubernetes.support_notes(versions, policy, today)


def _engine_notes(resources: Iterable[Resource], today: date) -> Iterator[str]:
    """What the release calendar says of the databases' engine version."""
    given = (each.inputs.get("engineVersion") for each in resources if each.type == aws_types.RDS_CLUSTER)
    for version in sorted({each for each in given if isinstance(each, str)}):
        support = catalog.aurora_support(version.partition(".")[0])
        if support and (support[0] - today).days < kubernetes.DAYS_AHEAD:
            ends = f"{'ended' if support[0] < today else 'ends'} on {support[0]}"
            yield (
                f"standard support of Aurora PostgreSQL {version} {ends}: from the next day on, and until {support[1]},"
                " RDS charges extended support for each vCPU and hour, which the bill leaves out;"
                " docs/engine-upgrades.md has the way to a newer version"
            )


def _state(region: str, active: str) -> str:
    if not active:
        return ""
    return "active" if region == active else "standby"


def _region(recording: Recording, resources: Sequence[Resource], region: str, role: str, state: str) -> RegionPlan:
    here = [each for each in resources if each.region == region]
    counts = capacity(here, recording)
    if region in recording.outputs.get("existingNetworks", {}):
        counts["zones"] = len(recording.outputs["zones"][region])
    return RegionPlan(region, role, state, len(here), counts, _sections(here, recording))


def _sections(records: Iterable[Resource], recording: Recording) -> list[Section]:
    grouped: dict[tuple[str, str], list[Resource]] = {}
    for each in records:
        grouped.setdefault((each.component or "", each.component_name or ""), []).append(each)
    return [
        Section(
            component,
            name,
            len(members),
            dict(sorted(Counter(kind(each.type) for each in members).items())),
            component_facts(component, members, recording),
        )
        for (component, name), members in sorted(grouped.items(), key=_reading_order)
    ]


def _reading_order(group: tuple[tuple[str, str], Any]) -> tuple[int, str, str]:
    """Sort key: known components in reading order, then unknown ones, then resources outside of components."""
    component, name = group[0]
    rank = _ORDER.index(component) if component in _ORDER else len(_ORDER) + (not component)
    return rank, component, name


def kind(type_: str) -> str:
    """A resource type in words: `aws:eks/nodeGroup:NodeGroup` is an `eks node group`."""
    package, module, class_name = type_.split(":")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", class_name).lower()
    service = module.partition("/")[0] if package == "aws" else package
    return f"{service} {words}"


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON. Lists and maps are sorted.

    - `stack`, `kind`, `tier`, `active`: the stack's name, `environment` or `account`, its tier, the Region where writes
      go. An account's own stack has neither tier nor active Region: both are null, and so is each Region's `state`.
    - `regions`: Region -> `role` (`primary` or `recovery`), `state` (`active` or `standby`), `count` (how many of
      `resources` are in it) and `capacity`: numbers of `controlPlanes`, `systemNodes`, `gpuNodes` (both: desired),
      `databaseClusters`, `databaseInstances` (a member without instances is headless), `cacheNodes`, `buckets`,
      `natGateways`, `zones`.
    - `resources`: every custom resource but providers, by URN: `urn`, `type`, `name`, `region` (that of its explicit
      provider, for a Kubernetes object that of its cluster, or null), `component` and `componentName` (the outermost
      Haven component around it, or null), `protect`, and for node groups `scaling` (`min`, `desired`, `max`).
    - `promises`: name -> what the tier can be held to, in minutes, with sources; `assumption` has the reason for a
      worst case without a source.
    - `objectives`: the stack's, as in its config; `judgements`: each beside each promise, with a verdict and a reason.
    - `systems`: name -> `kind`, `tier`, `runs`. `notes`: what else a reader should know.
    - `placeholders`: config keys with encrypted values; they were not decrypted and are not in the plan.
    """
    return {
        "stack": plan.stack,
        "kind": plan.kind,
        "tier": plan.tier or None,
        "active": plan.active or None,
        "regions": {
            each.region: {
                "role": each.role,
                "state": each.state or None,
                "count": each.count,
                "capacity": dict(each.capacity),
            }
            for each in plan.regions
        },
        "resources": [resource_json(each) for each in sorted(plan.resources, key=lambda each: each.urn)],
        "promises": plan.promises,
        "objectives": plan.objectives,
        "judgements": list(plan.judgements),
        "systems": plan.systems,
        "notes": list(plan.notes),
        "placeholders": sorted(plan.placeholders),
    }


def resource_json(record: Resource) -> dict[str, Any]:
    """One resource as JSON."""
    described = {
        "urn": record.urn,
        "type": record.type,
        "name": record.name,
        "region": record.region,
        "component": record.component,
        "componentName": record.component_name,
        "protect": record.options.protect,
    }
    sizes = scaling(record)
    return {**described, "scaling": dict(sizes)} if sizes else described
