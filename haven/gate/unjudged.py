"""Which types the tables say nothing about: other providers, and resources that contain others."""

from collections.abc import Mapping

from haven.program import aws_types as aws

_JUDGED = frozenset({"aws", "haven", "kubernetes", "pulumi", "random", "tls"})
"""Packages and providers whose stateful types and safeguards the tables list."""
_HOLDS_NOTHING = frozenset(
    {"archive", "cloudinit", "external", "http", "local", "null", "template", "terraform", "time"}
)
"""Providers of Terraform, its own `terraform_data` among them, and packages of Pulumi, without anything in a cloud."""
_BUILT_IN_GROUPS = ("k8s.io", "meta", "core", "apps", "batch", "autoscaling", "policy", "extensions")
"""How the API groups of Kubernetes itself end (API reference of Kubernetes 1.36, 2026-11-26)."""

_CONTAINERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            aws.CLOUDFORMATION_STACK,
            aws.CLOUDFORMATION_STACK_SET,
            aws.CLOUDFORMATION_STACK_SET_INSTANCE,
            aws.CLOUDFORMATION_STACK_INSTANCES,
            aws.SERVERLESSREPOSITORY_CLOUD_FORMATION_STACK,
        ),
        "the resources in the CloudFormation stack are not in the document",
    ),
    aws.CLOUDCONTROL_RESOURCE: "a resource of any type, through Cloud Control",
    aws.SERVICECATALOG_PROVISIONED_PRODUCT: "the product's resources are not in the document",
    "kubernetes_manifest": "an object of any kind",
}
_OTHER_PROVIDER = "the gate has no table of stateful types and safeguards for this provider"
_CUSTOM = "the gate knows the kinds of Kubernetes itself, and no custom resources"


def why_not_judged(type_: str) -> str | None:
    """Why the gate can't tell what a change of a resource endangers; None if it can.

    Args:
        type_: Pulumi's token, or the name in Terraform.
    """
    package, _, rest = type_.partition(":") if ":" in type_ else type_.partition("_")
    if type_ in _CONTAINERS:
        return _CONTAINERS[type_]
    if package == "kubernetes" and ":" in type_:
        return None if rest.partition("/")[0].endswith(_BUILT_IN_GROUPS) else _CUSTOM
    return None if package in _JUDGED | _HOLDS_NOTHING else _OTHER_PROVIDER
