"""Names, ports and paths of what serves a model."""

from haven_components.names import SERVING_PROBE_PORT

PRIORITY = 100_000
"""Of the pods where none is given."""
ENGINE_PORT = 8001
"""The engine listens there, on 127.0.0.1 alone."""
PROBE_PORT = SERVING_PROBE_PORT
"""The front answers probes there, and has the metrics of both."""

PROGRAMS = "/opt/haven/front"
GOLDEN = "/etc/haven/golden"
GOLDEN_FILE = "golden.json"
ANSWERS_FILE = "answers.json"
WEIGHTS = "/models"

TARGET_LABEL = "haven.dev/target"
"""Which of the two target groups a pod belongs to: `live` or `canary`."""
VERSION_LABEL = "haven.dev/model-version"


def object_name(version: str) -> str:
    """A version's name as Kubernetes allows it in names of objects."""
    return version.lower().replace("_", "-")


def golden_name(name: str, version: str) -> str:
    """ConfigMap with a version's golden prompts."""
    return f"{name}-golden-{object_name(version)}"


def front_name(name: str) -> str:
    """ConfigMap with the program beside each engine."""
    return f"{name}-front"


def volume_name(namespace: str, name: str, version: str) -> str:
    """Volume with a version's weights; a cluster has each name once."""
    return f"{namespace}-{name}-{object_name(version)}"


def check_name(name: str) -> str:
    """CronJob that asks the golden prompts."""
    return f"{name}-check"


def fallback_golden_name(name: str) -> str:
    """ConfigMap with the golden prompts of the fallback's model."""
    return f"{name}-fallback-golden"


def answers_name(name: str) -> str:
    """ConfigMap with the cached answers."""
    return f"{name}-answers"


def servers_name(name: str) -> str:
    """Service of the servers alone, without the fallback."""
    return f"{name}-servers"


def priority_class_name(namespace: str, name: str, priority: int) -> str:
    """PriorityClass of the pods; a cluster has each name once. None can be edited, and a preview of an edit fails on a
    cluster before Pulumi replaces it (pulumi-kubernetes 4.25, tried 2026-11-26): another priority has another name."""
    return f"{namespace}-{name}" if priority == PRIORITY else f"{namespace}-{name}-{priority}"
