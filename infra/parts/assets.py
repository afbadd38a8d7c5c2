"""What nothing can start without: secrets, parameters and images, in both Regions and in every tier."""

import pulumi
import pulumi_aws as aws

from haven_components import ReplicatedRegistry, ReplicatedRegistryArgs, ReplicatedSecret, ReplicatedSecretArgs
from haven_components.names import region_code
from infra import names
from infra.environment import Environment


def secret(environment: Environment, name: str) -> ReplicatedSecret:
    """Declare a secret of the user's."""
    chosen = environment.settings.secrets[name]
    args: ReplicatedSecretArgs = {
        "description": chosen.description,
        "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
        "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
        "generated_characters": chosen.generated_characters,
        "ephemeral": environment.settings.ephemeral,
    }
    if chosen.rotation is not None:
        args["rotation"] = {"lambda_arn": chosen.rotation.lambda_arn, "schedule": chosen.rotation.schedule}
    options = environment.options(environment.primary, f"secrets.{name}", "secrets")
    return ReplicatedSecret(f"{environment.name}-{name}", args, options)


def parameter(environment: Environment, name: str, value: str) -> None:
    """Declare a parameter of the user's, in both Regions: Systems Manager replicates none."""
    for region, provider in environment.providers.items():
        aws.ssm.Parameter(
            f"{environment.name}-parameter-{region_code(region)}-{name}",
            name=names.parameter_name(environment.settings.stack, name),
            type="String",
            insecure_value=value,
            opts=pulumi.ResourceOptions(provider=provider, protect=not environment.settings.ephemeral),
        )


def images(environment: Environment) -> ReplicatedRegistry:
    """Declare the repositories of the images; the account's stack holds the rules that copy them."""
    chosen = environment.settings.images
    args: ReplicatedRegistryArgs = {
        "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
        "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
        "recovery_provider": environment.providers[environment.recovery],
        "repositories": list(chosen.repositories),
        "untagged_days": chosen.untagged_days,
        "kept_images": chosen.kept,
        "ephemeral": environment.settings.ephemeral,
    }
    if chosen.reader_account_ids:
        args["reader_account_ids"] = list(chosen.reader_account_ids)
    return ReplicatedRegistry(
        names.images_name(environment.settings.stack), args, environment.options(environment.primary, "images")
    )
