"""Keys and indexes of DynamoDB tables."""

from collections.abc import Iterable, Iterator, Mapping

from haven.base.problems import Problem, shown
from haven_components import limits
from infra.config.part_models import Table, TableIndex, TableKey
from infra.config.rules.validators import Rules

RULES = Rules()


@RULES.on("tables")
def _tables(tables: Mapping[str, Table]) -> Iterable[Problem]:
    for name, table in tables.items():
        what = f"haven:tables.{name}"
        yield from _ranges(what, table)
        yield from _types(what, table)
        yield from _indexes(what, table)


def _ranges(what: str, table: Table) -> Iterator[Problem]:
    for path, each in _keyed(what, table):
        if each.range_key is not None and each.range_key.name == each.hash_key.name:
            allowed = "another attribute than the hashKey, by which items are found already"
            fix = "delete rangeKey, or write the attribute that items are ordered by"
            yield Problem(f"{path}.rangeKey.name", shown(each.range_key.name), allowed, fix)


def _types(what: str, table: Table) -> Iterator[Problem]:
    first: dict[str, tuple[str, str]] = {}
    for path, key in _keys(what, table):
        type_, before = first.setdefault(key.name, (str(key.type), path))
        if type_ != str(key.type):
            allowed = f"{shown(type_)}, as {key.name} has in {before}: an attribute has one type"
            yield Problem(f"{path}.type", shown(str(key.type)), allowed, f"write type: {type_} in both, or rename one")


def _indexes(what: str, table: Table) -> Iterator[Problem]:
    names = [each.name for each in table.indexes]
    for index, name in enumerate(names):
        if name in names[:index]:
            allowed = f"a name that no other index of the table has: {what}.indexes[{names.index(name)}] has it"
            yield Problem(f"{what}.indexes[{index}].name", shown(name), allowed, f"rename it, for example to {name}-2")
    included = sum(len(each.included or ()) for each in table.indexes)
    if included > limits.TABLE_INDEX_ATTRIBUTES_IN_ALL:
        yield Problem(
            f"{what}.indexes",
            f"{included} attributes in included",
            f"at most {limits.TABLE_INDEX_ATTRIBUTES_IN_ALL} in all indexes of a table together",
            "delete included where an index may hold every attribute",
        )


def _keyed(what: str, table: Table) -> Iterator[tuple[str, Table | TableIndex]]:
    yield what, table
    for index, each in enumerate(table.indexes):
        yield f"{what}.indexes[{index}]", each


def _keys(what: str, table: Table) -> Iterator[tuple[str, TableKey]]:
    for path, each in _keyed(what, table):
        yield f"{path}.hashKey", each.hash_key
        if each.range_key is not None:
            yield f"{path}.rangeKey", each.range_key
