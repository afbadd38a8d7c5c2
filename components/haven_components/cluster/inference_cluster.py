"""The Kubernetes cluster that serves models in one Region: EKS, its node groups, its add-ons, who may use it."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.choices import DEFAULT_CONTROL_PLANE_LOGS, ClusterAccessPolicy, KubernetesUpgradePolicy
from haven_components.cluster import _cluster_checks
from haven_components.cluster._cluster_addons import ClusterAddons
from haven_components.cluster._node_group_args import GpuNodeGroupArgs, SystemNodesArgs, node_group_names
from haven_components.cluster._node_groups import NodeGroups
from haven_components.cluster._target_registration import register_targets
from haven_components.names import node_role_name, partition
from haven_components.shared import checks as _checks
from haven_components.shared import sdk
from haven_components.shared.security_groups import allow_into, cidr_label
from haven_components.shared.support import Checks, assume_role_policy, stateful

with sdk.without_deprecations():
    import pulumi_eks

MOST_NAME_CHARACTERS = 56
"""IAM role names have at most 64 characters (IAM quotas, read 2026-11-21); the longest suffix takes eight of them."""

_EKS_CLUSTER = "aws:eks/cluster:Cluster"


class ClusterAccessEntryArgs(TypedDict):
    principal_arn: str
    """ARN of the IAM role or user. Not the one that creates the cluster: EKS makes that one an administrator."""
    policy: NotRequired[ClusterAccessPolicy]
    """What it may do, by one of EKS's own policies. Omitted: what its `groups` may."""
    groups: NotRequired[list[str]]
    """Kubernetes groups that it belongs to, such as those of a `ClusterAccess`. Omitted: none."""
    namespaces: NotRequired[list[str]]
    """Where it may do what `policy` lets it. Omitted: in the whole cluster."""


class InferenceClusterArgs(TypedDict):
    region: str
    """The Region that the component's AWS provider works in, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    kubernetes_version: str
    """The minor version of Kubernetes, such as `1.36`, of control plane and nodes."""
    upgrade_policy: NotRequired[KubernetesUpgradePolicy]
    """What EKS does when the version's standard support ends. AWS's own default is `EXTENDED`, at six times the price
    an hour (EKS API Reference, UpgradePolicyRequest; price list; read 2026-11-26). Omitted: `STANDARD`."""
    vpc_id: pulumi.Input[str]
    """Id of the network."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of the private subnets for control plane and nodes, one per zone, in the order of `zones`."""
    zones: list[str]
    """The two or three zones of the subnets. EKS can't change a node group's subnets: a third zone replaces the system
    group, and GPU groups that name no zones of their own."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key in this Region that encrypts Kubernetes secrets, the nodes' volumes and the cluster's logs. Its
    policy must let the account's IAM policies decide, `logs.<region>.amazonaws.com` use it, and the account's
    AWSServiceRoleForAutoScaling use it and create grants for AWS resources: without the last one no node starts
    (EC2 Auto Scaling guide, key policy for encrypted volumes, read 2026-11-21)."""
    addons: dict[str, str]
    """EKS add-on -> pinned version. aws-ebs-csi-driver, coredns, eks-node-monitoring-agent, eks-pod-identity-agent,
    kube-proxy, metrics-server and vpc-cni are installed in any case, without a version here at EKS's default for the
    Kubernetes version; further ones start after the system nodes."""
    system_nodes: SystemNodesArgs
    """The node group of the cluster's own services, over every zone."""
    gpu_node_groups: NotRequired[list[GpuNodeGroupArgs]]
    """The GPU node groups. Omitted: none."""
    public_access_cidrs: NotRequired[list[str]]
    """IPv4 blocks that reach the API from the internet. Omitted or empty: the endpoint is private only."""
    private_access_cidrs: NotRequired[list[str]]
    """IPv4 blocks that reach the private endpoint, such as a VPN's or a peered network's, with routes of your own into
    the VPC. Omitted or empty: nodes and pods alone."""
    service_cidr: NotRequired[str]
    """IPv4 block of Kubernetes services, /12 to /24 in a private range, in no network that the cluster talks to: other
    addresses in it can't be reached from pods. Another one replaces the cluster. Omitted: EKS chooses 10.100.0.0/16 or
    172.20.0.0/16, whatever the VPC is peered with (EKS API Reference, KubernetesNetworkConfigRequest; read
    2026-11-26)."""
    target_groups: NotRequired[list[str]]
    """Names of the target groups in this Region in which the AWS Load Balancer Controller may register pods. The
    controller itself is not installed. Omitted or empty: it gets no identity."""
    access_entries: NotRequired[list[ClusterAccessEntryArgs]]
    """Who else may use the cluster. Omitted: only the principal that created it."""
    log_types: NotRequired[list[str]]
    """Which logs the control plane writes, of api, audit, authenticator, controllerManager and scheduler. Omitted:
    api, audit and authenticator, which answer who did what. The other two explain scheduling and controllers, which
    events and metrics show as well; each log is paid for by volume (CloudWatch pricing, vended logs)."""
    log_retention_days: NotRequired[int]
    """How long control-plane logs are kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose cluster and logs may be deleted. Omitted: false."""


class InferenceCluster(pulumi.ComponentResource):
    """An EKS cluster with a node group for its own services and GPU node groups that survive a shortage.

    The component's name is the cluster's. pulumi-eks makes the control plane; it wants an `aws` command on PATH. Pods
    get their AWS credentials from the pod identity agent; there is no OIDC provider.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    cluster_security_group_id: pulumi.Output[str]
    """Id of the security group that control plane and nodes share."""
    node_role_arn: pulumi.Output[str]
    """ARN of the nodes' role."""
    kubeconfig: pulumi.Output[str]
    """How kubectl reaches the cluster, as JSON; it asks the `aws` command for a token."""
    node_group_names: pulumi.Output[list[str]]
    """Names of all node groups: the system group's, then the GPU groups'."""

    def __init__(self, name: str, args: InferenceClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:InferenceCluster", name, {}, opts)
        _validate(name, args)
        self._base = name
        self._args = args
        self._prefix = f"arn:{partition(args['region'])}"
        gpu_groups = args.get("gpu_node_groups", [])
        plane = self._control_plane()
        # What comes from the EKS cluster itself, and not from the component around it, waits for it.
        self.cluster_name = plane.eks_cluster.name
        self.cluster_arn = plane.eks_cluster.arn
        self.endpoint = plane.eks_cluster.endpoint
        self.cluster_security_group_id = plane.cluster_security_group_id
        self.kubeconfig = plane.kubeconfig_json
        self._access()
        self._connections()
        role, permissions = self._node_role()
        self.node_role_arn = role.arn
        addons = self._addons()
        nodes = self._node_groups([*permissions, *addons.before_nodes()])
        addons.after_nodes(nodes.system(args["system_nodes"]))
        for group in gpu_groups:
            nodes.gpu(group)
        self.node_group_names = pulumi.Output.from_input(
            node_group_names(name, args["zones"], args["system_nodes"], gpu_groups)
        )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "cluster_arn": self.cluster_arn,
                "endpoint": self.endpoint,
                "cluster_security_group_id": self.cluster_security_group_id,
                "node_role_arn": self.node_role_arn,
                "kubeconfig": self.kubeconfig,
                "node_group_names": self.node_group_names,
            }
        )

    def _here(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _control_plane(self) -> Any:
        args, name = self._args, self._base
        ephemeral = args.get("ephemeral", False)
        # EKS writes to the log group of this name, and makes one without retention and key where it finds none.
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{name}/cluster",
            retention_in_days=int(args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
            kms_key_id=args["kms_key_arn"],
            tags={"Name": f"{name}-logs"},
            opts=stateful(self, ephemeral=ephemeral),
        )
        role = aws.iam.Role(
            f"{name}-cluster",
            name=f"{name}-cluster",
            description=f"Control plane of cluster {name}",
            # EKS honours both conditions (EKS User Guide, confused deputy prevention, read 2026-11-21).
            assume_role_policy=assume_role_policy(
                "eks.amazonaws.com",
                actions=("sts:AssumeRole", "sts:TagSession"),
                account_id=args["account_id"],
                source_arn=f"{self._prefix}:eks:{args['region']}:{args['account_id']}:cluster/{name}",
            ),
            opts=self._here(),
        )
        permission = self._attach("cluster", role, "AmazonEKSClusterPolicy")
        return pulumi_eks.Cluster(
            f"{name}-cluster",
            name=name,
            version=args["kubernetes_version"],
            upgrade_policy={"support_type": self._upgrade_policy()},
            vpc_id=args["vpc_id"],
            subnet_ids=args["subnet_ids"],
            kubernetes_service_ip_address_range=args.get("service_cidr"),
            service_role=role,
            authentication_mode=pulumi_eks.AuthenticationMode.API,
            encryption_config_key_arn=args["kms_key_arn"],
            endpoint_private_access=True,
            endpoint_public_access=False,  # `_completed` opens it
            enabled_cluster_log_types=list(args.get("log_types", DEFAULT_CONTROL_PLANE_LOGS)),
            deletion_protection=not ephemeral,
            cluster_tags={"Name": name},
            create_oidc_provider=False,
            create_instance_role=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            # Add-ons are declared here, at their pinned versions. The first one means: pulumi-eks leaves the VPC's
            # network plugin alone (nodejs/eks/cluster/cluster.ts of pulumi-eks 4.4, read 2026-11-21).
            use_default_vpc_cni=True,
            kube_proxy_addon_options={"enabled": False},
            bootstrap_self_managed_addons=False,
            opts=pulumi.ResourceOptions.merge(
                stateful(self, ephemeral=ephemeral, depends_on=[log_group, permission]),
                # With default providers switched off the package needs a provider too; AWS's is the component's own.
                pulumi.ResourceOptions(
                    providers=[pulumi_eks.Provider(f"{name}-eks", opts=self._here())], transforms=[self._completed]
                ),
            ),
        )

    def _upgrade_policy(self) -> KubernetesUpgradePolicy:
        return KubernetesUpgradePolicy(self._args.get("upgrade_policy", KubernetesUpgradePolicy.STANDARD))

    def _completed(self, resource: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        """Add to the EKS cluster what pulumi-eks 4.4 has no argument for."""
        if resource.type_ != _EKS_CLUSTER:
            return None
        props: dict[str, Any] = {**resource.props, "zonalShiftConfig": {"enabled": True}}
        public = self._args.get("public_access_cidrs", [])
        if public:
            # Told of a public endpoint, pulumi-eks waits up to five minutes for its answer in every `up`, also when
            # nothing changes and the Region is gone: so it is left out.
            access = {"endpointPublicAccess": True, "publicAccessCidrs": public}
            props["vpcConfig"] = {**props.get("vpcConfig", {}), **access}
        return pulumi.ResourceTransformResult(props=props, opts=resource.opts)

    def _attach(self, suffix: str, role: aws.iam.Role, policy: str) -> aws.iam.RolePolicyAttachment:
        return aws.iam.RolePolicyAttachment(
            f"{self._base}-{suffix}",
            role=role.name,
            policy_arn=f"{self._prefix}:iam::aws:policy/{policy}",
            opts=self._here(),
        )

    def _access(self) -> None:
        """Who may use the API. Nodes need no entry: EKS makes it with their group (EKS User Guide, access entries,
        read 2026-11-21)."""
        for entry in self._args.get("access_entries", []):
            logical = f"{self._base}-access-{_cluster_checks.principal_name(entry['principal_arn'])}"
            access = aws.eks.AccessEntry(
                logical,
                cluster_name=self.cluster_name,
                principal_arn=entry["principal_arn"],
                type="STANDARD",
                kubernetes_groups=entry.get("groups"),
                tags={"Name": logical},
                opts=self._here(),
            )
            if "policy" not in entry:
                continue
            namespaces = entry.get("namespaces", [])
            scope = {"type": "namespace", "namespaces": namespaces} if namespaces else {"type": "cluster"}
            aws.eks.AccessPolicyAssociation(
                logical,
                cluster_name=self.cluster_name,
                principal_arn=access.principal_arn,
                policy_arn=f"{self._prefix}:eks::aws:cluster-access-policy/{entry['policy']}",
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(**scope),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
            )

    def _connections(self) -> None:
        """Who reaches the private API, and the identity of what connects pods with load balancers."""
        for cidr in self._args.get("private_access_cidrs", []):
            name = f"{self._base}-api-from-{cidr_label(cidr)}"
            api = self.cluster_security_group_id
            allow_into(name, api, whom="Kubernetes API", cidr_blocks=[cidr], port=443, options=self._here())
        if target_groups := self._args.get("target_groups", []):
            register_targets(
                self,
                self._base,
                self.cluster_name,
                region=self._args["region"],
                account_id=self._args["account_id"],
                target_groups=target_groups,
            )

    def _node_role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        logical = node_role_name(self._base)
        role = aws.iam.Role(
            logical,
            name=logical,
            description=f"Nodes of cluster {self._base}",
            assume_role_policy=assume_role_policy("ec2.amazonaws.com"),
            opts=self._here(),
        )
        # The network plugin's permissions are its own, through pod identity, and not every pod's on the node.
        return role, [
            self._attach("node-worker", role, "AmazonEKSWorkerNodePolicy"),
            self._attach("node-images", role, "AmazonEC2ContainerRegistryPullOnly"),
        ]

    def _addons(self) -> ClusterAddons:
        return ClusterAddons(
            self,
            self._base,
            self.cluster_name,
            region=self._args["region"],
            account_id=self._args["account_id"],
            versions=self._args["addons"],
            kms_key_arn=self._args["kms_key_arn"],
        )

    def _node_groups(self, after: Sequence[pulumi.Resource]) -> NodeGroups:
        subnets = pulumi.Output.from_input(self._args["subnet_ids"])
        return NodeGroups(
            self,
            self._base,
            self.cluster_name,
            version=self._args["kubernetes_version"],
            kms_key_arn=self._args["kms_key_arn"],
            role_arn=self.node_role_arn,
            subnets={zone: subnets[index] for index, zone in enumerate(self._args["zones"])},
            after=after,
        )


def _validate(name: str, args: InferenceClusterArgs) -> None:
    checks = Checks("InferenceCluster", name, InferenceClusterArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _cluster_checks.check_version(checks, args["kubernetes_version"]),
        lambda: _cluster_checks.check_upgrade_policy(checks, args.get("upgrade_policy")),
        lambda: _cluster_checks.check_zones(checks, args["region"], args["zones"], args["subnet_ids"]),
        lambda: _cluster_checks.check_addons(checks, args["addons"]),
        lambda: _cluster_checks.check_public_access(checks, args.get("public_access_cidrs", [])),
        lambda: _cluster_checks.check_private_access(checks, args.get("private_access_cidrs", [])),
        lambda: _cluster_checks.check_service_cidr(checks, args.get("service_cidr")),
        lambda: _cluster_checks.check_target_groups(checks, args.get("target_groups", [])),
        lambda: _validate_access(checks, args),
        lambda: _cluster_checks.check_log_types(checks, args.get("log_types", [])),
        lambda: _cluster_checks.check_system_nodes(checks, args["system_nodes"]),
        lambda: _cluster_checks.check_gpu_groups(checks, name, args["zones"], args.get("gpu_node_groups", [])),
    )


def _validate_access(checks: Checks, args: InferenceClusterArgs) -> None:
    entries = args.get("access_entries", [])
    _cluster_checks.check_access(checks, [each["principal_arn"] for each in entries])
    for index, entry in enumerate(entries):
        if "policy" in entry:
            _checks.require_choice(checks, f"access_entries[{index}].policy", entry["policy"], ClusterAccessPolicy)
        _cluster_checks.check_rights(
            checks, f"access_entries[{index}]", entry.get("groups", []), has_policy="policy" in entry
        )
