"""Data can be restored: versions, backups, copies, locks."""

from haven_policies.rules.data_protection._settings import SETTINGS
from haven_policies.rules.data_protection.backup_plans import (
    backup_copied_elsewhere,
    backup_retention,
    backup_retention_fits_lock,
    backup_selects_something,
    backup_vault_locked,
    restores_tested,
)
from haven_policies.rules.data_protection.buckets import (
    audit_trail_locked,
    bucket_lifecycle_keeps_data,
    bucket_versioned,
)
from haven_policies.rules.data_protection.trails import trail_in_every_region

__all__ = [
    "SETTINGS",
    "audit_trail_locked",
    "backup_copied_elsewhere",
    "backup_retention",
    "backup_retention_fits_lock",
    "backup_selects_something",
    "backup_vault_locked",
    "bucket_lifecycle_keeps_data",
    "bucket_versioned",
    "restores_tested",
    "trail_in_every_region",
]
