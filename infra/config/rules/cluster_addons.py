"""The EKS add-ons that may be pinned, and those that the systems of a stack can't do without."""

from collections.abc import Iterable, Iterator

from haven.base.problems import Problem, choices, nearest, shown
from haven_components.choices import ModelLoader
from infra.config import addons, models
from infra.config.rules.systems import REGISTRY, SERVING, WORKFLOWS, Systems, running
from infra.config.rules.validators import Rules

RULES = Rules()


@RULES.on("cluster")
def _known(cluster: models.Cluster) -> Iterable[Problem]:
    for name in sorted(cluster.addons.keys() - set(addons.KNOWN)):
        near = nearest(name, addons.KNOWN)
        yield Problem(
            f"haven:cluster.addons.{name}",
            shown(name),
            choices(addons.KNOWN),
            f"write {near}" if near else f"delete {name}",
        )


@RULES.on("cluster", "systems", "emulator")
def _needed(cluster: models.Cluster, systems: Systems, emulator: str | None) -> Iterable[Problem]:
    """Without the kinds of an add-on `up` fails, and pods wait for its volumes."""
    if emulator is not None:
        return
    mounting = [name for kind in (REGISTRY, WORKFLOWS) for name in running(systems, kind)]
    yield from _pinned(cluster, addons.SECRETS_STORE, mounting, "their pods mount secrets through it")
    reading = [
        name
        for name, system in running(systems, SERVING).items()
        if system.model is not None and system.model.loader == ModelLoader.MOUNTPOINT
    ]
    yield from _pinned(cluster, addons.MOUNTPOINT, reading, "loader: mountpoint reads weights through it")


def _pinned(cluster: models.Cluster, addon: str, wanted_by: list[str], why: str) -> Iterator[Problem]:
    if wanted_by and addon not in addons.pinned(cluster.version, cluster.addons):
        yield Problem(
            f"haven:cluster.addons.{addon}",
            "nothing",
            f"a version for Kubernetes {cluster.version}, of which Haven ships none: {', '.join(wanted_by)}: {why}",
            f"add {addon}: VERSION, the newest of `aws eks describe-addon-versions --kubernetes-version"
            f" {cluster.version} --addon-name {addon}`",
        )
