"""EKS's managed node groups, which the emulator can't resize: a model whose nodes are there at once.

Answers have the members that botocore's models of EKS and Auto Scaling name (2026-11-27).
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.gateway import Answer, Call, Gateway

_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


class NodeGroups:
    """The node groups of both Regions."""

    def __init__(self, document: Mapping[str, Any], lost: str) -> None:
        """Answer for what a manifest names: the Region that is about to be lost has full scale.

        Args:
            document: the recovery manifest.
            lost: that Region.
        """
        self.sizes: dict[str, dict[str, int]] = {}
        """Name of a group to its scaling config."""
        self.paths: dict[str, str] = {}
        """Name of a group to its path in EKS."""
        for region, side in document["sides"].items():
            for name, sizes in side["cluster"]["nodeGroups"].items():
                least, wanted, most = sizes["full" if region == lost else "standby"]
                self.sizes[name] = {"minSize": least, "desiredSize": wanted, "maxSize": most}
                self.paths[name] = f"/clusters/{side['cluster']['name']}/node-groups/{name}"

    def answer_in(self, gateway: Gateway) -> None:
        """Answer in the emulator's place."""
        for path in self.paths.values():
            gateway.answers["eks", f"GET {path}"] = self.described
            gateway.answers["eks", f"POST {path}/update-config"] = self._resized
        gateway.answers["autoscaling", "DescribeAutoScalingGroups"] = self._running

    def described(self, call: Call) -> Answer:
        """A group, by its path."""
        name = call.operation.rpartition("/")[2]
        own = {"nodegroupName": name, "scalingConfig": self.sizes[name], "resources": self.resources(name)}
        return 200, "application/json", json.dumps({"nodegroup": {**own, "status": "ACTIVE"}})

    @staticmethod
    def resources(name: str) -> Mapping[str, Any]:
        """The Auto Scaling group behind a node group has its name."""
        return {"autoScalingGroups": [{"name": name}]}

    def _resized(self, call: Call) -> Answer:
        self.sizes[call.operation.split("/")[-2]] = dict(call.arguments["scalingConfig"])
        return 200, "application/json", json.dumps({"update": {"id": "u", "status": "Successful"}})

    def _running(self, call: Call) -> Answer:
        found = ""
        for name in [each for key, each in call.arguments.items() if key.startswith("AutoScalingGroupNames.")]:
            node = "<member><LifecycleState>InService</LifecycleState></member>"
            nodes = node * self.sizes[name]["desiredSize"]
            found += (
                f"<member><AutoScalingGroupName>{name}</AutoScalingGroupName><Instances>{nodes}</Instances></member>"
            )
        result = f"<DescribeAutoScalingGroupsResult><AutoScalingGroups>{found}</AutoScalingGroups>"
        result = f"{result}</DescribeAutoScalingGroupsResult>"
        body = f'<DescribeAutoScalingGroupsResponse xmlns="{_NAMESPACE}">{result}</DescribeAutoScalingGroupsResponse>'
        return 200, "text/xml", body
