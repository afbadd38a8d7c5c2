"""The parameters of Systems Manager that have the recovery manifest, in either Region."""

import json
from contextlib import suppress
from typing import Any

from haven.base import strict_json


def parameter(environment: str) -> str:
    """Name of the parameter of Systems Manager that has the manifest, the same in both Regions."""
    return f"/haven/{environment}/manifest"


def stored(ssm: Any, name: str) -> str:
    """The manifest as one Region has it, whole: of a large one each side has a parameter, which the first one names.

    A side whose parameter is missing stays its name, which `manifest.parse` refuses.

    Raises:
        ClientError: AWS refuses an answer, or the first parameter is missing.
    """
    text = value(ssm, name)
    try:
        document = strict_json.parse(text)
        sides = dict(document["sides"])
    except (ValueError, KeyError, TypeError):
        return text
    named = {region: each for region, each in sides.items() if str(each).startswith(f"{name}/")}
    for region, each in named.items():
        with suppress(ssm.exceptions.ParameterNotFound, ValueError):
            sides[region] = strict_json.parse(value(ssm, each))
    return json.dumps({**document, "sides": sides}, sort_keys=True, separators=(",", ":")) if named else text


def value(ssm: Any, name: str) -> str:
    """The value of a parameter of Systems Manager."""
    return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
