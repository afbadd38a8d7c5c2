"""Data can be brought back: versions, backups, copies, locks."""

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
from haven_policies.rules.data_protection.records import (
    cluster_requests_logged,
    image_tags_immutable,
    log_group_retention,
    secret_recovery_window,
    stream_retention,
    trail_files_validated,
    trail_in_every_region,
)
from haven_policies.rules.data_protection.stores import (
    automated_backups_kept,
    cache_snapshots,
    database_backup_retention,
    final_snapshot,
    no_forced_deletion,
    table_recovery,
)

__all__ = [
    "audit_trail_locked",
    "automated_backups_kept",
    "backup_copied_elsewhere",
    "backup_retention",
    "backup_retention_fits_lock",
    "backup_selects_something",
    "backup_vault_locked",
    "bucket_lifecycle_keeps_data",
    "bucket_versioned",
    "cache_snapshots",
    "cluster_requests_logged",
    "database_backup_retention",
    "final_snapshot",
    "image_tags_immutable",
    "log_group_retention",
    "no_forced_deletion",
    "restores_tested",
    "secret_recovery_window",
    "stream_retention",
    "table_recovery",
    "trail_files_validated",
    "trail_in_every_region",
]
