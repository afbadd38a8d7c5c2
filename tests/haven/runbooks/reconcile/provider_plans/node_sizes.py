"""Node groups that the AWS provider has created in the emulator; a runbook and the provider can change their sizes.

`UpdateNodegroupConfig` is an unknown action there: the gateway answers for it, and puts the sizes into what the
emulator describes, so that a refresh reads what the runbook has left.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.gateway import Answer, Call, Gateway
from tests.haven.runbooks.failover.of_each_tier.node_groups import NodeGroups


class DeployedNodeGroups(NodeGroups):
    """The node groups of both Regions, each as the emulator describes it but for its size."""

    def __init__(self, document: Mapping[str, Any], lost: str, emulator: str) -> None:
        super().__init__(document, lost)
        self._emulator = emulator

    def answer_in(self, gateway: Gateway) -> None:
        """Answer in the emulator's place; the provider asks for the end of what it has changed, too."""
        super().answer_in(gateway)
        for path in self.paths.values():
            gateway.answers["eks", f"GET {path.partition('/node-groups/')[0]}/updates/u"] = self._updated

    def described(self, call: Call) -> Answer:
        """What the emulator answers, with the size."""
        assert call.request is not None
        status, body, _ = call.request.send(self._emulator)
        found = json.loads(body)
        if status == 200:
            name = found["nodegroup"]["nodegroupName"]
            found["nodegroup"] |= {"scalingConfig": self.sizes[name], "resources": self.resources(name)}
        return status, "application/json", json.dumps(found)

    def _updated(self, _: Call) -> Answer:
        return 200, "application/json", json.dumps({"update": {"id": "u", "status": "Successful"}})
