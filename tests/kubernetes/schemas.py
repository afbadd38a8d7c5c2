"""The schemas of Kubernetes' own kinds, as the API server checks them, from the package `kubernetes-validate`."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate.utils as published
from referencing import Registry, Resource

from tests.kubernetes.objects import Sent

VERSION = "1.36"
"""The version of the stacks' clusters."""
_OWN = ("", "apps", "autoscaling", "batch", "policy")
_FOLDER = f"kubernetes-json-schema/v{max(each for each in published.all_versions() if each.startswith(VERSION))}"


def is_own(sent: Sent) -> bool:
    """Whether Kubernetes itself serves the kind; others come with a CustomResourceDefinition."""
    return sent.group in _OWN or (
        sent.group.endswith(".k8s.io") and _validator(sent.kind, sent.api_version) is not None
    )


def problems(sent: Sent) -> Iterator[str]:
    """What the API server would refuse: unknown fields, missing ones, wrong types."""
    validator = _validator(sent.kind, sent.api_version)
    if validator is None:
        yield f"{sent}: Kubernetes {VERSION} has no {sent.kind} in {sent.api_version}"
        return
    for error in validator.iter_errors(dict(sent.body)):
        yield f"{sent}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@cache
def _validator(kind: str, api_version: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], version)))
    try:
        schema = published.schema_contents(f"{_FOLDER}-local-strict/{name}.json", VERSION)
    except FileNotFoundError:
        return None
    registry = Resource.from_contents(schema) @ _definitions()
    return jsonschema.Draft202012Validator(schema, registry=registry)


@cache
def _definitions() -> Any:
    contents = published.schema_contents(f"{_FOLDER}-local-strict/_definitions.json", VERSION)
    return Resource.from_contents(contents) @ Registry()
