"""From the text of a config value to a checked model, with every fault in the project's own words."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from haven.base.problems import Problem, choices, nearest, shown
from haven.base.regions import REGION

_PATTERNS = {
    REGION: "the name of a Region, such as eu-west-1",
    r"^cr-[0-9a-f]{8,17}$": "the id of a capacity reservation, such as cr-0123456789abcdef0",
    r"^1\.\d{2}$": "a Kubernetes version, such as 1.33",
    r"^\d{2}\.\d{1,2}$": "a version of Aurora PostgreSQL, such as 16.11",
    r"^db\.[a-z0-9-]+\.[a-z0-9]+$": "an instance class of Aurora, such as db.r6g.large",
    r"^cache\.[a-z0-9]+\.[a-z0-9]+$": "a node type of ElastiCache, such as cache.r7g.large",
    r"^(on-demand|capacity-block)$": "on-demand or capacity-block",
    r"^(valkey|redis)$": "valkey or redis",
    r"^\d\.\d$": "a version of the cache's engine, such as 8.0",
    r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$": "1 to 20 small letters, digits and hyphens, a letter first, no hyphen last",
    r"^[a-z][a-z0-9_]{0,62}$": "1 to 63 small letters, digits and underscores, a letter first",
    r"^[a-z][a-z0-9-]*$": "small letters, digits and hyphens, a letter first",
    r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$": "the ARN of an IAM role",
    r"^arn:aws[a-z-]*:rds:": "the ARN of a cluster snapshot",
    r"^\d{12}$": "12 digits, in quotes: YAML reads a leading zero as another number",
    r"^Z[A-Z0-9]{1,31}$": "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$": "a domain name, such as ai.example.com",
    r"^/[^\s]*$": "a path, such as /readyz",
    r"^(environment|account)$": "environment or account",
    r"^arn:aws[a-z-]*:s3:::[a-z0-9.-]+$": "the ARN of a bucket",
    r"^https://[^\s]+$": "an HTTPS address",
    r"^(mission-critical|critical|important|core-services|non-critical)$": (
        "mission-critical, critical, important, core-services or non-critical"
    ),
    r"^[SNB]$": "S (text), N (number) or B (bytes)",
    r"^[A-Za-z0-9_.-]{3,255}$": "3 to 255 letters, digits, hyphens, dots and underscores",
    r"^(eventual|strong)$": "eventual or strong",
    r"^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$": "letters, digits, dots, hyphens and underscores, with slashes between",
    r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$": "the name of a repository, such as serving/llm",
    r"^(rate\(\d+ (hours?|days?)\)|cron\([^()]+\))$": "a schedule, such as rate(30 days)",
    r"^arn:aws[a-z-]*:lambda:": "the ARN of a Lambda function",
    r"^arn:aws[a-z-]*:backup:": "the ARN of a backup vault",
    r"^arn:aws[a-z-]*:acm:": "the ARN of a certificate",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "an e-mail address",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "words of small letters and digits with hyphens between",
    r"^[a-z]+(\.[a-z]([a-z0-9-]*[a-z0-9])?)?$": "a store such as database, tables or tables.features",
    r"^\d{4}-\d{2}-\d{2}$": 'a date such as "2027-01-31", in quotes',
    r"^https?://[^\s/]+/?$": "the URL of an endpoint, such as http://127.0.0.1:4566",
}
"""What each pattern of the config asks for, in words; a test holds that none is missing."""

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
    "model_type": "a map",
}


def read_value(key: str, text: str, adapter: TypeAdapter[Any], *, structured: bool) -> tuple[Any, list[Problem]]:
    """The checked value of a config key, or None and what is wrong with it."""
    if structured:
        try:
            value = json.loads(text)
        except ValueError:
            return None, [Problem(key, shown(text), "a map or a list", "write it as a block of YAML below the key")]
    else:
        value = _scalar(text)
    try:
        return adapter.validate_python(value), []
    except ValidationError as error:
        known = _Known(adapter.json_schema(by_alias=True))
        return None, [_problem(key, each, known) for each in error.errors(include_url=False)]


_Model = TypeVar("_Model", bound=BaseModel)


def read_model(config: Mapping[str, str], key: str, default: _Model) -> tuple[_Model, list[Problem]]:
    """What a whole config says under one key, or the default where it says nothing, and what is wrong with it."""
    text = config.get(key)
    if not text:
        return default, []
    found, problems = read_value(key, text, TypeAdapter(type(default)), structured=True)
    return found or default, problems


def _scalar(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


class _Known:
    """Which keys are known at a place inside a value, from the value's own JSON schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def at(self, path: Iterable[str | int]) -> list[str]:
        """The keys allowed at `path`."""
        place = self._resolved(self._schema)
        for step in path:
            inner = place.get("items") if isinstance(step, int) else place.get("properties", {}).get(step)
            place = self._resolved(inner or place.get("additionalProperties") or {})
        return sorted(place.get("properties", {}))

    def _resolved(self, place: Any) -> dict[str, Any]:
        if not isinstance(place, Mapping):
            return {}
        for option in place.get("anyOf", ()):
            if option.get("type") != "null":
                return self._resolved(option)
        if "$ref" in place:
            return self._resolved(self._schema["$defs"][place["$ref"].rpartition("/")[2]])
        return dict(place)


def _problem(key: str, error: ErrorDetails, known: _Known) -> Problem:
    what = key + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in _steps(error))
    if error["type"] == "missing":
        return Problem(what, "nothing", "a value: it has no default", f"add {_steps(error)[-1]}")
    if error["type"] == "extra_forbidden":
        return unknown_key(what, str(error["loc"][-1]), known.at(error["loc"][:-1]))
    return Problem(what, shown(error["input"]), _allowed(error), "write such a value")


def _steps(error: ErrorDetails) -> list[str | int]:
    return [step for step in error["loc"] if step not in ("[key]", "constrained-str")]


def unknown_key(what: str, key: str, known: Iterable[str]) -> Problem:
    """The problem of a key that nobody reads, with the nearest one that somebody does."""
    near = nearest(key, known)
    return Problem(what, shown(key), choices(sorted(known)), f"write {near}" if near else "take the key out")


_BOUNDS = {
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "less than {lt:g}",
    "too_short": "at least {min_length} of them",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} of them",
    "enum": "{expected}",
    "value_error": "{error}",
}


def _allowed(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context)
    return _TYPES.get(kind, error["msg"])
