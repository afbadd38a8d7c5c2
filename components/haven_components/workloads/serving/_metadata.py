"""Metadata of the objects that serve a model."""

from typing import Any

from haven_components.workloads import _pods
from haven_components.workloads.serving._args import ModelServingArgs


def object_labels(serving: str, args: ModelServingArgs, component: str) -> dict[str, str]:
    """Labels of an object.

    Args:
        serving: name of the component.
        args: those of the component.
        component: which part the object belongs to.
    """
    return _pods.labels(serving, component, **args.get("labels", {}))


def metadata(serving: str, args: ModelServingArgs, component: str, name: str) -> Any:
    """Metadata of an object of the namespace that is called `name`."""
    return {"name": name, "namespace": args["namespace"], "labels": object_labels(serving, args, component)}
