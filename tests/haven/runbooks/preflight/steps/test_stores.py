"""Cache, tables and the audit's bucket in the Region that would be written."""

import pytest

from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Status
from haven.runbooks.preflight.steps.stores import Cache
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import bad, checks, datastore, manifest, table

DATASTORE, AUDIT = ("datastore of the cache", RECOVERY), ("audit bucket", RECOVERY)
NAME = manifest().replicated_tables[0]
TABLE = (f"table {NAME}", RECOVERY)


@pytest.mark.parametrize("state", ["modifying", "creating", "deleting"])
def test_a_datastore_that_takes_no_promotion_forbids_it(state: str) -> None:
    [check] = bad({DATASTORE: datastore(RECOVERY, state=state)})
    assert (check.got, check.blocks) == (f"secondary, associated, datastore {state}", True)


def test_a_group_that_is_cut_off_from_its_datastore_or_in_none_forbids_it() -> None:
    [cut] = bad({DATASTORE: datastore(RECOVERY, own="disassociating")})
    assert (cut.got, cut.blocks) == ("secondary, disassociating, datastore available", True)
    [alone] = bad({DATASTORE: Cache({}, None)})
    assert (alone.got, alone.blocks) == ("the group is in no Global Datastore", True)
    [missing] = bad({DATASTORE: None})
    assert (missing.got, missing.blocks) == ("no such group", True)
    [elsewhere] = bad({DATASTORE: datastore(PRIMARY)})
    assert elsewhere.got == "secondary, no member, datastore available"


def test_a_group_that_is_the_primary_already_forbids_it() -> None:
    [check] = bad({DATASTORE: datastore(RECOVERY, "PRIMARY")})
    assert (check.got, check.blocks) == ("the primary group already", True)


def test_a_tier_without_a_datastore_asks_for_none() -> None:
    assert not [each for each in checks(found=manifest("pilot-light")) if each.what.startswith("Global Datastore")]


def test_a_table_that_takes_no_writes_forbids_it_and_a_replica_that_is_cut_off_is_a_warning() -> None:
    for answer, got in ((table(PRIMARY, "CREATING"), "CREATING"), (None, "no such table")):
        [check] = bad({TABLE: answer})
        assert (check.got, check.blocks) == (got, True)
    assert bad({TABLE: table(PRIMARY, "UPDATING")}) == []
    for answer, got in (
        (table(PRIMARY, replica="INACCESSIBLE_ENCRYPTION_CREDENTIALS"), "INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
        (table("us-east-1"), "no replica"),
    ):
        [warning] = bad({TABLE: answer})
        assert (warning.got, warning.what, warning.blocks) == (got, f"replica of {NAME} in {PRIMARY}", False)


def test_a_failover_without_a_bucket_for_its_audit_is_forbidden() -> None:
    [check] = bad({AUDIT: None})
    assert (check.got, check.blocks) == ("no such bucket", True)
    [unknown] = bad({AUDIT: Answer(unknown="AccessDenied")})
    assert (unknown.status, unknown.blocks) == (Status.UNKNOWN, True)
