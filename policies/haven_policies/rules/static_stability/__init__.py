"""What is left goes on by itself: nothing in the recovery asks the lost Region, or a control plane in one place."""

from haven_policies.rules.static_stability._images import images_of_own_region, images_of_own_registry
from haven_policies.rules.static_stability._independence import alarms_tell_at_home, regions_stand_apart
from haven_policies.rules.static_stability._programs import (
    manifest_in_both_regions,
    provider_is_explicit,
    providers_ask_nobody,
    unreachable_clusters_are_skipped,
)
from haven_policies.rules.static_stability._switch import (
    region_record_has_health_check,
    region_record_is_short_lived,
    switch_keeps_last_status,
    switch_lives_in_other_region,
    traffic_moves_by_decision,
    traffic_moves_without_edits,
)

__all__ = [
    "alarms_tell_at_home",
    "images_of_own_region",
    "images_of_own_registry",
    "manifest_in_both_regions",
    "provider_is_explicit",
    "providers_ask_nobody",
    "region_record_has_health_check",
    "region_record_is_short_lived",
    "regions_stand_apart",
    "switch_keeps_last_status",
    "switch_lives_in_other_region",
    "traffic_moves_by_decision",
    "traffic_moves_without_edits",
    "unreachable_clusters_are_skipped",
]
