"""Where a controller's chart is, and how a values file names an image by digest."""

import hashlib
import re
from pathlib import Path

from haven_components.names import registry_host
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads.controllers._controller_args import ControllerChartArgs

OCI = "oci://"
DIGEST = r"sha256:[0-9a-f]{64}"
VERSION = r"\d+\.\d+\.\d+"


def chart_reference(chart: ControllerChartArgs) -> str:
    """What Helm loads. With a digest in the reference it refuses another chart under the version (Helm 3.20,
    pkg/registry, ValidateReference; read 2026-11-26)."""
    location = chart["location"]
    return f"{location}@{chart['digest']}" if location.startswith(OCI) else location


def by_digest(image: str) -> tuple[str, str]:
    """Repository and tag, for charts that join the two with a colon: the image itself, by digest, comes out."""
    repository, _, hexadecimal = image.rpartition(":")
    return repository, hexadecimal


def check_chart(checks: Checks, path: str, chart: ControllerChartArgs, *, account_id: str, region: str) -> None:
    """A pinned chart of the own Region's registry, or a package whose content is the one that was pinned."""
    _checks.require_match(
        checks,
        f"{path}.version",
        chart["version"],
        VERSION,
        allowed="a version in full, such as 3.5.0",
        fix="pin one version: a range would be another chart tomorrow",
    )
    _checks.require_match(
        checks,
        f"{path}.digest",
        chart["digest"],
        DIGEST,
        allowed="sha256: and 64 hexadecimal digits",
        fix="give what helm push printed, or sha256sum of the package",
    )
    location = chart["location"]
    if "://" in location or not location.endswith(".tgz"):
        host = registry_host(account_id, region)
        checks.require(
            re.fullmatch(rf"{OCI}{re.escape(host)}/[a-z0-9][a-z0-9._/-]*", location) is not None,
            f"{path}.location",
            got=location,
            allowed=f"{OCI}{host}/REPOSITORY, or the path of a .tgz",
            fix="copy the chart into a repository of ReplicatedRegistry (docs/charts-and-images.md)",
        )
        return
    _check_package(checks, path, chart)


def _check_package(checks: Checks, path: str, chart: ControllerChartArgs) -> None:
    """Helm checks no digest of a package, so it is checked here."""
    package = Path(chart["location"])
    there = package.is_file()
    checks.require(
        there,
        f"{path}.location",
        got=chart["location"],
        allowed="the path of a packaged chart that exists",
        fix="package it (helm package), or give the path from the program's directory",
    )
    if there:
        actual = f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}"
        checks.require(
            chart["digest"] == actual,
            f"{path}.digest",
            got=chart["digest"],
            allowed=f"{actual}, the content of {chart['location']}",
            fix="find out who changed the package before you pin another digest",
        )
