"""Random values in place of pulumi-random's: generated once per deployment and kept, as Terraform variables."""

import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "generated.auto.tfvars.json"
"""Terraform loads this file automatically; only its owner may read it."""

_TOKENS = ("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""pulumi-random 4's default for `overrideSpecial`."""


@dataclass(frozen=True)
class Recipe:
    """How to generate a random text."""

    length: int
    alphabets: tuple[str, ...]
    """Sets of characters; the text has at least one of each."""

    def make(self) -> str:
        """Generate a text."""
        everything = "".join(self.alphabets)
        certain = [secrets.choice(alphabet) for alphabet in self.alphabets][: self.length]
        characters = certain + [secrets.choice(everything) for _ in range(self.length - len(certain))]
        secrets.SystemRandom().shuffle(characters)
        return "".join(characters)

    def fits(self, text: object) -> bool:
        """Whether a kept text matches this recipe."""
        return isinstance(text, str) and len(text) == self.length and set(text) <= set("".join(self.alphabets))


def is_random(token: str) -> bool:
    """Whether resources of this type are random values that can be generated here."""
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
    """Write a value for every variable into `directory`; existing values that fit their recipe stay."""
    file = directory / FILE
    kept: Mapping[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    values = {
        name: kept[name] if wanted.fits(kept.get(name)) else wanted.make() for name, wanted in sorted(recipes.items())
    }
    if values != kept:
        write_privately(file, json.dumps(values, indent=1))


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner may read, atomically."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    fresh.replace(file)
