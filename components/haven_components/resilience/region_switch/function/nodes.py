"""Node groups at full scale. That the nodes come isn't waited for: the step that starts pods waits for these."""

from collections.abc import Callable, Mapping
from typing import Any

_BUSY = ("ResourceInUseException", "InvalidRequestException")
"""Another update of the group is under way, or one of its cluster: "invalid given the state of the cluster" (EKS API,
UpdateNodegroupConfig; read 2026-11-27)."""


def scale(settings: Mapping[str, Any], client: Callable[[str, str], Any]) -> str:
    """Done when every group has been asked for its full scale; none is made smaller."""
    eks = client("eks", settings["region"])
    waiting = []
    for name, sizes in settings["groups"].items():
        group = {"clusterName": settings["cluster"], "nodegroupName": name}
        now = eks.describe_nodegroup(**group)["nodegroup"]["scalingConfig"]
        wanted = {each: max(int(now[each]), int(size)) for each, size in sizes.items()}
        if wanted == {each: int(now[each]) for each in sizes}:
            continue
        try:
            eks.update_nodegroup_config(**group, scalingConfig=wanted)
        except eks.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY:
                raise
            waiting.append(name)
    return f"another update of {', '.join(waiting)}, or of {settings['cluster']}" if waiting else ""
