"""Arguments of `OperatorRole`."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class OperatorSideArgs(TypedDict):
    region: str
    """The Region, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the environment's key there."""
    database_cluster: str
    """Identifier of the Aurora cluster there, whether or not it exists at the moment."""
    subnet_group: str
    """Name of its subnet group: the data subnets that are closed to clients."""
    restored_global_cluster: NotRequired[str]
    """Identifier of the Aurora global cluster of a database that is restored there from a backup, whether or not it
    exists at the moment. Omitted: the environment's own is the only one."""
    cache_group: str
    """Identifier of the replication group there, whether or not it exists at the moment."""
    cluster_name: str
    """Name of the EKS cluster there, whether or not it exists at the moment: its node groups are scaled."""
    cluster: NotRequired[pulumi.Input[str]]
    """Name of the EKS cluster, as an output of what declares it: the operator gets an access entry there. Omitted:
    there is no cluster now."""
    vpc_id: NotRequired[pulumi.Input[str]]
    """Id of the VPC with the data subnets. Omitted: network ACLs of any VPC of the account in both Regions."""
    vault: str
    """Name of the backup vault."""
    audit_bucket: str
    """Name of the audit bucket."""
    heartbeat_function: NotRequired[str]
    """Name of the Lambda function that writes the heartbeats there: it counts and compares the database's rows for the
    operator. Omitted: none."""
    buckets: NotRequired[list[str]]
    """Names of the replicated buckets there, or patterns of such: the operator lists them and reads their objects, to
    compare both Regions. Omitted: none."""
    queues: NotRequired[list[str]]
    """Names of the SQS queues there, or patterns of such: the operator closes them to consumers while the environment
    fails over, and opens them. Omitted: none."""


class OperatorRoleArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits."""
    principal_arns: list[str]
    """ARNs of the IAM users and roles that may take the role. Those of IAM Identity Center (`AWSReservedSSO_...`) show
    a second factor there; every other one must have shown it to AWS (`aws:MultiFactorAuthPresent`)."""
    primary: OperatorSideArgs
    """The Region of the component's AWS provider."""
    recovery: OperatorSideArgs
    """The other Region."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    operations_table_arns: list[pulumi.Input[str]]
    """ARNs of all operations tables, that of a third Region too."""
    further_regions: NotRequired[list[str]]
    """Regions beside the two that have an operations table. Omitted: none."""
    further_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of the keys of those. Omitted: none."""
    global_cluster: str
    """Identifier of the Aurora global cluster."""
    datastore_suffix: str
    """End of the Global Datastore's identifier, after AWS's five letters and a hyphen."""
    tables: NotRequired[list[str]]
    """Names of the tables that are replicated or restored, or patterns of such: the operator sees their state, and
    reads their items, to compare both Regions. Omitted: none."""
    restore_role_arn: NotRequired[str]
    """ARN of the role with which AWS Backup restores: the operator starts restores with it. Omitted: none."""
    repositories: NotRequired[list[str]]
    """Names of the ECR repositories in both Regions, or patterns of such: the operator sees whether images are there.
    Omitted: none."""
    secrets: NotRequired[list[str]]
    """Names of the replicated secrets, or patterns of such: the operator sees their versions, and no value. Omitted:
    none."""
    endpoints_parameter: NotRequired[str]
    """Name of the Systems Manager parameter with what applications connect to, the same in both Regions. Omitted: the
    operator reads none."""
    manifest_parameter: str
    """Name of the Systems Manager parameter with the recovery manifest, the same in both Regions. What is in parameters
    below it, `NAME/*`, is read too: a large manifest is divided."""
    mode_parameter: NotRequired[str]
    """Name of the Systems Manager parameter that tells applications whether they may write, the same in both Regions:
    the operator changes it while an environment fails over. Omitted: none."""
    recovery_plan_arn: NotRequired[pulumi.Input[str]]
    """ARN of the environment's ARC Region switch plan: the operator starts and watches its executions. Omitted:
    none."""
    approves_recovery_plan: NotRequired[bool]
    """Whether this role is the one that the plan's manual approvals name. Omitted: false; somebody else approves."""
    groups: NotRequired[list[str]]
    """Kubernetes groups that the operator belongs to in both clusters, such as the `operator_groups` of a
    `ClusterAccess`. Omitted: no access entry, and so no use of the Kubernetes API."""
    permissions_boundary: NotRequired[str]
    """ARN of the policy beyond which the role can do nothing. Omitted: none."""
    session_hours: NotRequired[int]
    """Hours for which a session lasts, 1 to 12. AWS allows one hour to whoever comes from another role. Omitted: 4."""
