"""Nothing depends on one zone, and nothing is deleted by one mistake."""

from haven_policies.rules.availability.databases import cache_fails_over, database_promotion_order, database_spans_zones
from haven_policies.rules.availability.deletion import deletion_protection, stateful_resources_protected
from haven_policies.rules.availability.disruptions import (
    disruption_budget_allows_drains,
    workload_has_disruption_budget,
)
from haven_policies.rules.availability.nodes import gpu_groups_spread, node_updates_keep_half
from haven_policies.rules.availability.traffic import (
    queue_has_dead_letters,
    target_health_alarm,
    target_health_check,
    targets_drain,
)
from haven_policies.rules.availability.workloads import (
    workload_has_probes,
    workload_replicas,
    workload_requests_resources,
    workload_spread,
)
from haven_policies.rules.availability.zones import file_system_spans_zones, nat_per_zone, spans_zones

__all__ = [
    "cache_fails_over",
    "database_promotion_order",
    "database_spans_zones",
    "deletion_protection",
    "disruption_budget_allows_drains",
    "file_system_spans_zones",
    "gpu_groups_spread",
    "nat_per_zone",
    "node_updates_keep_half",
    "queue_has_dead_letters",
    "spans_zones",
    "stateful_resources_protected",
    "target_health_alarm",
    "target_health_check",
    "targets_drain",
    "workload_has_disruption_budget",
    "workload_has_probes",
    "workload_replicas",
    "workload_requests_resources",
    "workload_spread",
]
