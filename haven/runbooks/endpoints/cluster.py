"""What identifies a cluster's API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Cluster:
    """How one cluster's API is reached."""

    name: str
    url: str
    certificate: str
    """Of the authority that signs its certificate, base64 of PEM."""

    @classmethod
    def of(cls, name: str, described: Mapping[str, Any]) -> Self:
        """As EKS describes it; one that is still being created has no endpoint yet."""
        authority = described.get("certificateAuthority") or {}
        return cls(name, described.get("endpoint") or "", authority.get("data") or "")

    def __str__(self) -> str:
        return f"{self.name} at {self.url}"
