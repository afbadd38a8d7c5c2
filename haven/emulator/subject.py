"""What a description of a deployed resource is about."""

from typing import NamedTuple

GLOBAL = "global"
"""The Region of subjects that exist once, in no Region: Route 53's records, global databases."""

REPLICATED_SECRET = "replicated secret"  # noqa: S105  a kind of resource
"""Kind of a secret's replica in another Region."""


class Subject(NamedTuple):
    """One resource, or one aspect of it, that can be described from the program and from the services alike."""

    region: str
    kind: str
    """For example `bucket`."""
    name: str
    """Its name in AWS."""
