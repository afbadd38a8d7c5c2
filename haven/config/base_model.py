"""What every part of the config is made of."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A part of the config: frozen, strict about types, and without unknown keys.

    The docstring under a field is its description in the config reference and in the JSON Schema.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        strict=True,
        use_attribute_docstrings=True,
        regex_engine="python-re",
    )


@dataclass(frozen=True)
class Form:
    """What a pattern asks for."""

    words: str
    example: str
    others: tuple[str, ...] = ()


FORMS: dict[str, Form] = {}
"""Pattern -> what it asks for; filled where the config's types are defined."""


def form(
    pattern: str | re.Pattern[str], words: str, example: str, *, others: tuple[str, ...] = (), **limits: Any
) -> Any:
    """The field of a text that matches a pattern as a whole.

    Args:
        pattern: what it matches.
        words: the same for people, such as `the ARN of an IAM role`.
        example: a value that matches.
        others: more of them, of which rules between keys think otherwise (`stand_ins.py`).
        limits: further arguments of pydantic's `Field`.
    """
    whole = pattern if isinstance(pattern, str) else f"^(?:{pattern.pattern})$"
    FORMS[whole] = Form(words, example, others)
    return Field(pattern=whole, examples=[example], **limits)


def refusal(allowed: str, fix: str) -> PydanticCustomError:
    """The error that a validator of the config raises.

    Args:
        allowed: what would be accepted.
        fix: what to write instead.
    """
    return PydanticCustomError("refused", "{allowed}", {"allowed": allowed, "fix": fix})


Name = Annotated[
    str,
    form(
        r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$",
        "1 to 20 lower-case letters, digits and hyphens, the first a letter, the last no hyphen",
        "serving",
    ),
]
"""What a part of an environment is called in its stack file."""
