"""What a stack of kind account declares: what AWS has one of in an account, and where Pulumi keeps its state."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components import AccountBaseline, AuditTrail, AuditTrailArgs, BucketSideArgs, MultiRegionKey, StateBackend
from haven_components.names import CLOUD_TRAIL
from infra.config.settings import AccountSettings
from infra.providers import aws_providers
from infra.refusals import Refusals

Attempt = Callable[[Callable[[], dict[str, Any]]], dict[str, Any] | None]


def declare(settings: AccountSettings) -> Mapping[str, Any]:
    """Register every resource of the account.

    Returns:
        The stack's outputs: what a plan shows, and how to log in to the state.
    """
    refusals = Refusals(settings.stack)
    with refusals.all():
        return _declared(_Account(settings), refusals.attempt)


def _declared(account: "_Account", attempt: Attempt) -> Mapping[str, Any]:
    settings = account.settings
    records = account.key("records", "What the account's trail and AWS Config write down", [CLOUD_TRAIL])
    volumes = account.key("volumes", "Volumes in the account for which nobody names a key", [])
    return {
        "kind": "account",
        "account": settings.account,
        "regions": {"primary": account.primary, "recovery": account.recovery},
        **(attempt(partial(_trail, account, records)) or {}),
        **(attempt(partial(_baseline, account, records, volumes)) or {}),
        **((attempt(partial(_state, account)) if settings.state_backend.enabled else None) or {}),
        "notes": list(_notes(settings)),
    }


class _Account:
    """The account while it is being declared."""

    def __init__(self, settings: AccountSettings) -> None:
        self.settings = settings
        self.name = f"haven-{settings.stack}"
        self.primary = settings.regions.primary
        self.recovery = settings.regions.recovery
        self.providers = aws_providers(settings)

    @property
    def recovery_provider(self) -> aws.Provider:
        return self.providers[self.recovery]

    def options(self) -> pulumi.ResourceOptions:
        """Options of a component: all of them are at home in the primary Region."""
        return pulumi.ResourceOptions(providers=[self.providers[self.primary]])

    def both(self, primary: pulumi.Output[str], recovery: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
        """Region to its value."""
        return {self.primary: primary, self.recovery: recovery}

    def key(self, name: str, description: str, services: list[str]) -> MultiRegionKey:
        """Declare a key in both Regions."""
        return MultiRegionKey(
            f"{self.name}-{name}-key",
            {
                "primary_region": self.primary,
                "recovery_region": self.recovery,
                "recovery_provider": self.recovery_provider,
                "account_id": self.settings.account,
                "description": description,
                "services": services,
                "ephemeral": self.settings.ephemeral,
            },
            self.options(),
        )


def _trail(account: _Account, key: MultiRegionKey) -> dict[str, Any]:
    chosen = account.settings.audit
    primary: BucketSideArgs = {"region": account.primary, "kms_key_arn": key.primary_arn}
    recovery: BucketSideArgs = {"region": account.recovery, "kms_key_arn": key.recovery_arn}
    args: AuditTrailArgs = {
        "account_id": account.settings.account,
        "primary": primary,
        "recovery": recovery,
        "recovery_provider": account.recovery_provider,
        "object_lock_days": chosen.object_lock_days,
        "insights": chosen.insights,
        "data_event_buckets": [*chosen.data_event_buckets],
        "lambda_data_events": chosen.lambda_data_events,
        "recovery_trail": chosen.recovery_trail,
        "ephemeral": account.settings.ephemeral,
    }
    if chosen.log_retention_days is not None:
        args["log_retention_days"] = chosen.log_retention_days
    trail = AuditTrail(f"{account.name}-audit", args, account.options())
    return {"trail": trail.trail_arn, "trailBuckets": account.both(trail.primary_bucket, trail.recovery_bucket)}


def _baseline(account: _Account, records: MultiRegionKey, volumes: MultiRegionKey) -> dict[str, Any]:
    chosen = account.settings.baseline
    baseline = AccountBaseline(
        f"{account.name}-baseline",
        {
            "account_id": account.settings.account,
            "primary": {
                "region": account.primary,
                "record_kms_key_arn": records.primary_arn,
                "volume_kms_key_arn": volumes.primary_arn,
            },
            "recovery": {
                "region": account.recovery,
                "record_kms_key_arn": records.recovery_arn,
                "volume_kms_key_arn": volumes.recovery_arn,
            },
            "recovery_provider": account.recovery_provider,
            "image_prefixes": chosen.image_prefixes,
            "threat_features": chosen.threat_features,
            "backup_services": chosen.backup_services,
            "daily_recording": chosen.daily_recording,
            "daily_types": [] if chosen.daily_recording else list(chosen.daily_types),
            "ephemeral": account.settings.ephemeral,
        },
        account.options(),
    )
    return {
        "recordBuckets": account.both(baseline.primary_bucket, baseline.recovery_bucket),
        "detectors": account.both(baseline.primary_detector_id, baseline.recovery_detector_id),
    }


def _state(account: _Account) -> dict[str, Any]:
    chosen = account.settings.state_backend
    state = StateBackend(
        f"{account.name}-state",
        {
            "account_id": account.settings.account,
            "primary_region": account.primary,
            "recovery_region": account.recovery,
            "recovery_provider": account.recovery_provider,
            "replication_time_control": chosen.replication_time_control,
            "noncurrent_days": chosen.noncurrent_days,
            "ephemeral": account.settings.ephemeral,
        },
        account.options(),
    )
    return {
        "stateUrls": account.both(state.primary_url, state.recovery_url),
        "secretsProviders": account.both(state.primary_secrets_provider, state.recovery_secrets_provider),
    }


def _notes(settings: AccountSettings) -> list[str]:
    notes = [
        "a Region has one Config recorder and one GuardDuty detector: import what the account has already, or the first"
        " deployment fails. ECR's rules, default encryption and the block of public buckets are overwritten"
    ]
    if not settings.state_backend.enabled:
        notes.append(
            "no haven:stateBackend: where Pulumi keeps its state is up to you, and so is whether it outlives"
            f" {settings.regions.primary} (docs/state-backend.md)"
        )
    return notes
