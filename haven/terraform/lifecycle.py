"""Lifecycle settings that a document gets besides those that the program declares."""

from collections.abc import Collection, Mapping
from typing import Any


def ignore_changes(document: Mapping[str, Any], ignored: Mapping[str, Collection[str]]) -> None:
    """Leave out changes of arguments.

    Args:
        document: Terraform JSON, which is changed.
        ignored: type to names of its arguments.
    """
    for type_, arguments in ignored.items():
        for body in document["resource"].get(type_, {}).values():
            lifecycle = body.setdefault("lifecycle", {})
            lifecycle["ignore_changes"] = sorted({*lifecycle.get("ignore_changes", ()), *arguments})


def delete_last(document: Mapping[str, Any]) -> None:
    """Delete alarms after everything else, as Pulumi does: AWS refuses to delete one that a composite alarm reads.

    Args:
        document: Terraform JSON, which is changed.
    """
    for body in document["resource"].get("aws_cloudwatch_metric_alarm", {}).values():
        body.setdefault("lifecycle", {})["create_before_destroy"] = True
