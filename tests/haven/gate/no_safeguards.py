"""Properties of the AWS provider whose names look like a safeguard, and why they are none."""

from collections.abc import Mapping

_NAME = "names or places something; it keeps nothing"
_ORIGIN = "where the data came from, when the resource was created"
_WHEN = "when it happens, not whether or for how long"
_TAGS = "tags of copies"
_COMPUTE = "instances without data of their own"
_CACHE = "how long an answer, a session or a credential is valid"
_NETWORK = "how long a connection is kept"
_SCALE = "how much runs: failovers and tiers change it on purpose"
_HOW = "how a copy is made, not whether"
_MEDIA = "video and voice, as they are delivered"

NO_SAFEGUARDS: Mapping[str, str] = {
    r".*:(.*\.)?(backup_id|backup_vault_name|vault_name|replicator_name|(shield_)?protection(_group)?_id)": _NAME,
    r".*:(.*\.)?((target_)?db_(cluster_)?)?snapshot_(identifier|name|owner|copy_grant_name)": _NAME,
    r".*:(.*\.)?replication_(config_identifier|instance_arn|instance_class|instance_id|task_id|user)": _NAME,
    r".*:(.*\.)?replication_(subnet_group_description|subnet_group_id|server_instance_type)": _NAME,
    r".*:(.*\.)?(replication_servers_security_groups_ids|replication_group_id|event_endpoint_deleted_topic_arn)": _NAME,
    r"elasticache_global_replication_group:global_replication_group_(description|id_suffix)": _NAME,
    r".*:(.*\.)?(use_dedicated_replication_server|backup_target|protected_resource.*|backup_vault_events.*)": _NAME,
    r"imagebuilder_lifecycle_policy:policy_detail\.action\.include_resources\.snapshots": _NAME,
    r".*:(.*\.)?(source_|origin_)(db_|db_cluster_)?(snapshot|backup|instance_automated_backups).*": _ORIGIN,
    r".*:(.*\.)?(snapshot_cluster_identifier|copy_from|copy_source_arn)": _ORIGIN,
    r".*:(.*\.)?snapshot_(id|arn|arns|arns_to_restore)": _ORIGIN,
    r"s3_object_copy:(copy_if_.*|expires)": _ORIGIN,
    r".*:(.*\.)?(preferred_)?(backup|snapshot)_(window|time)": _WHEN,
    r".*:(.*\.)?(automated_snapshot_start_hour|daily_automatic_backup_start_time|daily_snapshot_time)": _WHEN,
    r".*:snapshot_without_reboot": _HOW,
    r".*:(.*\.)?(final_backup_tags|copy_tags.*)": _TAGS,
    r".*:(.*\.)?(copy_options|copy_strategy|copy_step_details\..*|security_descriptor_copy_flags)": _HOW,
    r".*:(.*\.)?(copy_access_control_lists_for_topics|copy_topic_configurations|delete_step_details\..*)": _HOW,
    r".*:(.*\.)?(replication_(task_)?settings|replication_type|replication_strategy|replica_mode)": _HOW,
    r".*:(.*\.)?(start_replication|start_replication_task|pause_replication_tasks|replicate_to)": _HOW,
    r".*:(.*\.)?(report_versioning|s3_object_versioning|deleted_override|include_deleted_records)": _HOW,
    r".*:(.*\.)?replication_(time|configuration)\..*": "the time that a copy may take",
    r".*:(.*\.)?replica_kms_key_id": "the key of new copies; the old ones keep theirs",
    r"backup_plan:advanced_backup_setting\..*": "consistency of Windows volumes",
    r"fsx_ontap_volume:snapshot_policy": "a policy of ONTAP, which the document doesn't contain",
    r"efs_file_system:lifecycle_policy\..*": "the storage class of files; they are kept as long",
    r"timestreamwrite_table:.*memory_store_retention_period_in_hours": "then records move to the magnetic store",
    r"glue_catalog_table:retention": "a note of Hive; Glue deletes nothing by it",
    r"glue_crawler:.*delete_behavior": "what becomes of definitions whose data is gone",
    r"glue_catalog_table_optimizer:.*clean_expired_files": "files of expired snapshots",
    r"glacier_vault_lock:ignore_deletion_error": "what Terraform reports",
    r"acmpca_certificate_authority:.*expiration_in_days": "validity of a revocation list",
    r".*:(.*\.)?expired_object_delete_marker": "markers without a version behind them hold nothing",
    r"cloudfront_distribution:retain_on_delete": "a distribution holds no data",
    r"(fms_policy|directory_service_trust|security_group|default_security_group|lambda_function):.*": (
        "cleans up rules and references; no data"
    ),
    r"(api_gateway_account|kms_grant|auditmanager_account_registration|opsworks_instance|synthetics_canary):.*": (
        "cleans up settings and functions; no data"
    ),
    r"kinesis_stream:enforce_consumer_deletion": "removes consumers; the stream's records are guarded",
    r"amplify_app:enable_branch_auto_deletion": "branches are deployed from a repository",
    r"kendra_data_source:.*": "what is left out of an index, by condition",
    r"(autoscaling_group|ecs_capacity_.*|ec2_fleet|spot_fleet_request|emr_cluster|batch_.*|codedeploy_.*):.*": _COMPUTE,
    r"(gamelift_.*|imagebuilder_infrastructure_configuration|imagebuilder_distribution_configuration):.*": _COMPUTE,
    r"sagemaker_endpoint:.*termination_wait_in_seconds": _COMPUTE,
    r".*:(.*\.)?(replica_count|num_replicas_per_shard|replicas_per_node_group|replication_factor)": _SCALE,
    r"cloudsearch_domain:scaling_parameters\.desired_replication_count": _SCALE,
    r"(iam_account_password_policy|ssm_activation|appsync_api_key|cognito_.*|lb_cookie_stickiness_policy):.*": _CACHE,
    r".*:(.*\.)?(ignore_client_certificate_expiry|prevent_user_existence_errors)": _CACHE,
    r".*:(.*\.)?(client_keep_alive|origin_keepalive_timeout|(enable_unhealthy_)?connection_termination)": _NETWORK,
    r"(medialive_channel|lexv2models_.*|quicksight_.*):.*": _MEDIA,
    r"(wafv2_web_acl|cloudfront_response_headers_policy|datasync_location_hdfs|workspacesweb_.*):.*": "data on its way",
}
"""Pattern of `type:path` without the prefix `aws_` -> the reason."""
