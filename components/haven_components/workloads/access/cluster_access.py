"""What one system may use in a cluster and in AWS: its namespace, its people, its network, its identities."""

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._identity import pod_identity
from haven_components.workloads.access import _access_checks
from haven_components.workloads.access._access_args import ClusterAccessArgs, ServiceAccountArgs
from haven_components.workloads.access._aws_rights import Rights
from haven_components.workloads.access._namespace import (
    InNamespace,
    limit_range,
    namespace_object,
    people,
    resource_quota,
)
from haven_components.workloads.access._network_policies import network_policies
from haven_components.workloads.access._secret_mounts import secret_mounts


class ClusterAccess(pulumi.ComponentResource):
    """The namespace of one system in one cluster, and everything that it may use.

    Pods keep the Pod Security Standard `restricted`. A quota and defaults limit them. Nothing reaches them and they
    reach nothing but what is named; their service accounts have AWS roles through EKS Pod Identity, with rights in the
    own Region only, so that the loss of the other one takes nothing away. Groups of people see, or operate; the groups
    come from `groups` of an `InferenceCluster`'s access entries.

    What starts pods depends on the component: a pod takes its role only if the association was there before it.
    """

    namespace: pulumi.Output[str]
    """Name of the namespace, once it is there."""
    role_arns: pulumi.Output[dict[str, str]]
    """Service account -> ARN of its role, for those that use anything in AWS."""

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ClusterAccess", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._labels = {"app.kubernetes.io/managed-by": "haven", "app.kubernetes.io/part-of": args["namespace"]}
        made = self._namespace()
        inside = InNamespace(
            name, args["namespace"], self._labels, pulumi.ResourceOptions(parent=self, depends_on=[made])
        )
        self._rules(inside)
        roles = {
            each["name"]: role
            for each in args.get("service_accounts", [])
            if (role := self._service_account(each, inside)) is not None
        }
        self.namespace = made.metadata.name
        self.role_arns = pulumi.Output.all(**roles).apply(dict)
        self.register_outputs({"namespace": self.namespace, "role_arns": self.role_arns})

    def _namespace(self) -> kubernetes.core.v1.Namespace:
        labels = self._labels | self._args.get("labels", {})
        exception = self._args.get("pod_security_exception")
        here = pulumi.ResourceOptions(parent=self)
        return namespace_object(self._name, self._args["namespace"], labels, exception, here)

    def _rules(self, inside: InNamespace) -> None:
        args = self._args
        resource_quota(inside, args["quota"])
        limit_range(inside, args.get("defaults", {}))
        network_policies(inside, args["network"])
        people(inside, args.get("viewer_groups", []), args.get("operator_groups", []))
        secret_mounts(inside, args.get("mounted_secrets", []), args["region"])

    def _service_account(self, account: ServiceAccountArgs, inside: InNamespace) -> pulumi.Output[str] | None:
        """The service account, and its role where it uses anything in AWS."""
        args = self._args
        kubernetes.core.v1.ServiceAccount(
            inside.logical(account["name"]),
            metadata=inside.metadata(account["name"]),
            automount_service_account_token=account.get("kubernetes_api", False),
            opts=inside.options,
        )
        statements = Rights(args["region"], args["account_id"]).statements(account.get("uses", {}))
        if not statements:
            return None
        identity = pod_identity(
            self,
            f"{self._name}-{account['name']}",
            namespace=args["namespace"],
            service_account=account["name"],
            cluster_name=args["cluster_name"],
            region=args["region"],
            account_id=args["account_id"],
            statements=statements,
            permissions_boundary=args.get("permissions_boundary"),
        )
        return identity.role.arn


def _validate(name: str, args: ClusterAccessArgs) -> None:
    checks = Checks("ClusterAccess", name, ClusterAccessArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, _access_checks.longest_name(args)),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _access_checks.check_namespace(checks, args),
        lambda: _access_checks.check_quota(checks, args["quota"]),
        lambda: _access_checks.check_network(checks, args["network"]),
        lambda: _access_checks.check_service_accounts(checks, args.get("service_accounts", [])),
        lambda: _access_checks.check_mounts(checks, args),
    )
