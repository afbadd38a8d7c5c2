"""The environment conforms to its tier: the other Region has what the tier requires, at its scale.

Whichever Region doesn't serve is judged, and that which does: after a failover the roles swap, so nothing that is
needed in both may be missing in either. What exceeds the tier is no violation.

That images, secrets and keys are in both Regions, in every tier, is for the rules of recovery.
"""

from haven_policies.rules.tier_conformance._alike import standby_same_machines, standby_same_versions
from haven_policies.rules.tier_conformance._clusters import (
    standby_cluster,
    standby_gpu_nodes,
    standby_room_to_grow,
    standby_system_nodes,
)
from haven_policies.rules.tier_conformance._databases import (
    database_born_global,
    standby_cache,
    standby_database,
    standby_database_instances,
    standby_write_forwarding,
)
from haven_policies.rules.tier_conformance._ingress import standby_balancer, standby_endpoints, standby_firewall
from haven_policies.rules.tier_conformance._networks import standby_nat, standby_network, standby_zones
from haven_policies.rules.tier_conformance._stores import (
    objects_replicated_both_ways,
    objects_replicated_in_time,
    objects_under_one_name,
    queues_in_both_regions,
    tables_replicated,
)
from haven_policies.rules.tier_conformance._traffic import no_traffic_to_standby, traffic_follows_tier

__all__ = [
    "database_born_global",
    "no_traffic_to_standby",
    "objects_replicated_both_ways",
    "objects_replicated_in_time",
    "objects_under_one_name",
    "queues_in_both_regions",
    "standby_balancer",
    "standby_cache",
    "standby_cluster",
    "standby_database",
    "standby_database_instances",
    "standby_endpoints",
    "standby_firewall",
    "standby_gpu_nodes",
    "standby_nat",
    "standby_network",
    "standby_room_to_grow",
    "standby_same_machines",
    "standby_same_versions",
    "standby_system_nodes",
    "standby_write_forwarding",
    "standby_zones",
    "tables_replicated",
    "traffic_follows_tier",
]
