"""What identifies a cluster's API."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cluster:
    """How one cluster's API is reached."""

    name: str
    url: str
    certificate: str
    """Of the authority that signs its certificate, base64 of PEM."""

    def __str__(self) -> str:
        return f"{self.name} at {self.url}"
