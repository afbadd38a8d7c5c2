"""Pods start from images of their own Region."""

import re
from collections.abc import Iterator

from haven.config.policy import Level
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_list, value_at

_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_PODS = ("spec.template.spec", "spec.jobTemplate.spec.template.spec", "spec")
_PAGE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html"


@stack_rule(
    description="Pods pull their images from the registry of their own Region.",
    remediation="Name the repository of the cluster's Region.",
    page=_PAGE,
    severity=Severity.CRITICAL,
)
def images_of_own_region(graph: ResourceGraph) -> Iterator[Finding]:
    """Nothing starts from a registry that is gone, and nothing scales."""
    for record, path, image in _images(graph):
        own, found = record.region, _REGISTRY.match(image)
        if own is not None and found is not None and found[1] != own:
            yield against(record, path, f"an image of {own}, where the cluster is", "name the replica in that Region")


@stack_rule(
    description="Pods don't pull their images from registries on the internet.",
    remediation="Copy the image into a repository, or use a pull-through cache.",
    page="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def images_of_own_registry(graph: ResourceGraph) -> Iterator[Finding]:
    """A public registry limits those who pull, at the hour when all nodes are new."""
    for record, path, image in _images(graph):
        if "@@" not in image and _REGISTRY.match(image) is None:
            yield against(record, path, "an image of the account's own registry", "copy it into a ReplicatedRegistry")


def _images(graph: ResourceGraph) -> Iterator[tuple[Resource, str, str]]:
    for record in graph.of("kubernetes:"):
        for pods in _PODS:
            for kind in ("containers", "initContainers"):
                containers = value_at(record.inputs, f"{pods}.{kind}")
                for index in range(len(containers) if is_list(containers) else 0):
                    path = f"{pods}.{kind}[{index}].image"
                    image = value_at(record.inputs, path)
                    if isinstance(image, str):
                        yield record, path, image
