"""A run on four workers and an evaluation on spot nodes, both queued; in the other Region the same, suspended."""

import pulumi
import pulumi_aws as aws

from haven_components import (
    MultiRegionKey,
    ReplicatedBucket,
    TrainingCapacity,
    TrainingJobs,
    TrainingJobsArgs,
    kubernetes_provider,
)

config = pulumi.Config()
account = config.get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
digest = "sha256:" + "0" * 64

providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for region in (primary, recovery)
}

key = MultiRegionKey(
    "example-training-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's checkpoints",
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)
buckets = ReplicatedBucket(
    "example-checkpoints",
    {
        "bucket_name": f"example-checkpoints-{account}",
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "recovery_provider": providers[recovery],
        "replication_time_control": True,
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)


def declare(region: str, bucket: pulumi.Output[str], kms_key_arn: pulumi.Output[str], workers: int) -> TrainingJobs:
    """The jobs in one Region; without workers they are there and suspended."""
    cluster = f"example-{region}"
    args: TrainingJobsArgs = {
        "region": region,
        "account_id": account,
        "cluster_name": cluster,
        "namespace": "training",
        "zones": [f"{region}a", f"{region}b"],
        "scale": {"minimum": workers, "maximum": 4},
        "image": f"{account}.dkr.ecr.{region}.amazonaws.com/training@{digest}",
        "checkpoints": {
            "bucket": bucket,
            "kms_key_arn": kms_key_arn,
            "interval_minutes": 10,
            "prefix": "example",
        },
        "jobs": [
            {"name": "pretrain", "command": ["torchrun", "train.py"], "gpus": 8, "cpu": "32", "memory": "256Gi"},
            {"name": "evaluate", "workers": 1, "capacity": TrainingCapacity.SPOT_FIRST},
        ],
        "queue": {"pools": [{"pool": "gpu", "gpus": 40, "cpu": "192", "memory": "1280Gi"}]},
    }
    kubernetes = kubernetes_provider(
        f"kubernetes-{region}", config.get(f"kubeconfig-{region}") or "{}", cluster_name=cluster
    )
    options = pulumi.ResourceOptions(providers=[providers[region], kubernetes])
    return TrainingJobs(f"example-training-{region}", args, options)


running = declare(primary, buckets.primary_bucket, key.primary_arn, 4)
waiting = declare(recovery, buckets.recovery_bucket, key.recovery_arn, 0)

pulumi.export("checkpoints", {primary: running.checkpoint_location, recovery: waiting.checkpoint_location})
