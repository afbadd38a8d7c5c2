"""Rules as rows of a table: a property, what is allowed, the fix, and the page that it follows from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from haven.config.policy import Level
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Rule, Severity, against
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_list, is_off, is_true, is_unknown, less, plain, value_at


def always(_record: Resource) -> bool:
    """Every resource of the types."""
    return True


@dataclass(frozen=True)
class Property:
    """What one property of some types has to be."""

    types: Sequence[str]
    path: str
    """camelCase, dots between levels; `replicas[].kmsKeyArn` is the key of each replica, `policyArns[]` each
    entry of a list."""
    is_allowed: Callable[[Any], bool]
    allowed: str
    """The same in words."""
    fix: str
    when: Callable[[Resource], bool] = always
    """Which resources of the types have to have it. Omitted: every one."""

    def findings(self, record: Resource) -> Iterator[Finding]:
        """A finding for each place of the property that holds something else."""
        if self.when(record):
            for path in paths(record, self.path):
                if not self.is_allowed(value_at(record.inputs, path)):
                    yield against(record, path, self.allowed, self.fix)


def property_rule(
    name: str,
    *properties: Property,
    description: str,
    remediation: str,
    page: str,
    severity: Severity,
    level: Level = Level.MANDATORY,
    spares_ephemeral: bool = False,
) -> Rule:
    """A rule about properties of single resources.

    Args:
        name: family and name of the rule, with a slash between.
        properties: what it demands.
        description: as in `Rule`, like the next four.
        remediation: how it is set right in general.
        page: the source.
        severity: how much harm a violation can do.
        level: as shipped.
        spares_ephemeral: whether throw-away environments may do without; the rule then needs the stack's facts.
    """
    family, _, short = name.partition("/")
    types = tuple(dict.fromkeys(type_ for each in properties for type_ in each.types))

    def of_resource(record: Resource) -> Iterator[Finding]:
        for each in properties:
            if record.type in each.types:
                yield from each.findings(record)

    def of_stack(graph: ResourceGraph) -> Iterable[Finding]:
        records = () if graph.facts.ephemeral else graph.of(*types)
        return (finding for record in records for finding in of_resource(record))

    if spares_ephemeral:
        return Rule(short, family, description, remediation, page, severity, level, (), of_stack)
    return Rule(short, family, description, remediation, page, severity, level, types, of_resource)


def paths(record: Resource, path: str) -> Iterator[str]:
    """The places of a property: one, or one for each member of the list that `[]` marks."""
    before, marked, after = path.partition("[]")
    if not marked:
        yield path
    else:
        yield from (f"{member}{after}" for member in each_of(record, before))


def each_of(record: Resource, path: str) -> Iterator[str]:
    """The paths of a list's members; the path itself for a single value, as old types have it."""
    value = value_at(record.inputs, path)
    if is_list(value):
        yield from (f"{path}[{index}]" for index in range(len(value)))
    elif value is not None:
        yield path


def where(path: str, *values: Any) -> Callable[[Resource], bool]:
    """Resources that have one of these values at a path."""
    return lambda record: value_at(record.inputs, path) in values


def is_on(value: Any) -> bool:
    """Whether a switch is on, or set by another resource."""
    return is_true(value) or is_unknown(value)


def is_not_on(value: Any) -> bool:
    """Whether a switch is off, omitted, or set by another resource."""
    return not is_true(value)


def is_not_false(value: Any) -> bool:
    """Whether a switch that is on by default stays on."""
    return value not in (False, "false")


def is_set(value: Any) -> bool:
    """Whether a property has a value."""
    return not is_off(value)


def one_of(*values: Any) -> Callable[[Any], bool]:
    """One of these values, or one that another resource sets."""
    return lambda value: value in values or is_unknown(value)


def at_least(least: float) -> Callable[[Any], bool]:
    """A number that is no smaller, or one that another resource sets; a property that is omitted is too small."""
    return lambda value: not less(value, least)


KEY = "the ARN of a customer managed key"
NAME_IT = "name the Region's key: only a key of your own can be shared, replicated and disabled"


def own_key(value: Any) -> bool:
    """Whether this names a customer managed key: an ARN, an id or an alias, known or not, but none of AWS's own."""
    value = plain(value)
    return isinstance(value, str) and value != "" and "alias/aws/" not in value


def switch(types: Sequence[str], path: str, fix: str, when: Callable[[Resource], bool] = always) -> Property:
    """A switch that has to be on."""
    return Property(types, path, is_on, "true", fix, when)


def key(types: Sequence[str], path: str, fix: str = NAME_IT, when: Callable[[Resource], bool] = always) -> Property:
    """A property that has to name a customer managed key."""
    return Property(types, path, own_key, KEY, fix, when)
