"""Types of the AWS provider whose names end like a store's, and why the table of stateful types leaves them out."""

from collections.abc import Mapping

_DECLARED = "all that it holds is in the program"
_INSIDE = "part of a resource that is in the table"
_QUEUE_OF_WORK = "work to be done, which its clients submit again"
_SETTING = "a setting of an account or an organization"
_NETWORK = "part of a network"
_NAME = "a name, or a place of another resource"
_COMPUTE = "instances; what they must keep is protected against termination, which counts, or in a store of its own"
_CREDENTIAL = "a credential, which can be issued again"

NO_STORES: Mapping[str, str] = {
    r"api_gateway_(account|usage_plan_key)|cognito_user_pool_domain|service_discovery_.*_namespace": _DECLARED,
    r"athena_(data_catalog|database)|cleanrooms_configured_table|quicksight_namespace|glue_catalog": _DECLARED,
    r"devopsguru_resource_collection|location_place_index|resourceexplorer2?_index|route53_cidr_collection": _DECLARED,
    r"(prometheus|amp)_rule_group_namespace|sagemaker_(code_repository|image)": _DECLARED,
    r"schemas_registry|imagebuilder_image": _DECLARED,
    r"s3_(bucket_)?object(_copy)?": "an object that the program writes; its bucket is in the table",
    r"(lb|workspacesweb|cloudfront)_trust_store|cloudfront_public_key|cloudfrontkeyvaluestore_key": _DECLARED,
    r"route53_(traffic_policy_instance|key_signing_key)|service_discovery_instance": _DECLARED,
    r"dynamodb_global_secondary_index|controltower_landing_zone": _DECLARED,
    r"s3control_access_grants_instance|verifiedaccess_instance|chimesdkvoice_voice_profile_domain": _DECLARED,
    r"appsync_(api_cache|channel_namespace)|agentregistry_registry|bedrock_agentcore_registry": _DECLARED,
    r"cloudwatchomni_.*|devopsagent_agent_space|lambda(_|microvms_|_microvms_)(microvms_)?image": _DECLARED,
    r"observabilityadmin_.*_for_organization": _SETTING,
    r"workmail_(default_)?domain|lightsail_domain|storagegateway_(cache|tape_pool)|glue_partition_index": _INSIDE,
    r"(docdb|neptune|rds)_cluster_instance|cloudhsm_v2_hsm|rds_cluster_activity_stream|qldb_stream": _INSIDE,
    r"(batch_job|connect|gamelift_game_session|media_convert)_queue": _QUEUE_OF_WORK,
    r"(.*organization.*|fms_admin|inspector2_delegated_admin)_account|ram_sharing_with_organization": _SETTING,
    r"cloudformation_stack_set_instance": "listed as not judged",
    r"ebs_(default_kms_key|fast_snapshot_restore)|rds_reserved_instance|grafana_workspace_service_account": _SETTING,
    r".*route_table|ec2_transit_gateway_(multicast_domain|policy_table)": _NETWORK,
    r"vpc_ipam_pool|sesv2_dedicated_ip_pool": _NETWORK,
    r"datasync_location_.*|directory_service_shared_directory|workspaces_(directory|pool)": _NAME,
    r"(cloudwatch_metric|pinpoint_event|kinesis_firehose_delivery)_stream": "passes data on, and keeps none",
    r"redshift_snapshot_copy": "guards another resource: haven/gate/safeguards/replication.py",
    r"opsworks_instance|opsworks_rds_db_instance|dms_replication_instance|(ecs|emr)_cluster": _COMPUTE,
    r"emrcontainers_virtual_cluster|route53recoverycontrol(config)?_cluster|devicefarm_device_pool|.*v2_pool": _COMPUTE,
    r"route53domains_registered_domain": "destroying it in Terraform leaves the registration as it is",
    r".*(api|access|ssh|host)_key": _CREDENTIAL,
}
"""Pattern of the name in Terraform, without `aws_`, or of module and class in Pulumi -> the reason."""
