"""Container images of other projects that the platform runs: where they come from, in which version, by which digest.

Each is copied into a repository of a `ReplicatedRegistry` and pulled in the own Region (docs/charts-and-images.md); a
digest is the same in both. An image without a digest here has none that a public source names: look it up in its
registry (`crane digest`), check it, and name it in the configuration.
"""

from collections.abc import Mapping
from typing import NamedTuple


class UpstreamImage(NamedTuple):
    """One image at one version."""

    path: str
    """Registry and repository."""
    tag: str
    """The version's tag; a tag may mean another image tomorrow."""
    digest: str
    """`sha256:` and 64 hexadecimal digits; empty: to be named in the configuration."""
    platforms: str
    """What the digest is of: `all` for an index of every platform, or the one platform of a manifest."""
    source: str
    """Where version and digest were read."""
    read: str
    """When."""


ALL = "all"

IMAGES: Mapping[str, UpstreamImage] = {
    "vllm": UpstreamImage(
        "docker.io/vllm/vllm-openai",
        "v0.24.0",
        "sha256:251eba5cc7c12fed0b75da22a9240e582b1c9e39f6fbc064f86781b963bd814f",
        ALL,
        "the same digest beside this tag in eight public repositories, of which two call it the index's",
        "2026-11-26",
    ),
    "adot-collector": UpstreamImage(
        "public.ecr.aws/aws-observability/aws-otel-collector",
        "v0.48.0",
        "sha256:9b28046359054b414f4ba76056ba4e8cffda2d53fbcee06171d7eeecd71326c3",
        ALL,
        "the same digest beside this tag in two public repositories, in one as checked in Public ECR on 2026-07-18",
        "2026-11-26",
    ),
    "dcgm-exporter": UpstreamImage(
        "nvcr.io/nvidia/k8s/dcgm-exporter",
        "4.5.3-4.8.2-distroless",
        "sha256:e9030b4fca0c8f110032f3b151b030e7e9db56604b407cf79631e1a3218b35e0",
        ALL,
        "tag and digest together in one public repository; [assumption] it is the index's, and DCGM 4.5 connects "
        "to the host engine of eks-node-monitoring-agent 1.6.4",
        "2026-11-26",
    ),
    "aws-load-balancer-controller": UpstreamImage(
        "public.ecr.aws/eks/aws-load-balancer-controller",
        "v3.5.0",
        "sha256:c2ebdeae779c796e3d071d7a0d3a4ebdbb31e4e8d53e3e5372ee0ab0c4f3f08f",
        "linux/amd64",
        "one public repository, which runs it copied under this digest; the tag: values.yaml of chart 3.5.0",
        "2026-11-26",
    ),
    "keda": UpstreamImage(
        "ghcr.io/kedacore/keda",
        "2.21.0",
        "",
        ALL,
        "the tag: a public repository's list of what it scans; no public source has the digest",
        "2026-11-26",
    ),
    "keda-metrics-apiserver": UpstreamImage(
        "ghcr.io/kedacore/keda-metrics-apiserver",
        "2.21.0",
        "",
        ALL,
        "the tag: a public repository's list of what it scans; no public source has the digest",
        "2026-11-26",
    ),
    "keda-admission-webhooks": UpstreamImage(
        "ghcr.io/kedacore/keda-admission-webhooks",
        "2.21.0",
        "",
        ALL,
        "the tag: a public repository's list of what it scans; no public source has the digest",
        "2026-11-26",
    ),
    "kueue": UpstreamImage(
        "registry.k8s.io/kueue/kueue",
        "v0.17.8",
        "sha256:cecba825d0b0feab9bed2835efe2eb8d825512f1616c8762ab80c53f2ea6afe6",
        ALL,
        "the same digest beside this tag in two public repositories; [assumption] it is the index's",
        "2026-11-26",
    ),
    "mlflow": UpstreamImage(
        "ghcr.io/mlflow/mlflow",
        "v3.17.0-full",
        "",
        ALL,
        "the tag: a public Dockerfile that builds on it; no public source has the digest",
        "2026-11-26",
    ),
    "prefect": UpstreamImage(
        "docker.io/prefecthq/prefect",
        "3.9-python3.12",
        "",
        ALL,
        "[assumption] the tag follows the form of earlier versions (3.8.5-python3.11); no public source has it",
        "2026-11-26",
    ),
}
"""Name of the image, which is also that of its repository in a `ReplicatedRegistry` -> the image."""


def upstream_reference(name: str) -> str:
    """What is copied: by digest where there is one.

    Args:
        name: a name of `IMAGES`.
    """
    image = IMAGES[name]
    return f"{image.path}@{image.digest}" if image.digest else f"{image.path}:{image.tag}"
