"""Budgets for disruptions: each workload has one, and each lets a node be drained."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.availability.workloads import LEAST_REPLICAS, WORKLOADS, place_of, replicas_of
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import entries, maps_at, number, plain, value_at

_BUDGETS = ("kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:policy/v1beta1:PodDisruptionBudget")
_PAGE = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"


@stack_rule(
    description="A workload with several replicas has a budget for disruptions.",
    remediation="Add a PodDisruptionBudget whose selector fits the pods' labels.",
    page=_PAGE,
    severity=Severity.MEDIUM,
)
def workload_has_disruption_budget(graph: ResourceGraph) -> Iterator[Finding]:
    """Without one, draining nodes takes all replicas at once."""
    guarded = {each.urn for members in _members(graph).values() for each in members}
    replicas = replicas_of(graph)
    for workload in graph.of(*WORKLOADS):
        least = replicas[workload.urn].least
        if workload.urn not in guarded and least is not None and least >= LEAST_REPLICAS:
            allowed = "a PodDisruptionBudget of the same namespace that selects its pods"
            yield Finding(workload, "", "none", allowed, "add one with maxUnavailable 1")


@stack_rule(
    description="A budget for disruptions lets at least one pod go.",
    remediation="Set maxUnavailable 1, or minAvailable below the number of replicas.",
    page=_PAGE,
    severity=Severity.HIGH,
)
def disruption_budget_allows_drains(graph: ResourceGraph) -> Iterator[Finding]:
    """A budget that allows nothing blocks every drain, and with it node updates and upgrades."""
    members, replicas = _members(graph), replicas_of(graph)
    for budget in graph.of(*_BUDGETS):
        counts = [replicas[each.urn].least for each in members[budget.urn]]
        pods = sum(each or 0 for each in counts)
        if pods == 0 or None in counts:
            yield from _never(budget)
        else:
            yield from _blocked(budget, pods)


def _never(budget: Resource) -> Iterator[Finding]:
    """What blocks whatever the number of pods may be."""
    if plain(value_at(budget.inputs, "spec.minAvailable")) == "100%":
        yield against(budget, "spec.minAvailable", "less than 100%", "lower it, or set maxUnavailable 1 instead")
    if number(_without_percent(value_at(budget.inputs, "spec.maxUnavailable"))) == 0:
        yield against(budget, "spec.maxUnavailable", "at least 1", "raise it")


def _blocked(budget: Resource, pods: float) -> Iterator[Finding]:
    kept = _count(value_at(budget.inputs, "spec.minAvailable"), pods)
    if kept is not None and kept >= pods:
        allowed = f"less than the {pods:.0f} replicas that it selects"
        yield against(budget, "spec.minAvailable", allowed, "lower it, add replicas, or set maxUnavailable 1 instead")
    gone = _count(value_at(budget.inputs, "spec.maxUnavailable"), pods)
    if gone is not None and gone < 1:
        yield against(budget, "spec.maxUnavailable", "at least 1", "raise it")


def _without_percent(value: Any) -> Any:
    return value.removesuffix("%") if isinstance(value, str) else value


def _count(value: Any, pods: float) -> float | None:
    """A number of pods; Kubernetes rounds shares up, both those that stay and those that go."""
    found = number(_without_percent(value))
    if found is None or not (isinstance(value, str) and value.endswith("%")):
        return found
    return math.ceil(found * pods / 100)


def _members(graph: ResourceGraph) -> Mapping[str, Sequence[Resource]]:
    """For each budget the workloads that it selects."""
    places: dict[tuple[str, str], list[Resource]] = {}
    for each in graph.of(*WORKLOADS):
        places.setdefault(place_of(each), []).append(each)
    return {
        budget.urn: [each for each in places.get(place_of(budget), ()) if _selects(budget, each)]
        for budget in graph.of(*_BUDGETS)
    }


def _selects(budget: Resource, workload: Resource) -> bool:
    """Whether the selector fits; an empty one fits every pod of the namespace, none at all fits none."""
    selector = value_at(budget.inputs, "spec.selector")
    labels = value_at(workload.inputs, "spec.template.metadata.labels") or {}
    if not isinstance(selector, Mapping) or not isinstance(labels, Mapping):
        return False
    wanted = value_at(selector, "matchLabels")
    equal = wanted.items() if isinstance(wanted, Mapping) else ()
    return all(plain(labels.get(name)) == plain(each) for name, each in equal) and all(
        _fits(each, labels) for _, each in maps_at(selector, "matchExpressions")
    )


def _fits(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(plain(expression.get("key"))), entries(expression.get("values"))
    value = plain(labels.get(key))
    return {
        "In": value is not None and value in values,
        "NotIn": value not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(plain(expression.get("operator"))), False)
