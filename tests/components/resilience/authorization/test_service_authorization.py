"""The operator's role and its simulation against AWS's Service Authorization Reference.

`service_authorization.csv` has the reference's pages of these services as of 2026-10-27, of each action that the role
has: the resource types that a statement has to name, those that it may, and which of the condition keys that the role's
policy uses the action, or a resource type of it, knows. A type is its ARN after the partition. Of a recovery point the
reference leaves the service open.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from haven.runbooks.preflight import permissions
from haven_components.resilience._operator_rights import RIGHTS
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.failover.as_the_role.role import document
from tests.haven.runbooks.preflight.answers import manifest
from tests.simulation.model import PLAN

TABLE = Path(__file__).with_name("service_authorization.csv")
CONDITIONS = {"ec2:Vpc"}
"""A key that the component adds as an output of the VPCs."""


@dataclass(frozen=True)
class Entry:
    """An action, as the reference has it."""

    required: Sequence[str]
    optional: Sequence[str]
    conditions: Sequence[str]

    @property
    def types(self) -> Sequence[str]:
        """Every type that a statement may name; none: it has to name everything."""
        return [*self.required, *self.optional]


def reference() -> Mapping[str, Entry]:
    """The table, by action."""
    with TABLE.open() as lines:
        return {
            row["action"]: Entry(row["required"].split(), row["optional"].split(), row["conditions"].split())
            for row in csv.DictReader(lines)
        }


REFERENCE = reference()


def is_of(type_: str, arn: str) -> bool:
    """Whether an ARN is of a resource type; its own asterisk may stand for two parts."""
    resource = arn.split(":", 2)[2]
    return any(fnmatchcase(each, type_) for each in (resource, resource.replace("*", "*/*")))


def unnamed(action: str, resources: Sequence[str]) -> list[str]:
    """The resource types that an action needs and none of these resources is of."""
    known = REFERENCE[action]
    if "*" in resources:
        return []
    if not known.types:
        return ["*"]
    found = {each: any(is_of(each, arn) for arn in resources) for each in known.types}
    missing = [each for each in known.required if not found[each]]
    return missing if known.required or any(found.values()) else list(known.optional)


def test_the_table_has_the_role_s_actions_and_no_other() -> None:
    assert sorted(REFERENCE) == sorted({each.action for each in RIGHTS})


def test_each_action_has_resources_of_every_type_that_aws_asks_about() -> None:
    wrong = {
        f"{action} ({each['Sid']})": types
        for each in document()
        for action in each["Action"]
        if (types := unnamed(action, each["Resource"]))
    }
    assert wrong == {}


def test_no_statement_has_a_resource_that_none_of_its_actions_takes() -> None:
    wrong = [
        arn
        for each in document()
        for arn in each["Resource"]
        if arn != "*" and not any(is_of(type_, arn) for action in each["Action"] for type_ in REFERENCE[action].types)
    ]
    assert wrong == []


def test_a_condition_is_one_that_each_of_its_statement_s_actions_knows() -> None:
    """A key that a request lacks allows nothing."""
    asked: set[str] = set()
    for each in document():
        keys = {key for keys in each.get("Condition", {}).values() for key in keys}
        for action in each["Action"]:
            assert keys <= {*REFERENCE[action].conditions}, (each["Sid"], action)
        asked |= keys
    known = {key for each in REFERENCE.values() for key in each.conditions}
    assert asked == known - CONDITIONS
    for action in ("ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"):
        assert REFERENCE[action].conditions == [*CONDITIONS]


OF_LOOKED_UP = {
    "key": "arn:aws:kms:{0}:1:key/k",
    "datastore": "arn:aws:elasticache::1:globalreplicationgroup:abcde-global",
}
"""Member of a `Use` to what AWS is asked the ARN of."""


@pytest.mark.parametrize("tier", ["backup", "pilot-light", "warm"])
def test_each_action_is_simulated_on_resources_of_every_type_that_aws_asks_about(tier: str) -> None:
    made: Any = manifest(tier).model_copy(update={"recovery_plan": PLAN})
    wrong = {}
    for region in (PRIMARY, RECOVERY):
        for use in permissions.uses(made, region):
            looked_up = [arn.format(region) for name, arn in OF_LOOKED_UP.items() if getattr(use, name)]
            resources = [*use.resources, *looked_up]
            for action in use.actions:
                if types := unnamed(action, resources):
                    wrong[f"{action} ({use.name})"] = types
    assert wrong == {}
