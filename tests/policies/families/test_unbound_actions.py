"""The actions that the rules let be allowed on every resource, against what a linter knows of AWS."""

import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from haven_policies.rules.least_privilege._unbound import UNBOUND

with warnings.catch_warnings():  # it leaves its data files open, and finds them in a way that is going out of use
    warnings.simplefilter("ignore")
    import parliament

TAKING = {"logs:getqueryresults", "route53:getchange"}
"""The linter wants a log group for the answers to a query, though a query over all of a console's groups names none;
and a change, whose id is unknown before."""


def known(pattern: str) -> Iterator[tuple[str, bool]]:
    """Every action that a pattern means, and whether AWS wants a resource for it."""
    for service in parliament.iam_definition:
        for each in service["privileges"]:
            name = f"{service['prefix']}:{each['privilege']}".lower()
            if fnmatchcase(name, pattern):
                yield name, any(one["resource_type"].endswith("*") for one in each["resource_types"])


@pytest.mark.parametrize("pattern", UNBOUND)
def test_no_action_that_is_spared_needs_a_resource(pattern: str) -> None:
    found = dict(known(pattern))
    assert found
    assert {name for name, needs in found.items() if needs} <= TAKING
