"""What the steps of a `RecoveryPlan` are made from."""

from typing import NotRequired, TypedDict

import pulumi


class RecoveryDatabaseArgs(TypedDict):
    global_cluster_id: str
    """Identifier of the Aurora global cluster."""
    primary_cluster_arn: pulumi.Input[str]
    """ARN of its member in the primary Region."""
    recovery_cluster_arn: pulumi.Input[str]
    """ARN of its member in the recovery Region. It needs an instance before it can be promoted."""
    primary_instance_arn: NotRequired[pulumi.Input[str]]
    """ARN of an instance of the member in the primary Region, with `recovery_instance_arn`: before the writer moves,
    the plan creates the one that is missing in the Region that becomes active, or enlarges it to the class of the
    other one. Omitted: the plan creates none, and a member without an instance can't be promoted."""
    recovery_instance_arn: NotRequired[pulumi.Input[str]]
    """The same in the recovery Region, whether or not the instance exists. Needed with `primary_instance_arn`."""


class RecoveryActionArgs(TypedDict):
    name: str
    """What the step is called: letters, digits and hyphens, each name once."""
    primary_function_arn: pulumi.Input[str]
    """ARN of the Lambda function, in the primary Region, that runs when that Region becomes the active one."""
    recovery_function_arn: pulumi.Input[str]
    """The same in the recovery Region."""
    timeout_minutes: NotRequired[int]
    """Minutes after which the step has failed, 1 or more. Omitted: 15."""


class RecoveryNodeGroupArgs(TypedDict):
    name: str
    """Name of a managed node group."""
    minimum: int
    """Its minimum size in an active Region, 0 or more."""
    desired: int
    """How many nodes it has there."""
    maximum: int
    """Its maximum size there, 1 or more."""


class RecoveryDeploymentArgs(TypedDict):
    namespace: str
    """The Kubernetes namespace, the same in both Regions."""
    primary_name: str
    """Name of the Deployment in the primary Region."""
    recovery_name: str
    """Name of the Deployment in the recovery Region."""
    after_promotion: NotRequired[bool]
    """Whether it needs a database that can be written, so that it starts after the writer has moved. Omitted: false, so
    it starts beside the promotions."""


class RecoveryClustersArgs(TypedDict):
    primary_cluster: pulumi.Input[str]
    """Name of the EKS cluster in the primary Region. Its authentication mode must allow access entries."""
    recovery_cluster: pulumi.Input[str]
    """Name of the EKS cluster in the recovery Region."""
    deployments: NotRequired[list[RecoveryDeploymentArgs]]
    """The Deployments that get as many replicas as the other Region's had at most within 24 hours. Omitted: none."""
    primary_node_groups: NotRequired[list[RecoveryNodeGroupArgs]]
    """The node groups that a function enlarges when the primary Region becomes active; none is made smaller. Omitted:
    none."""
    recovery_node_groups: NotRequired[list[RecoveryNodeGroupArgs]]
    """The same in the recovery Region. Omitted: none."""


class RecoveryCacheArgs(TypedDict):
    datastore_suffix: str
    """The end of the Global Datastore's identifier; AWS puts five letters and a hyphen before it."""
    primary_group: str
    """Identifier of the replication group in the primary Region."""
    recovery_group: str
    """Identifier of the replication group in the recovery Region."""


class RecoverySwitchArgs(TypedDict):
    name: str
    """Name of the `TrafficSwitch`."""
    primary_target_group: NotRequired[str]
    """Name of a target group in the primary Region: traffic moves there once it has a healthy target. Omitted: it moves
    without waiting."""
    recovery_target_group: NotRequired[str]
    """The same in the recovery Region. Omitted: it moves there without waiting."""


class RecoveryFunctionsArgs(TypedDict):
    primary_kms_key_arn: pulumi.Input[str]
    """ARN of the key in the primary Region that encrypts logs and settings of the functions there."""
    recovery_kms_key_arn: pulumi.Input[str]
    """The same in the recovery Region."""
    log_retention_days: NotRequired[int]
    """How long logs are kept. Omitted: 90 days."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose logs may be deleted. Omitted: false."""


class RecoveryEventSourceArgs(TypedDict):
    name: str
    """What the steps are called after: letters, digits and hyphens, each name once."""
    primary_mapping_arn: pulumi.Input[str]
    """ARN of the Lambda event source mapping in the primary Region."""
    recovery_mapping_arn: pulumi.Input[str]
    """The same in the recovery Region."""
    primary_function_arn: pulumi.Input[str]
    """ARN of the function that the primary Region's mapping calls."""
    recovery_function_arn: pulumi.Input[str]
    """The same in the recovery Region."""


class RecoveryRecordsArgs(TypedDict):
    hosted_zone_id: pulumi.Input[str]
    """Id of the hosted zone with the records."""
    record_name: str
    """Their name. Region switch makes a health check for each Region; the records must carry them."""
    primary_set_identifier: NotRequired[str]
    """Set identifier of the primary Region's record, with the recovery Region's. Omitted: Region switch looks for the
    Region's name in the records."""
    recovery_set_identifier: NotRequired[str]
    """Set identifier of the recovery Region's record. Needed with `primary_set_identifier`."""


class RecoveryReportArgs(TypedDict):
    bucket_name: str
    """Name of the bucket, of the same account, into which a report of each run is put. Choose one that doesn't die with
    the Region that is left."""
    prefix: NotRequired[str]
    """What the reports' keys begin with, without a slash at its end. Omitted: nothing."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the bucket's KMS key. Omitted: it has none of the account's own."""
