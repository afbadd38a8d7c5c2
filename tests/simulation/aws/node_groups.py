"""EKS's node group of a Region, and the instances that it has after a while."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from haven.runbooks.workflow.requests import Answer, Call
from tests.simulation.regions import Region


class NodeGroups(ABC):
    """Answers for a simulated EKS and Auto Scaling, one node group in each Region."""

    _time: float

    @abstractmethod
    def at(self, when: float, event: Callable[[float], None]) -> None:
        """Let something happen at a time."""

    def _describe_nodegroup(self, call: Call, region: Region) -> Answer:
        least, wanted, most = region.nodes
        sizes = {"minSize": least, "desiredSize": wanted, "maxSize": most}
        return {"nodegroup": {"scalingConfig": sizes, "resources": {"autoScalingGroups": [{"name": "asg"}]}}}

    def _update_nodegroup_config(self, call: Call, region: Region) -> Answer:
        sizes = call.arguments["scalingConfig"]
        region.nodes = sizes["minSize"], sizes["desiredSize"], sizes["maxSize"]
        self.at(self._time + 60, lambda _: setattr(region, "running", region.nodes[1]))
        return {}

    def _describe_auto_scaling_groups(self, call: Call, region: Region) -> Answer:
        return {"AutoScalingGroups": [{"Instances": [{"LifecycleState": "InService"}] * region.running}]}
