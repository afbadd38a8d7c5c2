"""EKS clusters in a recording: the control plane, which pulumi-eks's plugin registers, and where objects on it are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Resource, references

CLUSTER = "eks:index:Cluster"
_KUBERNETES_PROVIDER = "pulumi:providers:kubernetes"

_WANTED: dict[str, Any] = {
    "skipDefaultNodeGroup": True,
    "skipDefaultSecurityGroups": True,
    "createOidcProvider": False,
    "useDefaultVpcCni": True,
    "authenticationMode": "API",
}
"""Inputs with which pulumi-eks creates nothing but the control plane (pulumi-eks 4.4, read 2026-11-21)."""


def control_plane(name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Logical name and inputs of the `aws.eks.Cluster` that pulumi-eks 4.4 declares for these inputs.

    Args:
        name: the logical name of the pulumi-eks cluster.
        inputs: its inputs.

    Raises:
        ValueError: with these inputs pulumi-eks creates more than a control plane.
    """
    wrong = [f"{key}: {wanted!r}" for key, wanted in _WANTED.items() if inputs.get(key) != wanted]
    if inputs.get("kubeProxyAddonOptions", {}).get("enabled") is not False:
        wrong.append("kubeProxyAddonOptions: {'enabled': False}")
    if "serviceRole" not in inputs:
        wrong.append("serviceRole: a role")
    if wrong:
        raise ValueError(f"{CLUSTER} {name!r} can be recorded with these inputs only: {', '.join(wrong)}")
    logical = f"{name}-eksCluster"
    vpc = {
        "subnetIds": inputs.get("subnetIds")
        or [*inputs.get("publicSubnetIds", []), *inputs.get("privateSubnetIds", [])],
        "endpointPrivateAccess": inputs.get("endpointPrivateAccess"),
        "endpointPublicAccess": inputs.get("endpointPublicAccess"),
        "publicAccessCidrs": inputs.get("publicAccessCidrs"),
    }
    made = {
        "name": inputs.get("name"),
        # The role arrives as a reference to the resource; what pulumi-eks passes on is its ARN.
        "roleArn": inputs["serviceRole"].replace(".id@@", ".arn@@"),
        "vpcConfig": {key: value for key, value in vpc.items() if value is not None},
        "version": inputs.get("version"),
        "enabledClusterLogTypes": inputs.get("enabledClusterLogTypes"),
        "bootstrapSelfManagedAddons": inputs.get("bootstrapSelfManagedAddons", True),
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
        "encryptionConfig": _encryption(inputs.get("encryptionConfigKeyArn")),
        "deletionProtection": inputs.get("deletionProtection"),
        "upgradePolicy": inputs.get("upgradePolicy"),
        "kubernetesNetworkConfig": _network(inputs),
        "tags": {"Name": logical} | inputs.get("clusterTags", {}) | inputs.get("tags", {}),
    }
    return logical, {key: value for key, value in made.items() if value is not None}


def placed(resources: Sequence[Resource]) -> list[Resource]:
    """The resources, in their order, each Kubernetes object with the Region of its cluster.

    The cluster is the one whose properties the object's provider is made of: its kubeconfig, its `clusterIdentifier`.
    A provider that is made of none, or of clusters in several Regions, gives its objects no Region.
    """
    by_key = {each.key: each for each in resources}
    regions = {each.urn: _region(each, by_key) for each in resources if each.type == _KUBERNETES_PROVIDER}
    return [replace(each, region=regions.get(each.provider)) if each.is_kubernetes else each for each in resources]


def _region(provider: Resource, by_key: Mapping[str, Resource]) -> str | None:
    referred = (by_key.get(key) for key in references(provider.inputs))
    regions = {each.region for each in referred if each and each.type == aws.EKS_CLUSTER}
    return regions.pop() if len(regions) == 1 else None


IGNORED = ("accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons")
"""What pulumi-eks puts into `ignoreChanges` of the control plane."""


def _encryption(key_arn: str | None) -> dict[str, Any] | None:
    return {"provider": {"keyArn": key_arn}, "resources": ["secrets"]} if key_arn else None


def _network(inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    block, family = inputs.get("kubernetesServiceIpAddressRange"), inputs.get("ipFamily")
    if not block and not family:
        return None
    return {"ipFamily": family or "ipv4"} | ({"serviceIpv4Cidr": block} if block else {})
