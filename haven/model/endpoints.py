"""The interface endpoints of a network: what asks for each AWS service, and whether a standby needs it to start.

An endpoint costs 0.011 USD an hour and zone in eu-west-1 (AWS price list of 2025-11-04). All thirteen in three zones
are 313 USD a month of 730 hours, three NAT gateways 105 (0.048 USD an hour, price list of 2025-10-28); the four of a
start in one zone are 32.
"""

from dataclasses import dataclass

_PRIVATE_CLUSTERS = "EKS User Guide, private clusters, read 2026-11-21"
_POD_IDENTITY = "EKS User Guide, how pod identity works, read 2026-11-21"
_OWN = "Haven's own choice"


@dataclass(frozen=True)
class EndpointService:
    """An AWS service that a cluster without a way to the internet asks for."""

    name: str
    """As in the name of its endpoint: `com.amazonaws.<region>.<name>`."""
    to_start: bool
    """Whether nodes can't join, or their pods can't start, without it."""
    reason: str
    """What asks for it."""
    source: str


SERVICES = (
    EndpointService("ec2", True, "the VPC CNI attaches network interfaces, the EBS driver volumes", _PRIVATE_CLUSTERS),
    EndpointService("ecr.api", True, "kubelet gets its token for the registry", _PRIVATE_CLUSTERS),
    EndpointService("ecr.dkr", True, "containerd pulls images; layers come through the S3 gateway", _PRIVATE_CLUSTERS),
    EndpointService("eks-auth", True, "the pod identity agent exchanges tokens for credentials", _POD_IDENTITY),
    EndpointService("autoscaling", False, "an autoscaler resizes groups that serve", _PRIVATE_CLUSTERS),
    EndpointService("eks", False, "an autoscaler reads labels and taints of empty groups", _PRIVATE_CLUSTERS),
    EndpointService("elasticloadbalancing", False, "targets are registered while requests come in", _PRIVATE_CLUSTERS),
    EndpointService("kms", False, "applications decrypt in their own name", _OWN),
    EndpointService("logs", False, "agents send logs; they keep what can't be sent", _PRIVATE_CLUSTERS),
    EndpointService("secretsmanager", False, "applications read passwords and tokens", _OWN),
    EndpointService("sqs", False, "applications take requests from queues", _OWN),
    EndpointService("ssm", False, "applications read parameters, the endpoints document among them", _OWN),
    EndpointService("sts", False, "roles that aren't taken through pod identity", _PRIVATE_CLUSTERS),
)
"""In the order: what a start needs, then what serving needs."""

TO_START = tuple(each.name for each in SERVICES if each.to_start)
"""Those without which no node joins and no pod starts."""
