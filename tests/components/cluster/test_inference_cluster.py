import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program import aws_types
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.choices import CapacityMarket, ClusterAccessPolicy
from haven_components.cluster._cluster_addons import SECRETS_STORE
from haven_components.cluster._node_group_args import GpuNodeGroupArgs, SystemNodesArgs, node_group_names
from haven_components.cluster.inference_cluster import InferenceCluster, InferenceClusterArgs
from tests.environments import ROOT

REGION = "eu-west-1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
SUBNETS = ["subnet-a", "subnet-b", "subnet-c"]
ADDONS = {
    "aws-ebs-csi-driver": "v1.50.1-eksbuild.1",
    "coredns": "v1.12.4-eksbuild.1",
    "eks-node-monitoring-agent": "v1.4.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
    "kube-proxy": "v1.33.3-eksbuild.6",
    "metrics-server": "v0.8.0-eksbuild.2",
    "vpc-cni": "v1.20.2-eksbuild.1",
}
SYSTEM = {"instance_types": ["m6i.large", "m5.large"], "min_size": 2, "desired_size": 2, "max_size": 4, "disk_gib": 80}
GPU: dict[str, Any] = {
    "name": "inference",
    "instance_types": ["g6e.2xlarge", "g6.2xlarge"],
    "min_size": 1,
    "desired_size": 2,
    "max_size": 8,
    "disk_gib": 300,
}
RESERVATION: dict[str, Any] = {
    "id": "cr-0123456789abcdef0",
    "zone": "eu-west-1b",
    "instance_type": "p5.48xlarge",
}
RESERVED = {**GPU, "name": "reserved-b", "instance_types": ["p5.48xlarge"], "capacity_reservation": RESERVATION}


def _declare(name: str = "ai-euw1", **changes: Any) -> Recording:
    defaults = {
        "region": REGION,
        "account_id": "123456789012",
        "kubernetes_version": "1.33",
        "vpc_id": "vpc-1",
        "subnet_ids": SUBNETS,
        "zones": ZONES,
        "kms_key_arn": KEY,
        "addons": ADDONS,
        "system_nodes": SYSTEM,
        "gpu_node_groups": [GPU, RESERVED],
    }

    def program() -> None:
        provider = aws.Provider("aws", region=REGION, skip_requesting_account_id=True)
        args = cast("InferenceClusterArgs", defaults | changes)
        cluster = InferenceCluster(name, args, pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("name", cluster.cluster_name)
        pulumi.export("security group", cluster.cluster_security_group_id)
        pulumi.export("node groups", cluster.node_group_names)

    return record(program, stack="test")


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.resources if each.type.endswith(f":{kind}")}


def _control_plane(recording: Recording) -> Resource:
    (found,) = (each for each in recording.resources if each.type == aws_types.EKS_CLUSTER)
    return found


def _after(recording: Recording, record_: Resource) -> set[str]:
    """The names of every resource that another one depends on, directly or not."""
    reached: set[str] = set()
    waiting = list(record_.options.dependencies)
    while waiting:
        urn = waiting.pop()
        if urn not in reached:
            reached.add(urn)
            waiting.extend(recording.by_urn[urn].options.dependencies)
    return {f"{recording.by_urn[urn].type.rpartition(':')[2]} {recording.by_urn[urn].name}" for urn in reached}


def test_the_cluster_carries_the_components_name_and_all_its_guards() -> None:
    plane = _control_plane(_declare())
    assert plane.inputs["name"] == "ai-euw1"
    assert plane.inputs["version"] == "1.33"
    assert plane.inputs["deletionProtection"] is True
    assert plane.inputs["zonalShiftConfig"] == {"enabled": True}
    assert plane.inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert plane.inputs["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}
    assert plane.inputs["accessConfig"]["authenticationMode"] == "API"
    assert plane.inputs["bootstrapSelfManagedAddons"] is False
    assert plane.inputs["enabledClusterLogTypes"] == ["api", "audit", "authenticator"]
    assert plane.options.protect
    assert plane.options.retain_on_delete


def test_a_throw_away_cluster_can_be_deleted() -> None:
    recording = _declare(ephemeral=True)
    plane = _control_plane(recording)
    assert plane.inputs["deletionProtection"] is False
    assert not any(each.options.protect or each.options.retain_on_delete for each in recording.real())


def test_the_api_is_private_unless_networks_are_listed() -> None:
    private = _control_plane(_declare()).inputs["vpcConfig"]
    assert private == {"subnetIds": SUBNETS, "endpointPrivateAccess": True, "endpointPublicAccess": False}
    public = _control_plane(_declare(public_access_cidrs=["203.0.113.0/24"])).inputs["vpcConfig"]
    assert public == {**private, "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}


def test_pulumi_eks_never_hears_of_a_public_endpoint_for_it_would_wait_for_a_lost_region() -> None:
    component = _all(_declare(public_access_cidrs=["203.0.113.0/24"]), "Cluster")["ai-euw1-cluster"]
    assert component.type == "eks:index:Cluster"
    assert component.inputs["endpointPublicAccess"] is False


def test_pulumi_eks_has_a_provider_of_its_own_and_its_cluster_the_components_one() -> None:
    recording = _declare()
    component = _all(recording, "Cluster")["ai-euw1-cluster"]
    assert recording.by_urn[component.provider].type == "pulumi:providers:eks"
    assert _control_plane(recording).region == REGION


def test_the_logs_of_the_control_plane_have_their_key_and_retention_before_eks_writes_any() -> None:
    recording = _declare(log_retention_days=30)
    (group,) = _all(recording, "LogGroup").values()
    wanted = {"name": "/aws/eks/ai-euw1/cluster", "retentionInDays": 30, "kmsKeyId": KEY}
    assert wanted.items() <= group.inputs.items()
    assert "LogGroup ai-euw1-logs" in _after(recording, _control_plane(recording))


def test_there_is_no_oidc_provider_and_roles_go_to_pods_through_pod_identity() -> None:
    recording = _declare()
    assert not [each for each in recording.resources if "OpenIdConnect" in each.type]
    accounts = {each.inputs["serviceAccount"] for each in _all(recording, "PodIdentityAssociation").values()}
    assert accounts == {"aws-node", "ebs-csi-controller-sa"}
    for suffix in ("cni", "ebs-csi"):
        role = _all(recording, "Role")[f"ai-euw1-{suffix}"]
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert trust["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":cluster/ai-euw1")


def test_every_addon_is_pinned() -> None:
    addons = _all(_declare(), "Addon").values()
    assert {each.inputs["addonName"]: each.inputs["addonVersion"] for each in addons} == ADDONS


def test_what_nodes_need_stands_before_them_and_what_needs_nodes_comes_after_the_system_nodes() -> None:
    recording = _declare()
    addons, groups = _all(recording, "Addon"), _all(recording, "NodeGroup")
    first = {f"Addon ai-euw1-{each}" for each in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")}
    for group in groups.values():
        assert first <= _after(recording, group)
        assert "RolePolicyAttachment ai-euw1-node-worker" in _after(recording, group)
    for addon in ("coredns", "metrics-server", "aws-ebs-csi-driver"):
        assert "NodeGroup ai-euw1-system" in _after(recording, addons[f"ai-euw1-{addon}"])
    for addon in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent", "eks-node-monitoring-agent"):
        assert not any("NodeGroup" in each for each in _after(recording, addons[f"ai-euw1-{addon}"]))


def test_an_addon_starts_after_its_pod_identity() -> None:
    recording = _declare()
    addons = _all(recording, "Addon")
    assert "PodIdentityAssociation ai-euw1-cni" in _after(recording, addons["ai-euw1-vpc-cni"])
    assert "PodIdentityAssociation ai-euw1-ebs-csi" in _after(recording, addons["ai-euw1-aws-ebs-csi-driver"])


def _settings(recording: Recording, addon: str) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(_all(recording, "Addon")[f"ai-euw1-{addon}"].inputs["configurationValues"])
    return given


def test_network_policies_are_enforced() -> None:
    # A text, as the add-on's schema wants it; no control plane in the tests can show that it is obeyed.
    assert _settings(_declare(), "vpc-cni") == {"enableNetworkPolicy": "true"}


def test_pods_on_gpu_nodes_mount_secrets_too() -> None:
    settings = _settings(_declare(addons={**ADDONS, SECRETS_STORE: "v3.1.4-eksbuild.1"}), SECRETS_STORE)
    assert [each["key"] for each in settings["tolerations"]] == ["nvidia.com/gpu"]
    assert settings["secrets-store-csi-driver"]["syncSecret"] == {"enabled": True}


def test_a_further_addon_starts_after_the_system_nodes() -> None:
    recording = _declare(addons={**ADDONS, "snapshot-controller": "v8.3.0-eksbuild.1"})
    addon = _all(recording, "Addon")["ai-euw1-snapshot-controller"]
    assert "NodeGroup ai-euw1-system" in _after(recording, addon)


def test_gpus_are_watched_on_tainted_nodes_too() -> None:
    agent = _all(_declare(), "Addon")["ai-euw1-eks-node-monitoring-agent"]
    (toleration,) = json.loads(agent.inputs["configurationValues"])["dcgmAgent"]["tolerations"]
    (taint,) = _all(_declare(), "NodeGroup")["ai-euw1-inference"].inputs["taints"]
    assert toleration["key"] == taint["key"]
    assert toleration["operator"] == "Exists"


def test_system_nodes_lie_in_every_zone_and_take_pods_without_gpus() -> None:
    group = _all(_declare(), "NodeGroup")["ai-euw1-system"].inputs
    assert group["amiType"] == "BOTTLEROCKET_x86_64"
    assert group["subnetIds"] == SUBNETS
    assert group["labels"] == {"haven.dev/pool": "system"}
    assert "taints" not in group
    assert group["instanceTypes"] == ["m6i.large", "m5.large"]


def test_on_demand_gpu_nodes_come_from_several_zones_and_types() -> None:
    recording = _declare(gpu_node_groups=[{**GPU, "labels": {"team": "search"}}])
    group = _all(recording, "NodeGroup")["ai-euw1-inference"].inputs
    assert group["amiType"] == "BOTTLEROCKET_x86_64_NVIDIA"
    assert group["capacityType"] == "ON_DEMAND"
    assert group["subnetIds"] == SUBNETS
    assert group["instanceTypes"] == ["g6e.2xlarge", "g6.2xlarge"]
    assert group["scalingConfig"] == {"minSize": 1, "desiredSize": 2, "maxSize": 8}
    assert group["labels"] == {"team": "search", "haven.dev/pool": "inference", "haven.dev/gpu": "true"}
    assert group["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    template = _all(recording, "LaunchTemplate")["ai-euw1-inference"].inputs
    assert not template.keys() & {"instanceType", "capacityReservationSpecification", "instanceMarketOptions"}


def test_a_gpu_group_can_keep_to_the_zones_that_have_its_types() -> None:
    recording = _declare(gpu_node_groups=[{**GPU, "zones": ["eu-west-1a", "eu-west-1c"]}])
    assert _all(recording, "NodeGroup")["ai-euw1-inference"].inputs["subnetIds"] == ["subnet-a", "subnet-c"]


def test_every_node_has_encrypted_volumes_and_guards_its_credentials() -> None:
    recording = _declare()
    sizes = {"ai-euw1-system": 80, "ai-euw1-inference": 300, "ai-euw1-reserved-b": 300}
    for name, template in _all(recording, "LaunchTemplate").items():
        metadata = {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}
        assert template.inputs["metadataOptions"] == metadata
        volumes = {each["deviceName"]: each["ebs"] for each in template.inputs["blockDeviceMappings"]}
        assert volumes.keys() == {"/dev/xvda", "/dev/xvdb"}
        assert {(each["encrypted"], each["kmsKeyId"], each["volumeType"]) for each in volumes.values()} == {
            ("true", KEY, "gp3")
        }
        assert volumes["/dev/xvdb"]["volumeSize"] == sizes[name]


def test_every_group_follows_its_own_template_repairs_nodes_and_can_be_found_by_autoscalers() -> None:
    recording = _declare()
    for name, group in _all(recording, "NodeGroup").items():
        template = _all(recording, "LaunchTemplate")[name]
        assert group.inputs["launchTemplate"] == {
            "id": f"@@{template.key}.id@@",
            "version": f"@@{template.key}.latestVersion@@",
        }
        assert group.inputs["nodeRepairConfig"] == {"enabled": True}
        assert group.inputs["updateConfig"]["maxUnavailablePercentage"] == 33
        tags = {"k8s.io/cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/ai-euw1": "owned"}
        assert tags.items() <= group.inputs["tags"].items()


def test_a_takeover_may_enlarge_minimum_and_desired_size_together() -> None:
    assert not any(each.options.ignore_changes for each in _all(_declare(), "NodeGroup").values())


def _aws_names(**changes: Any) -> dict[str, str]:
    return {name: each.inputs["nodeGroupName"] for name, each in _all(_declare(**changes), "NodeGroup").items()}


@pytest.mark.parametrize(
    ("changes", "renamed"),
    [
        ({"zones": ZONES[:2], "subnet_ids": SUBNETS[:2]}, {"ai-euw1-system", "ai-euw1-inference"}),
        ({"system_nodes": {**SYSTEM, "instance_types": ["m7i.xlarge"]}}, {"ai-euw1-system"}),
        (
            {"gpu_node_groups": [{**GPU, "instance_types": ["g6.2xlarge", "g5.2xlarge"]}, RESERVED]},
            {"ai-euw1-inference"},
        ),
        ({"gpu_node_groups": [{**GPU, "zones": ZONES[1:]}, RESERVED]}, {"ai-euw1-inference"}),
        (
            {"gpu_node_groups": [GPU, {**RESERVED, "capacity_reservation": {**RESERVATION, "zone": ZONES[0]}}]},
            {"ai-euw1-reserved-b"},
        ),
        (
            {
                "gpu_node_groups": [
                    GPU,
                    {**RESERVED, "capacity_reservation": {**RESERVATION, "market": CapacityMarket.CAPACITY_BLOCK}},
                ]
            },
            {"ai-euw1-reserved-b"},
        ),
        ({"gpu_node_groups": [{**GPU, "min_size": 2, "disk_gib": 500, "labels": {"a": "b"}}, RESERVED]}, set()),
        ({"kubernetes_version": "1.34"}, set()),
    ],
)
def test_what_replaces_a_node_group_gives_it_another_name_and_nothing_else_does(
    changes: dict[str, Any], renamed: set[str]
) -> None:
    before, after = _aws_names(), _aws_names(**changes)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == renamed


def test_a_node_group_that_is_replaced_goes_after_its_successor_stands() -> None:
    assert not any(each.options.delete_before_replace for each in _all(_declare(), "NodeGroup").values())


def test_the_nodes_role_may_join_and_pull_and_nothing_else() -> None:
    recording = _declare()
    policies = {
        each.inputs["policyArn"].rpartition("/")[2]
        for each in _all(recording, "RolePolicyAttachment").values()
        if each.inputs["role"] == "ai-euw1-node"
    }
    assert policies == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_a_further_group_touches_no_other_one() -> None:
    more = [GPU, {**GPU, "name": "training"}, RESERVED]
    before, after = (
        {each.urn: each.inputs for each in it.real()} for it in (_declare(), _declare(gpu_node_groups=more))
    )
    assert before.items() <= after.items()
    added = {urn.rpartition(":")[2] for urn in after.keys() - before.keys()}
    assert added == {"ai-euw1-training"}


def test_a_change_of_sizes_changes_only_the_groups_scaling() -> None:
    bigger = {**GPU, "min_size": 3, "desired_size": 4}
    before = {each.urn: dict(each.inputs) for each in _declare().real()}
    after = {each.urn: dict(each.inputs) for each in _declare(gpu_node_groups=[bigger, RESERVED]).real()}
    (changed,) = [urn for urn in after if after[urn] != before[urn]]
    differing = {key for key in after[changed] if after[changed][key] != before[changed][key]}
    assert differing == {"scalingConfig"}


def test_those_who_are_named_get_access_and_no_more_than_they_are_given() -> None:
    recording = _declare(
        access_entries=[
            {"principal_arn": "arn:aws:iam::123456789012:role/eng", "policy": ClusterAccessPolicy.CLUSTER_ADMIN},
            {
                "principal_arn": "arn:aws:iam::123456789012:role/team/search",
                "policy": "AmazonEKSViewPolicy",
                "namespaces": ["search"],
            },
        ]
    )
    entries = _all(recording, "AccessEntry")
    assert entries.keys() == {"ai-euw1-access-eng", "ai-euw1-access-search"}
    given = _all(recording, "AccessPolicyAssociation")
    admin, viewer = given["ai-euw1-access-eng"].inputs, given["ai-euw1-access-search"].inputs
    assert admin["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert admin["accessScope"] == {"type": "cluster"}
    assert viewer["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    assert viewer["accessScope"] == {"type": "namespace", "namespaces": ["search"]}


def test_the_names_for_a_runbook_are_the_names_of_the_groups() -> None:
    recording = _declare()
    names = {each.inputs["nodeGroupName"] for each in _all(recording, "NodeGroup").values()}
    args = (cast("SystemNodesArgs", SYSTEM), cast("list[GpuNodeGroupArgs]", [GPU, RESERVED]))
    assert set(node_group_names("ai-euw1", ZONES, *args)) == names
    assert all(each.startswith("ai-euw1-") for each in names)
    assert set(recording.outputs["node groups"]) == names
    assert recording.outputs["name"] == "ai-euw1"
    assert recording.outputs["security group"].endswith("vpcConfig.clusterSecurityGroupId@@")


def test_every_child_is_named_and_parented_alike_and_has_the_components_provider() -> None:
    recording = _declare()
    for each in recording.real():
        assert each.name.startswith("ai-euw1-")
        assert each.region == REGION
        assert each.component_name == "ai-euw1"


def test_the_example_declares_on_demand_and_reserved_gpu_nodes() -> None:
    recording = record(ROOT / "examples/inference_cluster", stack="test")
    groups = [each.rpartition("-")[0] for each in recording.outputs["node groups"]]
    assert groups == [f"example-gpu-euw1-{each}" for each in ("system", "inference", "reserved-a")]
