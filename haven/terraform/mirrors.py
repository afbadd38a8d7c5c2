"""Finds provider mirrors on this machine, for use without a network."""

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

CHOSEN = "HAVEN_TERRAFORM_PLUGINS"
"""Environment variable with a directory to search before all others."""

_ADD_ON_SOFTWARE = Path("/opt")
"""The Filesystem Hierarchy Standard's folder for add-on software; a mirror may be any directory in it."""


def holding(source: str, version: str, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The mirrors that contain this version of a provider for this platform, unpacked or as a zip.

    Args:
        source: the provider's full address: host, namespace and name.
        version: the exact version.
        environment: environment variables with data directories and mirrors.
    """
    return [each for each in _candidates(environment) if _holds(each / source, version)]


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """The directories to search: Terraform's implied mirrors (CLI configuration, read 2026-11-21) and others."""
    for name in (CHOSEN, "TF_PLUGIN_CACHE_DIR"):
        if environment.get(name):
            yield Path(environment[name])
    home = Path(environment.get("HOME") or Path.home())
    data = [environment.get("XDG_DATA_HOME") or str(home / ".local/share")]
    data += (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield home / ".terraform.d/plugins"
    yield from (Path(each) / "terraform/plugins" for each in data if each)
    if _ADD_ON_SOFTWARE.is_dir():
        yield from sorted(_ADD_ON_SOFTWARE.iterdir())


def _holds(provider: Path, version: str) -> bool:
    name, target = provider.name, _target()
    unpacked = provider / version / target
    packed = provider / f"terraform-provider-{name}_{version}_{target}.zip"
    return unpacked.is_dir() or packed.is_file()


def _target() -> str:
    machine = platform.machine().lower()
    words = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{platform.system().lower()}_{words.get(machine, machine)}"
