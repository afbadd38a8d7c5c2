"""The rules: plain functions over Haven's own resource record. Nothing here knows Pulumi."""

from collections.abc import Sequence

from haven_policies.rules import (
    availability,
    data_protection,
    encryption,
    least_privilege,
    naming,
    recovery,
    residency,
    static_stability,
    tier_conformance,
)
from haven_policies.rules.model import Rule, rules_of

FAMILIES = (
    encryption,
    availability,
    data_protection,
    tier_conformance,
    recovery,
    residency,
    static_stability,
    least_privilege,
    naming,
)

RULES: Sequence[Rule] = tuple(rule for family in FAMILIES for rule in rules_of(family))
"""Every rule there is, family by family."""
