"""What Resilience Hub assesses of a system in two Regions, and against which objectives."""

import pulumi
import pulumi_aws as aws

from haven_components import RecoveryApproach, ResilienceAssessment

primary, recovery = "eu-west-1", "eu-central-1"

provider = aws.Provider(
    f"aws-{primary}",
    region=primary,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)

assessment = ResilienceAssessment(
    "example-resilience",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "approach": RecoveryApproach.WARM_STANDBY,
        "rto_minutes": 15,
        "rpo_minutes": 1,
        "availability_percent": 99.9,
        "backup_interval_minutes": 1440,
        "services": [
            {"name": "serving", "tags": [{"key": "system", "values": ["serving", "shared"]}]},
            {
                "name": "training",  # starts again from a checkpoint: it needs no standby
                "tags": [{"key": "system", "values": ["training", "shared"]}],
                "approach": RecoveryApproach.BACKUP_AND_RESTORE,
            },
        ],
    },
    pulumi.ResourceOptions(providers=[provider]),
)

pulumi.export("system", assessment.system_arn)
pulumi.export("services", assessment.service_arns)
