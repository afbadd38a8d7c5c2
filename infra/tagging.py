"""Tags with the purpose of a resource: whose it is, which data it holds, which system needs it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven.config.policy import Residency

DATA_CLASS, SYSTEM, ENVIRONMENT = "haven:data-class", "haven:system", "haven:environment"
UNCLASSIFIED = "unclassified"
"""The class of data that a stack doesn't classify."""
SHARED = "shared"
"""The system of what several need."""


def class_of(residency: Residency, *stores: str) -> str:
    """The class of a store, from the names it may be given one under, the nearest first."""
    named = (residency.stores[each] for each in stores if each in residency.stores)
    return next(named, residency.default or UNCLASSIFIED)


def defaults(stack: str, residency: Residency) -> dict[str, str]:
    """The tags of every resource of a stack that has none of its own."""
    return {ENVIRONMENT: stack, SYSTEM: SHARED, DATA_CLASS: class_of(residency)}


def adding(tags: Mapping[str, str]) -> Sequence[pulumi.ResourceTransformation]:
    """Tags for a component's resources, each beside its own."""

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        own = args.props.get("tags")
        if not isinstance(own, Mapping):
            return None
        props: dict[str, Any] = {**args.props, "tags": {**own, **tags}}
        return pulumi.ResourceTransformationResult(props, args.opts)

    return [transform] if tags else []


def by_label(label: str) -> Sequence[pulumi.ResourceTransformation]:
    """The system of each node group, from the label of its nodes."""

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        own, labels = args.props.get("tags"), args.props.get("labels")
        if not isinstance(own, Mapping) or not isinstance(labels, Mapping) or label not in labels:
            return None
        props: dict[str, Any] = {**args.props, "tags": {**own, SYSTEM: labels[label]}}
        return pulumi.ResourceTransformationResult(props, args.opts)

    return [transform]
