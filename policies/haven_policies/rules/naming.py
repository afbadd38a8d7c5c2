"""Tags with the purpose of a resource, and names that clash with no other."""

import re
from collections.abc import Iterator, Mapping, Sequence

from haven.base.problems import shown
from haven.program.recording import Resource
from haven_policies.rules.aws_names import NAMES, AwsName, Unique
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tagged import TAGGED
from haven_policies.rules.values import is_unknown, plain

ENVIRONMENT = "haven:environment"
TAGS: Mapping[str, str] = {
    "owner": "add it to haven:tags: who answers for the resource",
    "cost-center": "add it to haven:tags: who pays for it",
    ENVIRONMENT: "set it to the stack's name",
    "haven:system": "set it to the system that needs the resource, or to shared",
    "haven:data-class": "set it to the class of the data in haven:residency, or to unclassified",
}
"""Tag that every resource carries -> what to do where it is missing."""


@stack_rule(
    description="Every resource that takes tags names its owner, cost center, environment, system and data class.",
    remediation="Set owner and cost-center in haven:tags; Haven sets the others, unless a resource empties them.",
    page="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    severity=Severity.LOW,
)
def resources_tagged(graph: ResourceGraph) -> Iterator[Finding]:
    """What no resource carries is reported once, for the environment."""
    tags = [(each, graph.tags(each)) for each in graph.of(*TAGGED)]
    nowhere = [name for name in TAGS if tags and not any(_given(found.get(name)) for _, found in tags)]
    if nowhere:
        yield _untagged(None, nowhere, "nothing on any resource")
    for record, found in tags:
        missing = [name for name in TAGS if name not in nowhere and not _given(found.get(name))]
        if missing:
            yield _untagged(record, missing, "nothing")
        if _given(found.get(ENVIRONMENT)) and found[ENVIRONMENT] != graph.facts.stack:
            yield Finding(
                record, f"tags.{ENVIRONMENT}", shown(found[ENVIRONMENT]), shown(graph.facts.stack), TAGS[ENVIRONMENT]
            )


def _untagged(record: Resource | None, missing: Sequence[str], got: str) -> Finding:
    """All tags that one resource lacks, in one finding: they are set in one place."""
    if len(missing) == 1:
        return Finding(record, f"tags.{missing[0]}", got, "a value that is not empty", TAGS[missing[0]])
    fix = "; ".join(f"{name}: {TAGS[name]}" for name in missing)
    return Finding(record, "tags", f"{got} for {', '.join(missing)}", "values that are not empty", fix)


def _given(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


@stack_rule(
    description="Names that an account or a Region has once carry the environment's name.",
    remediation="Make the name with the stack's name, so that two environments of one account can't clash.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    severity=Severity.MEDIUM,
)
def names_carry_environment(graph: ResourceGraph) -> Iterator[Finding]:
    """Names that are unique within another resource alone, and names of domains, are free."""
    stack = graph.facts.stack
    word = re.compile(rf"(^|[^a-z0-9]){re.escape(stack)}([^a-z0-9]|$)", re.IGNORECASE)
    for record, kind, name in _named(graph):
        if kind.unique is Unique.NOWHERE or kind.within not in _OF_THE_ACCOUNT:
            continue
        if not word.search(name.replace("_", "-")):
            allowed = f"a name with {shown(stack)} in it"
            yield Finding(record, kind.property, shown(name), allowed, f"put {stack} into the name")


@stack_rule(
    description="Names have the length and the characters that AWS takes.",
    remediation="Shorten the name, or take the characters out that AWS refuses.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    severity=Severity.MEDIUM,
)
def names_fit_aws(graph: ResourceGraph) -> Iterator[Finding]:
    """A name that AWS refuses stops a deployment halfway."""
    for record, kind, name in _named(graph):
        if kind.shortest <= len(name) <= kind.longest and re.fullmatch(kind.pattern, name):
            continue
        allowed = f"{kind.shortest} to {kind.longest} characters of {kind.pattern} ({kind.source})"
        yield Finding(record, kind.property, f"{shown(name)}, {len(name)} characters", allowed, "choose such a name")


_OF_THE_ACCOUNT: Sequence[tuple[str, ...]] = ((), ("scope",))
"""Names that are not within another resource."""


def _named(graph: ResourceGraph) -> Iterator[tuple[Resource, AwsName, str]]:
    """The resources with a name that is known before the deployment."""
    for record in graph.of(*NAMES):
        kind = NAMES[record.type]
        name = plain(record.inputs.get(kind.property))
        if isinstance(name, str) and not is_unknown(name):
            yield record, kind, name
