"""pulumi-aws's names find the AWS provider's."""

import pytest

from haven.terraform import naming, provider_differences
from haven.terraform.schema import Field, FieldGroup, ProviderSchema, Scalar
from tests.environments import STACKS, environment

TEXT = Field(Scalar("string"))

KNOWN = """
acm/certificate: aws_acm_certificate
acm/certificateValidation: aws_acm_certificate_validation
alb/loadBalancer: aws_lb
amp/workspace: aws_prometheus_workspace
apigateway/restApi: aws_api_gateway_rest_api
apigatewayv2/api: aws_apigatewayv2_api
appautoscaling/policy: aws_appautoscaling_policy
autoscaling/group: aws_autoscaling_group
backup/plan: aws_backup_plan
backup/vaultLockConfiguration: aws_backup_vault_lock_configuration
budgets/budget: aws_budgets_budget
cfg/deliveryChannel: aws_config_delivery_channel
cfg/recorder: aws_config_configuration_recorder
cloudfront/distribution: aws_cloudfront_distribution
cloudtrail/trail: aws_cloudtrail
cloudwatch/compositeAlarm: aws_cloudwatch_composite_alarm
cloudwatch/eventRule: aws_cloudwatch_event_rule
cloudwatch/logGroup: aws_cloudwatch_log_group
cognito/identityPoolRoleAttachment: aws_cognito_identity_pool_roles_attachment
cognito/userPool: aws_cognito_user_pool
costexplorer/anomalyMonitor: aws_ce_anomaly_monitor
dms/replicationInstance: aws_dms_replication_instance
dynamodb/table: aws_dynamodb_table
dynamodb/tableReplica: aws_dynamodb_table_replica
ebs/volume: aws_ebs_volume
ec2/eip: aws_eip
ec2/instance: aws_instance
ec2/networkAcl: aws_network_acl
ec2/networkAclAssociation: aws_network_acl_association
ec2/networkAclRule: aws_network_acl_rule
ec2/networkInterfaceSecurityGroupAttachment: aws_network_interface_sg_attachment
ec2/peeringConnectionOptions: aws_vpc_peering_connection_options
ec2/routeTableAssociation: aws_route_table_association
ec2/vpcDhcpOptions: aws_vpc_dhcp_options
ec2transitgateway/transitGateway: aws_ec2_transit_gateway
ec2transitgateway/vpcAttachment: aws_ec2_transit_gateway_vpc_attachment
ecr/replicationConfiguration: aws_ecr_replication_configuration
ecs/taskDefinition: aws_ecs_task_definition
efs/mountTarget: aws_efs_mount_target
eks/podIdentityAssociation: aws_eks_pod_identity_association
elasticache/cluster: aws_elasticache_cluster
elasticache/globalReplicationGroup: aws_elasticache_global_replication_group
fis/experimentTemplate: aws_fis_experiment_template
fsx/lustreFileSystem: aws_fsx_lustre_file_system
globalaccelerator/accelerator: aws_globalaccelerator_accelerator
grafana/workspace: aws_grafana_workspace
guardduty/detector: aws_guardduty_detector
iam/instanceProfile: aws_iam_instance_profile
iam/rolePolicyAttachment: aws_iam_role_policy_attachment
kinesis/firehoseDeliveryStream: aws_kinesis_firehose_delivery_stream
kms/replicaKey: aws_kms_replica_key
lambda/function: aws_lambda_function
lambda/permission: aws_lambda_permission
lb/listenerRule: aws_lb_listener_rule
lb/targetGroup: aws_lb_target_group
msk/cluster: aws_msk_cluster
opensearch/domain: aws_opensearch_domain
ram/resourceShare: aws_ram_resource_share
rds/clusterParameterGroup: aws_rds_cluster_parameter_group
rds/globalCluster: aws_rds_global_cluster
rds/instance: aws_db_instance
rds/proxy: aws_db_proxy
rds/subnetGroup: aws_db_subnet_group
redshift/cluster: aws_redshift_cluster
route53/healthCheck: aws_route53_health_check
s3/bucket: aws_s3_bucket
s3/bucketObjectv2: aws_s3_object
s3/bucketReplicationConfig: aws_s3_bucket_replication_configuration
s3/bucketV2: aws_s3_bucket
s3control/multiRegionAccessPoint: aws_s3control_multi_region_access_point
sagemaker/endpoint: aws_sagemaker_endpoint
secretsmanager/secretVersion: aws_secretsmanager_secret_version
sfn/stateMachine: aws_sfn_state_machine
sns/topicSubscription: aws_sns_topic_subscription
sqs/queue: aws_sqs_queue
ssm/parameter: aws_ssm_parameter
transfer/server: aws_transfer_server
wafv2/webAcl: aws_wafv2_web_acl
"""
NEWER = ("lambda/resourcePolicy", "organizations/tag", "timestreaminfluxdb/dbCluster", "workspaces/pool", "msk/topic")
"""Types that only version 6 has, each of which is much like an older one."""


def _token(short: str) -> str:
    module, name = short.split("/")
    return f"aws:{module}/{name}:{name[0].upper()}{name[1:]}"


@pytest.mark.parametrize(("short", "type_"), [line.split(": ") for line in KNOWN.split("\n") if line])
def test_a_well_known_token_finds_its_type(short: str, type_: str, provider_schema: ProviderSchema) -> None:
    assert naming.resource_type(_token(short), provider_schema) == type_


@pytest.mark.parametrize("short", NEWER)
def test_a_type_that_the_provider_does_not_have_yet_is_never_taken_for_another(
    short: str, provider_schema: ProviderSchema
) -> None:
    with pytest.raises(naming.UnknownTokenError):
        naming.resource_type(_token(short), provider_schema)


@pytest.mark.parametrize("stack", STACKS)
def test_every_property_of_a_stack_finds_an_argument_of_its_own(stack: str, provider_schema: ProviderSchema) -> None:
    for record in environment(stack).real():
        if not record.type.startswith("aws:"):
            continue
        type_ = naming.resource_type(record.type, provider_schema)
        group = provider_schema.resource(type_)
        names = [each for each in record.inputs if provider_differences.of_argument(record.type, each) is None]
        found = [naming.field_name(type_, group, each) for each in names]
        assert None not in found, (record.type, dict(zip(names, found, strict=True)))
        assert len(set(found)) == len(names), record.type


def test_no_two_types_of_the_stacks_are_taken_for_one(provider_schema: ProviderSchema) -> None:
    tokens = {each.type for stack in STACKS for each in environment(stack).real() if each.type.startswith("aws:")}
    types = {naming.resource_type(each, provider_schema) for each in tokens}
    assert len(types) == len(tokens)


def test_every_table_names_arguments_that_the_provider_has(provider_schema: ProviderSchema) -> None:
    assert set(naming.TYPES.values()) <= set(provider_schema.types)
    for (type_, name), argument in naming.PROPERTIES.items():
        types = provider_schema.types if type_ == "*" else [type_]
        holders = [each for each in types if argument in provider_schema.names(each)]
        assert holders, (type_, name)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("subnetIds", "subnet_ids"),
        ("statements", "statement"),
        ("policies", "policy"),
        ("indexes", "index"),
        ("aliases", "alias"),
        ("s3BucketName", "s3_bucket_name"),
        ("ipv6CidrBlock", "ipv6_cidr_block"),
        ("sha256Sum", "sha_256_sum"),
        ("vpcConfig", "vpc_config"),
    ],
)
def test_a_property_finds_an_argument_whatever_its_number_and_underscores(name: str, argument: str) -> None:
    others = dict.fromkeys(["unrelated", "arn", "tags"], TEXT)
    assert naming.field_name("aws_any", FieldGroup({argument: TEXT, **others}), name) == argument


def test_the_exact_name_wins_over_its_plural() -> None:
    group = FieldGroup({"security_group": TEXT, "security_groups": TEXT})
    assert naming.field_name("aws_any", group, "securityGroup") == "security_group"
    assert naming.field_name("aws_any", group, "securityGroups") == "security_groups"


def test_a_property_that_could_be_two_arguments_is_none() -> None:
    group = FieldGroup({"sub_net": TEXT, "su_bnet": TEXT})
    assert naming.field_name("aws_any", group, "subnets") is None


def test_an_argument_with_another_name_is_found_by_the_table() -> None:
    alarm = FieldGroup({"alarm_name": TEXT, "metric_name": TEXT})
    assert naming.field_name("aws_cloudwatch_metric_alarm", alarm, "name") == "alarm_name"
    assert naming.field_name("aws_other", alarm, "name") is None
