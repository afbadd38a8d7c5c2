"""Kinds of fields that several models share."""

from typing import Annotated, Any

from pydantic import Field

from haven.config.base_model import form
from haven_components import limits


def within(allowed: limits.Range, **more: Any) -> Any:
    """The field of a whole number in a range."""
    return Field(ge=allowed.least, le=allowed.most, **more)


Count = Annotated[int, Field(ge=0, le=1000)]
InstanceType = Annotated[
    str,
    form(
        r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$",
        "an EC2 instance type, such as g5.xlarge",
        "g5.xlarge",
        others=("p5.48xlarge", "m7g.medium"),
    ),
]
ZoneName = Annotated[str, Field(examples=["eu-west-1a"])]
