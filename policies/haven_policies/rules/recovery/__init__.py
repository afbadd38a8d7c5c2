"""Whatever one Region uses is there for the other one: read from what refers to what, in both directions.

Both directions, for the roles swap: after a failover the Region that is left is the one that may be lost next.
"""

from haven_policies.rules.recovery._assets import (
    certificates_in_both_regions,
    images_in_both_regions,
    keys_in_both_regions,
    log_groups_in_both_regions,
    parameters_in_both_regions,
    secrets_in_both_regions,
)
from haven_policies.rules.recovery._permissions import permissions_in_both_regions, pod_roles_in_both_regions

__all__ = [
    "certificates_in_both_regions",
    "images_in_both_regions",
    "keys_in_both_regions",
    "log_groups_in_both_regions",
    "parameters_in_both_regions",
    "permissions_in_both_regions",
    "pod_roles_in_both_regions",
    "secrets_in_both_regions",
]
