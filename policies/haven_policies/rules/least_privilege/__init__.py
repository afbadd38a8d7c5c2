"""Least privilege, in AWS and in Kubernetes, and no access for unknown principals."""

from haven_policies.rules.least_privilege.kubernetes import (
    cluster_access_without_admin,
    workload_without_cluster_admin,
)
from haven_policies.rules.least_privilege.permissions import (
    no_administrators_policy,
    no_all_actions,
    no_all_resources,
    passed_roles_named,
)
from haven_policies.rules.least_privilege.pods import pod_apart_from_node
from haven_policies.rules.least_privilege.roles import kubernetes_role_without_wildcards
from haven_policies.rules.least_privilege.trust import (
    failover_role_demands_mfa,
    federated_subjects_named,
    no_wildcard_principal,
    other_accounts_on_condition,
    service_acts_for_account,
)

__all__ = [
    "cluster_access_without_admin",
    "failover_role_demands_mfa",
    "federated_subjects_named",
    "kubernetes_role_without_wildcards",
    "no_administrators_policy",
    "no_all_actions",
    "no_all_resources",
    "no_wildcard_principal",
    "other_accounts_on_condition",
    "passed_roles_named",
    "pod_apart_from_node",
    "service_acts_for_account",
    "workload_without_cluster_admin",
]
