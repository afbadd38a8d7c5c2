"""CustomResourceDefinitions of what others' controllers serve: from their Go modules, or kept in `crds/`.

`python -m tests.kubernetes.definitions FOLDER` writes those of the modules into a folder. It needs Go and a proxy of Go
modules.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Source:
    """A Go module that contains definitions."""

    module: str
    version: str
    place: str
    """The file in it, or the folder."""
    groups: Sequence[str]
    """API groups that are taken from it."""


SOURCES: tuple[Source, ...] = (
    Source(
        "istio.io/api",
        "v1.32.0",
        "kubernetes/customresourcedefinitions.gen.yaml",
        ("networking.istio.io", "security.istio.io", "telemetry.istio.io"),
    ),
    Source("sigs.k8s.io/kueue", "v0.17.0", "config/components/crd/bases", ("kueue.x-k8s.io",)),
    Source("sigs.k8s.io/gateway-api", "v1.5.0", "config/crd/standard", ("gateway.networking.k8s.io",)),
    Source("github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases", ("keda.sh", "eventing.keda.sh")),
    Source(
        "github.com/aws/karpenter-provider-aws",
        "v1.14.0",  # 1.15 wants a newer Go than 1.26.8
        "pkg/apis/crds",
        ("karpenter.sh", "karpenter.k8s.aws"),
    ),
)
KEPT = ("elbv2.k8s.aws", "secrets-store.csi.x-k8s.io")
"""API groups whose definitions are in `crds/`: no Go module has them."""
GROUPS = frozenset((*KEPT, *(group for each in SOURCES for group in each.groups)))
"""API groups of which a recording may have custom resources."""
FOLDER = Path(__file__).with_name("crds")


def definitions(*folders: Path) -> Mapping[str, Mapping[str, Any]]:
    """The definitions in `crds/` and in these folders, by name."""
    files = (each for folder in (FOLDER, *folders) for each in sorted(folder.glob("*.yaml")))
    return {each["metadata"]["name"]: each for file in files for each in _in(file)}


def _in(file: Path) -> Iterator[Mapping[str, Any]]:
    documents = yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return (each for each in documents if each and each.get("kind") == "CustomResourceDefinition")


def write(folder: Path) -> None:
    """Write the definitions of all modules, one file each.

    Raises:
        CalledProcessError: a module can't be downloaded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        command = ["go", "mod", "download", "-json", f"{source.module}@{source.version}"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        place = Path(json.loads(done.stdout)["Dir"]) / source.place
        for file in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
            for each in _in(file):
                if each["spec"]["group"] in source.groups:
                    (folder / f"{each['metadata']['name']}.yaml").write_text(yaml.dump(each, Dumper=yaml.CSafeDumper))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
