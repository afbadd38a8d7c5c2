"""Values that pulumi-random would make: made once for each deployment and kept, as Terraform variables."""

import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "generated.auto.tfvars.json"
"""Terraform reads it by itself; only its owner may."""

_TOKENS = ("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""What pulumi-random 4 takes when special characters are wanted and none are named."""


@dataclass(frozen=True)
class Recipe:
    """A text of random characters."""

    length: int
    alphabets: tuple[str, ...]
    """The kinds of characters; one of each is in the text."""

    def make(self) -> str:
        """A new text."""
        everything = "".join(self.alphabets)
        certain = [secrets.choice(alphabet) for alphabet in self.alphabets][: self.length]
        characters = certain + [secrets.choice(everything) for _ in range(self.length - len(certain))]
        secrets.SystemRandom().shuffle(characters)
        return "".join(characters)

    def made(self, text: object) -> bool:
        """Whether a kept text could have come from this recipe."""
        return isinstance(text, str) and len(text) == self.length and set(text) <= set("".join(self.alphabets))


def is_random(token: str) -> bool:
    """Whether resources of this type are values that can be made here."""
    return token in _TOKENS


def recipe(inputs: Mapping[str, Any]) -> Recipe:
    """The recipe for a RandomPassword or a RandomString."""
    kinds = {
        "lower": string.ascii_lowercase,
        "upper": string.ascii_uppercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial", _SPECIAL),
    }
    wanted = tuple(alphabet for kind, alphabet in kinds.items() if inputs.get(kind, True) and alphabet)
    return Recipe(int(inputs["length"]), wanted)


def keep(recipes: Mapping[str, Recipe], directory: Path) -> None:
    """Write a value for every variable into `directory`; what is there already and fits its recipe stays."""
    file = directory / FILE
    kept: Mapping[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    values = {
        name: kept[name] if wanted.made(kept.get(name)) else wanted.make() for name, wanted in sorted(recipes.items())
    }
    if values != kept:
        write_privately(file, json.dumps(values, indent=1))


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    fresh.replace(file)
