"""Data stays where it may be: every flow of it, and the Region of each store."""

from haven_policies.rules.residency.rules import (
    backups_in_allowed_regions,
    destinations_known,
    events_in_allowed_regions,
    logs_in_allowed_regions,
    messages_stay_in_aws,
    own_accounts_only,
    replicas_in_allowed_regions,
    stores_in_allowed_regions,
)

__all__ = (
    "backups_in_allowed_regions",
    "destinations_known",
    "events_in_allowed_regions",
    "logs_in_allowed_regions",
    "messages_stay_in_aws",
    "own_accounts_only",
    "replicas_in_allowed_regions",
    "stores_in_allowed_regions",
)
