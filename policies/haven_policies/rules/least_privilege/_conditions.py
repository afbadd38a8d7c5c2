"""What a condition of a policy lets through: judged by its operator and its values.

Conditions of a statement have to hold all, values of a key one (IAM User Guide, "Condition operators" and "Multivalued
context keys"; read 2026-11-26).
"""

import re
from collections.abc import Callable, Mapping

from haven_policies.rules.documents import Statement
from haven_policies.rules.values import is_unknown

_OPERATOR = re.compile(r"(?:(?P<set>forallvalues|foranyvalue):)?(?P<name>[a-z]+?)(?P<lenient>ifexists)?")
_EXACT = ("stringequals", "stringequalsignorecase", "binaryequals")
_PATTERNS = ("stringlike", "arnlike", "arnequals")
_TURNED_ROUND: Mapping[str, str] = {
    "arnnotequals": "ArnEquals",
    "arnnotlike": "ArnLike",
    "notipaddress": "IpAddress",
    "stringnotequals": "StringEquals",
    "stringnotequalsignorecase": "StringEqualsIgnoreCase",
    "stringnotlike": "StringLike",
}
"""Operators that hold for everybody else, and without the key -> those that hold for whom they name."""
_VARIABLE = re.compile(r"\$\{[^}*?$]+\}")
_ESCAPED = re.compile(r"\$\{[*?$]\}")

Names = Callable[[str, str], bool]
"""Whether a value names somebody, and not everybody: given the condition's key in small letters, and the value as a
pattern whose `*` and `?` are wildcards."""


def demands(found: Statement, keys: re.Pattern[str], names: Names) -> bool:
    """Whether a condition on one of these keys, in small letters, refuses every request with another value."""
    return any(
        values
        and keys.fullmatch(key)
        and _refuses_others(found, operator, key)
        and all(is_unknown(one) or names(key, _pattern(operator, one)) for one in values)
        for operator, key, values in found.conditions
    )


def refuses(found: Statement, keys: re.Pattern[str], names: Names) -> bool:
    """Whether a denial is for everybody but those whom one of these keys names: its only condition, turned round."""
    if found.content.get("Effect") != "Deny" or len(found.conditions) != 1:
        return False
    operator, key, values = found.conditions[0]
    quantifier, name, _ = _parsed(operator)
    return bool(
        values
        and not quantifier
        and name in _TURNED_ROUND
        and keys.fullmatch(key)
        and all(is_unknown(one) or names(key, _pattern(_TURNED_ROUND[name], one)) for one in values)
    )


def demands_true(found: Statement, keys: re.Pattern[str]) -> bool:
    """Whether a request is refused unless one of these keys is true."""
    return any(
        keys.fullmatch(key) and _parsed(operator)[1] == "bool" and values == ["true"] and _present(found, operator, key)
        for operator, key, values in found.conditions
    )


def demands_presence(found: Statement, keys: re.Pattern[str]) -> bool:
    """Whether a request without one of these keys is refused."""
    return any(keys.fullmatch(key) and _is_present(operator, values) for operator, key, values in found.conditions)


def literal(pattern: str) -> str:
    """The text of a pattern before its first wildcard; all of it where it has none."""
    return re.split(r"[*?]", pattern, maxsplit=1)[0].replace(_STAR, "*").replace(_MARK, "?")


def is_exact(pattern: str) -> bool:
    """Whether a pattern has no wildcard."""
    return not re.search(r"[*?]", pattern)


_STAR, _MARK = "\ue000", "\ue001"
"""Stand for an asterisk and a question mark that are no wildcards, in the Private Use Area of Unicode."""


def _pattern(operator: str, value: str) -> str:
    """A value as a pattern: `StringEquals` has no wildcards, and of a policy variable any value may come."""
    if _parsed(operator)[1] in _EXACT:
        value = value.replace("*", _STAR).replace("?", _MARK)
    escaped = _ESCAPED.sub(lambda found: {"*": _STAR, "?": _MARK}.get(found[0][2], "$"), value)
    return _VARIABLE.sub("*", escaped)


def _parsed(operator: str) -> tuple[str, str, bool]:
    """The words before and in an operator, in small letters, and whether it ends in IfExists."""
    found = _OPERATOR.fullmatch(operator.lower())
    return ((found["set"] or ""), found["name"], bool(found["lenient"])) if found else ("", "", True)


def _refuses_others(found: Statement, operator: str, key: str) -> bool:
    """Whether an operator refuses other values than those that it is given, and requests without the key."""
    name = _parsed(operator)[1]
    return name in (*_EXACT, *_PATTERNS, "ipaddress") and _present(found, operator, key)


def _present(found: Statement, operator: str, key: str) -> bool:
    """Whether a request needs the key: `...IfExists` and `ForAllValues` hold without it, unless `Null` refuses that."""
    quantifier, _, lenient = _parsed(operator)
    if not lenient and quantifier != "forallvalues":
        return True
    return any(other == key and _is_present(each, values) for each, other, values in found.conditions)


def _is_present(operator: str, values: list[str]) -> bool:
    return operator.lower() == "null" and values == ["false"]
