"""The manifest of a checkpoint: which parts it has, and how each is recognised.

It is written last, so an interrupted save leaves parts without a manifest. It may still *arrive* first in the other
Region: S3 replication keeps no order. So parts are compared with it whenever they are read.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

FORMAT = 1
MOST_STEPS = 10**12
_ID = re.compile(r"\d{12}-[0-9a-f]{16}")
_PART_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class CheckpointError(Exception):
    """Something can't be saved or read; the message names it and the fix."""


@dataclass(frozen=True)
class Part:
    """One object of a checkpoint."""

    name: str
    """Its name within the checkpoint: letters, digits, dots, underscores, hyphens."""
    size: int
    """Its size, bytes."""
    sha256: str
    """Its SHA-256, 64 hexadecimal digits."""


@dataclass(frozen=True)
class Manifest:
    """What one checkpoint consists of."""

    id: str
    """`<step, twelve digits>-<attempt, sixteen hexadecimal digits>`. No two attempts share a key, so nothing is ever
    overwritten, also when both Regions train for a while."""
    step: int
    """How far the training had come."""
    parts: Sequence[Part]
    """In the order in which they were added."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Whatever the job wants to remember, such as the version of its data."""


def checkpoint_id(step: int, attempt: str) -> str:
    """The id of one attempt to save a step; ids sort by step."""
    if not 0 <= step < MOST_STEPS:
        raise CheckpointError(f"step: got {step}; allowed: 0 to {MOST_STEPS - 1}; fix: count steps from 0")
    return f"{step:012d}-{attempt}"


def is_id(text: str) -> bool:
    """Whether a key's part is the id of a checkpoint."""
    return _ID.fullmatch(text) is not None


def require_part_name(name: str) -> None:
    """Raise unless a part can have this name, which becomes a key and a file."""
    if _PART_NAME.fullmatch(name) is None:
        raise CheckpointError(
            f"part: got {name!r}; allowed: 1 to 128 letters, digits, dots, underscores and hyphens, the first no dot; "
            "fix: name the part without folders"
        )


def encode(manifest: Manifest) -> bytes:
    """The manifest as an object, with a hash of its own content."""
    body = {"format": FORMAT, **asdict(manifest), "parts": [asdict(each) for each in manifest.parts]}
    return json.dumps(body | {"sha256": _digest(body)}, sort_keys=True, indent=1).encode()


def decode(data: bytes, expected_id: str) -> Manifest:
    """Read a manifest.

    Args:
        data: the object.
        expected_id: the id that its key has.

    Raises:
        ValueError: it is cut off, altered, of another checkpoint, or of a format that this version doesn't know.
    """
    body = json.loads(data)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ValueError(f"the manifest isn't of format {FORMAT}")
    if body.pop("sha256", None) != _digest(body):
        raise ValueError("the manifest differs from its own hash")
    if body["id"] != expected_id:
        raise ValueError(f"the manifest is that of {body['id']}")
    parts = [Part(each["name"], each["size"], each["sha256"]) for each in body["parts"]]
    return Manifest(body["id"], body["step"], parts, body["metadata"])


def _digest(body: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
