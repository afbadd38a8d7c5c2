"""From the digest that `pulumi preview --json` prints to the verdict of the rules on the resources after it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource, PolicyResourceOptions
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import unknown_checking_proxy

from haven.base.problems import Problem, Problems
from haven_policies.analyzer import recording_of
from haven_policies.judge import Verdict, verdict_on

_UNTIMED = PolicyCustomTimeouts(0, 0, 0)


def verdict_on_preview(digest: Mapping[str, Any], today: date, where: str) -> Verdict:
    """The verdict of the rules on the resources after a preview's changes.

    Args:
        digest: what `pulumi preview --json --show-sames` printed.
        today: the day for which waivers count.
        where: what to call the document in problems.

    Raises:
        Problems: the digest leaves out what stays as it is, or the policy keys of its config are invalid.
    """
    states = {each["urn"]: each["newState"] for each in digest["steps"] if isinstance(each.get("newState"), Mapping)}
    left_out = digest.get("changeSummary", {}).get("same", 0) - sum(each["op"] == "same" for each in digest["steps"])
    if left_out > 0:
        got = f"a preview without {left_out} resources that stay as they are"
        fix = "run pulumi preview --json --show-sames"
        raise Problems([Problem("the document", got, "one with all resources, for --policy", fix)], where)
    stack = next(iter(states), "urn:pulumi:").split(":")[2]
    declared = {urn: _properties(state, "inputs") for urn, state in states.items()}
    return verdict_on(recording_of(_resources(states), stack, declared), digest.get("config") or {}, today)


def _resources(states: Mapping[str, Mapping[str, Any]]) -> list[PolicyResource]:
    """As the engine would show them to the pack."""
    made = {urn: _resource(state, states) for urn, state in states.items()}
    for urn, state in states.items():
        made[urn].parent = made.get(state.get("parent", ""))
        made[urn].dependencies += _known(made, state.get("dependencies"))
        for name, owners in (state.get("propertyDependencies") or {}).items():
            made[urn].property_dependencies[name] = list(_known(made, owners))
    return list(made.values())


def _known(made: Mapping[str, PolicyResource], urns: Any) -> Iterator[PolicyResource]:
    return (made[urn] for urn in urns or () if urn in made)


def _resource(state: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> PolicyResource:
    options = PolicyResourceOptions(
        protect=state.get("protect", False),
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=_UNTIMED,
        additional_secret_outputs=[],
    )
    provider = states.get(str(state.get("provider", "")).rpartition("::")[0])
    shown = _provider(provider) if provider else None
    properties = _properties(state, "outputs")
    return PolicyResource(state["type"], properties, state["urn"], _name(state), options, shown, None, [], {})


def _provider(state: Mapping[str, Any]) -> PolicyProviderResource:
    return PolicyProviderResource(state["type"], _properties(state, "inputs"), state["urn"], _name(state))


def _properties(state: Mapping[str, Any], which: str) -> Mapping[str, Any]:
    """The inputs or the outputs; asking for one that only AWS knows raises, as it does in a pack."""
    return unknown_checking_proxy(dict(state.get(which) or {}))


def _name(state: Mapping[str, Any]) -> str:
    return str(state["urn"]).rpartition("::")[2]
