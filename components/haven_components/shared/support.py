"""What every component shares: checked arguments, policies, options for stateful children."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

import pulumi

from haven_components.shared.arguments import misfits


class ArgumentsRefused(pulumi.InputPropertiesError):
    """A component's arguments are refused."""

    def __init__(self, component: str, name: str, errors: list[pulumi.InputPropertyErrorDetails]) -> None:
        lines = "\n".join(f"  {each['property_path']}: {each['reason']}" for each in errors)
        super().__init__(f"{component} {name} refuses its arguments:\n{lines}", errors)
        self.component = component
        """Its type, such as GlobalDatabase."""
        self.name = name
        """Its name in the program."""


class Checks:
    """Collects what is wrong with a component's arguments and raises it in one piece.

    Args:
        component: the component's type, such as GlobalDatabase.
        name: its name in the program.
        kind: the TypedDict of its arguments.
        args: what it was given.
    """

    def __init__(self, component: str, name: str, kind: type, args: object) -> None:
        self._component = component
        self._name = name
        self._found: list[pulumi.InputPropertyErrorDetails] = []
        self._misfits = list(misfits(kind, args))
        for path, got, allowed, fix in self._misfits:
            self._note(path, got, allowed, fix)

    def require(self, condition: bool, path: str, *, got: object, allowed: str, fix: str) -> None:
        """Note a problem at `path` unless `condition` holds."""
        if not condition and not any(_within(path, each.path) for each in self._misfits):
            self._note(path, repr(got), allowed, fix)

    def run(self, *rules: Callable[[], None]) -> None:
        """Run the component's own rules, each of which notes its problems, and raise every problem noted.

        Arguments that are missing, unknown or of another kind of value keep no rule from running, but one that needs
        them.

        Raises:
            pulumi.InputPropertiesError: one detail per problem: property path, what was got, what is allowed, the fix.
        """
        for rule in rules:
            with suppress(LookupError, TypeError, ValueError, AttributeError) if self._misfits else nullcontext():
                rule()
        if self._found:
            raise ArgumentsRefused(self._component, self._name, self._found)

    def _note(self, path: str, got: str, allowed: str, fix: str) -> None:
        self._found.append({"property_path": path, "reason": f"got {got}; allowed: {allowed}; fix: {fix}"})


def _within(path: str, outer: str) -> bool:
    """Whether one argument is another, or a part of it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def stateful(
    parent: pulumi.Resource, *, ephemeral: bool, provider: pulumi.ProviderResource | None = None, **options: Any
) -> pulumi.ResourceOptions:
    """Options for a child that holds data: protected and retained, unless its environment is a throw-away one."""
    return pulumi.ResourceOptions(
        parent=parent, provider=provider, protect=not ephemeral, retain_on_delete=not ephemeral, **options
    )


def policy_document(*statements: Mapping[str, Any]) -> pulumi.Output[str]:
    """An IAM policy document as JSON; each statement may hold outputs."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return pulumi.Output.json_dumps(document, sort_keys=True)


def assume_role_policy(
    service: str, *, actions: Sequence[str] = ("sts:AssumeRole",), account_id: str = "", source_arn: str = ""
) -> str:
    """A trust policy for one AWS service; `account_id` and `source_arn` (a pattern) keep others from using it."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    if account_id:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn:
        statement.setdefault("Condition", {})["ArnLike"] = {"aws:SourceArn": source_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)
