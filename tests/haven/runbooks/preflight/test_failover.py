"""Each thing that a failover needs, with the answers of AWS at, before and behind each border."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from haven.runbooks.manifest import Reservation
from haven.runbooks.observation import Answer
from haven.runbooks.preflight import capacity, database, permissions
from haven.runbooks.preflight import operations as operations_of
from haven.runbooks.preflight.checks import Status
from haven.runbooks.preflight.database import Member
from haven.runbooks.preflight.quota_usage import Use
from haven.runbooks.preflight.quotas import Executions
from haven.runbooks.preflight.view import Key
from haven.runbooks.workflow.lease import HELD, Seen
from haven_components.resilience._operator_rights import RIGHTS
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import (
    CATALOG,
    NOW,
    THIRD,
    at,
    bad,
    checks,
    datastore,
    heartbeats,
    manifest,
    member,
    points,
    ready,
    restore_test,
    view,
)

SECOND = timedelta(seconds=1)


def test_nothing_forbids_a_failover_of_an_environment_that_is_ready_in_either_direction() -> None:
    assert bad() == []
    members = ready(manifest())["global database", PRIMARY].value["GlobalClusterMembers"]
    swapped = [{**each, "IsWriter": not each["IsWriter"]} for each in members]
    written: Mapping[Key, Any] = {
        ("global database", region): {"Status": "available", "GlobalClusterMembers": swapped}
        for region in (PRIMARY, RECOVERY)
    }
    roles = {PRIMARY: "SECONDARY", RECOVERY: "PRIMARY"}
    promoted = {("datastore of the cache", region): datastore(region, role) for region, role in roles.items()}
    assert bad({**written, **promoted}, to=PRIMARY) == []


def test_what_the_region_does_not_answer_that_would_be_promoted_forbids_it_and_of_the_other_one_nothing_does() -> None:
    for silent, blocks in ((RECOVERY, True), (PRIMARY, False)):
        answers: dict[Key, Any] = {
            key: Answer(unknown="no answer within 7 s") for key in ready(manifest()) if key[1] == silent
        }
        for key in (("alarm", PRIMARY), ("alarm", RECOVERY)):  # each is in the other Region
            answers.pop(key, None)
        found = bad(answers)
        unknown = [each for each in found if each.status is Status.UNKNOWN]
        assert [each for each in found if each not in unknown] == []
        assert any(each.blocks for each in unknown) is blocks
        assert all(each.fix for each in unknown)
        assert {each.region for each in unknown if not blocks} <= {PRIMARY}


def test_every_answer_that_is_missing_is_unknown_and_never_fine() -> None:
    fine = {(each.what, each.region) for each in checks()}
    for key in ready(manifest()):
        if key[1] == PRIMARY and not key[0].startswith(("manifest", "global", "database", "secret", "restore", "cert")):
            continue  # the Region that would be left isn't judged by it
        if key[0] == "lease" or (key[0] == "global database" and key[1] == PRIMARY):
            continue  # a majority, or the other Region, is enough
        if key[0] in ("data subnets", "network ACLs", "subnets of nodes"):
            continue  # the Region that would be left is closed (steps/test_subnets.py)
        found = bad({key: Answer(unknown="AccessDenied")})
        assert [each.status for each in found if each.status is Status.UNKNOWN], key
        assert len(fine) >= len(found)


def test_credentials_of_another_account_forbid_it() -> None:
    [check] = bad({("caller", RECOVERY): ("444455556666", "arn:aws:iam::444455556666:user/x")})
    assert (check.what, check.blocks) == ("credentials", True)
    assert check.fix == "use credentials of account 111122223333"


def test_an_action_that_the_role_lacks_forbids_it_and_one_that_depends_on_the_request_is_a_warning() -> None:
    [denied] = bad({("simulation of the database", RECOVERY): {"rds:FailoverGlobalCluster": []}})
    assert (denied.got, denied.blocks) == ("denied: rds:FailoverGlobalCluster", True)
    [depends] = bad({("simulation of the database", RECOVERY): {"rds:FailoverGlobalCluster": ["aws:SourceIp"]}})
    assert (depends.status, depends.blocks) == (Status.UNKNOWN, False)
    assert depends.got == "rds:FailoverGlobalCluster depends on aws:SourceIp"


def test_without_a_role_of_operators_nobody_knows_whether_the_credentials_suffice() -> None:
    operations = manifest().operations
    assert operations is not None
    without = manifest().model_copy(update={"operations": operations.model_copy(update={"role": ""})})
    [check] = bad(found=without)
    assert (check.what, check.status, check.blocks) == ("operators' role", Status.UNKNOWN, False)


def test_a_failover_s_actions_are_those_of_the_operator_s_role() -> None:
    allowed = {each.action for each in RIGHTS}
    for tier in ("backup", "pilot-light", "warm"):
        named = {action for use in permissions.uses(manifest(tier), RECOVERY) for action in use.actions}
        assert named
        assert named <= allowed


def test_executions_below_what_lambda_keeps_unreserved_are_a_warning() -> None:
    [check] = bad({("executions of functions", RECOVERY): Executions(90, 90, 0)})
    assert (check.got, check.needed, check.blocks) == ("90 of 90 unreserved", "100 unreserved", False)
    assert check.fix.endswith("--quota-code L-B99A9384 --desired-value 100")


def test_manifests_that_differ_are_named_by_what_differs() -> None:
    [check] = bad({("manifest", PRIMARY): json.dumps({"version": 1, "tier": "warm"})})
    assert (check.got, check.blocks) == ("they differ in tier", True)
    [missing] = bad({("manifest", RECOVERY): None})
    assert (missing.got, missing.blocks) == ("no such parameter", True)


def test_a_lease_that_somebody_has_names_them() -> None:
    [check] = bad({("lease", RECOVERY): Seen(8, 1, "b", "grace", HELD)})
    assert (check.got, check.blocks) == ("grace has it (token 8)", True)


@pytest.mark.parametrize(("silent", "status"), [(0, Status.OK), (1, Status.OK), (2, Status.UNKNOWN)])
def test_a_lease_is_free_by_a_majority_of_its_tables(silent: int, status: Status) -> None:
    regions = [PRIMARY, RECOVERY, THIRD][:silent]
    answers = {("lease", region): Answer(unknown="no connection") for region in regions}
    [check] = [each for each in checks(answers) if each.what == "lease"]
    assert check.status is status
    assert check.blocks is (status is Status.UNKNOWN)


def test_without_a_third_region_nobody_can_win_the_lease() -> None:
    operations = manifest().operations
    assert operations is not None
    tables = {region: each for region, each in operations.tables.items() if region != THIRD}
    two = manifest().model_copy(update={"operations": operations.model_copy(update={"tables": tables})})
    none = manifest().model_copy(update={"operations": None})
    for found in (two, none):
        seen = replace(view(manifest()), manifest=found)
        [check] = [each for each in operations_of.checks(seen) if each.status is not Status.OK]
        assert check.what == "operations tables"
        assert check.blocks
        assert "haven:operations.witnessRegion" in check.fix


def test_tier_backup_fails_over_into_one_region_only() -> None:
    [check] = [each for each in bad(found=manifest("backup"), to=PRIMARY) if each.what == "operations tables"]
    assert (check.got, "docs/restore.md" in check.fix) == (f"tier backup restores into {RECOVERY} only", True)


@pytest.mark.parametrize(("more", "verdict"), [(-1, ""), (0, ""), (1, "too old for a planned failover")])
def test_a_heartbeat_is_fresh_up_to_a_minute(more: int, verdict: str) -> None:
    found = bad({("heartbeats", RECOVERY): heartbeats(manifest(), database=60_000 + more)})
    assert [each.got.rpartition(", ")[2] for each in found] == ([verdict] if verdict else [])
    assert [each.what for each in found] == (["heartbeat of database"] if verdict else [])


@pytest.mark.parametrize(("age_ms", "blocks"), [(16 * 60_000, False), (16 * 60_000 + 1, True)])
def test_a_bucket_blocks_only_after_the_time_that_s3_promises(age_ms: int, blocks: bool) -> None:
    found = manifest()
    patient = found.model_copy(update={"objectives": found.objectives.model_copy(update={"rpo_minutes": None})})
    beats = heartbeats(patient, **{"bucket:models": age_ms})
    lines = {each.what: each for each in checks({("heartbeats", RECOVERY): beats}, patient)}
    assert lines["heartbeat of bucket:models"].blocks is blocks
    assert lines["heartbeat of bucket:models"].needed == "at most 960 s old"
    assert lines["heartbeat of cache#0"].needed == "at most 60 s old"


def test_each_store_without_a_heartbeat_is_a_line_of_its_own() -> None:
    items, answer = heartbeats(manifest())
    kept = [each for each in items if each["entry"] not in ("cache#0", "cache#1", "database")]
    found = bad({("heartbeats", RECOVERY): (kept, answer)})
    assert {each.what for each in found} == {f"heartbeat of {each}" for each in ("cache#0", "cache#1", "database")}
    assert all(each.blocks and each.got.endswith("no heartbeat") for each in found)


def test_a_headless_member_has_no_heartbeat_before_it_has_an_instance() -> None:
    found = manifest("pilot-light")
    items, answer = heartbeats(found)
    answers = {("heartbeats", RECOVERY): ([each for each in items if each["entry"] != "database"], answer)}
    [check] = [each for each in checks(answers, found) if each.what == "heartbeat of database"]
    assert (check.status, "headless" in check.got) == (Status.OK, True)


def test_the_region_that_is_written_can_not_be_failed_over_to() -> None:
    found = bad(to=PRIMARY)
    assert ("writer of haven-warm-db-global", PRIMARY) in {(each.what, each.got) for each in found if each.blocks}
    answers = {key: each for key, each in ready(manifest()).items() if key[0] == "global database"}
    assert database.standby(manifest(), answers) == RECOVERY


@pytest.mark.parametrize(
    ("change", "blocks"),
    [
        ({"EngineVersion": "16.10"}, True),
        ({"PendingModifiedValues": {"EngineVersion": "17.4"}}, True),
        ({"PendingModifiedValues": {"MasterUserPassword": "****"}}, False),
    ],
)
@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_members_of_different_versions_take_no_promotion(change: Mapping[str, Any], blocks: bool, region: str) -> None:
    found = bad({("database member", region): member(manifest(), region, **change)})
    assert [each.blocks for each in found] == [blocks]
    assert found[0].what == (
        "engine versions" if "EngineVersion" in change else f"maintenance of haven-warm-db-{CODE[region]}"
    )


CODE = {PRIMARY: "euw1", RECOVERY: "euc1"}


@pytest.mark.parametrize(
    ("action", "blocks"),
    [("system-update", True), ("db-upgrade", True), ("os-upgrade", False), ("ca-certificate-rotation", False)],
)
def test_a_pending_patch_of_the_engine_forbids_a_managed_failover(action: str, blocks: bool) -> None:
    for region in (PRIMARY, RECOVERY):
        due = {"Action": action, "CurrentApplyDate": NOW}
        [check] = bad({("pending maintenance", region): [due]})
        assert (check.got, check.blocks) == (f"{action} on 2026-11-26", blocks)


def test_a_look_at_maintenance_that_is_denied_hides_neither_members_nor_versions_nor_endpoint() -> None:
    denied = Answer(unknown="DescribePendingMaintenanceActions is refused: AccessDenied")
    found = bad({("pending maintenance", region): denied for region in (PRIMARY, RECOVERY)})
    assert [(each.what, each.blocks) for each in found] == [
        ("maintenance of haven-warm-db-euc1", True),
        ("maintenance of haven-warm-db-euw1", False),
    ]


def test_an_instance_that_runs_another_version_than_its_cluster_is_found() -> None:
    here = member(manifest(), RECOVERY)
    late = Member(here.cluster, [{**here.instances[0], "EngineVersion": "16.10"}])
    assert [each.what for each in bad({("database member", RECOVERY): late})] == ["engine versions"]


def test_replication_that_is_cut_off_and_a_member_that_is_missing_forbid_it() -> None:
    known = ready(manifest())["global database", RECOVERY].value
    cut = [{**each, "SynchronizationStatus": "pending-resync"} for each in known["GlobalClusterMembers"]]
    only = known["GlobalClusterMembers"][:1]
    for members, got in ((cut, "pending-resync"), (only, f"no member in {RECOVERY}")):
        [check] = bad({("global database", RECOVERY): {**known, "GlobalClusterMembers": members}})
        assert got in check.got
        assert check.blocks
    [moving] = bad({("global database", RECOVERY): {**known, "Status": "switching-over"}})
    assert moving.got == "it is switching-over"


@pytest.mark.parametrize(("seconds", "fine"), [(-1, True), (0, True), (1, False)])
def test_a_copy_is_new_enough_up_to_what_the_manifest_promises(seconds: int, fine: bool) -> None:
    promised = manifest().backups
    assert promised is not None
    created = at(minutes=promised.newest_minutes, seconds=seconds)
    found = bad({("recovery points", RECOVERY): points(manifest(), RECOVERY, CreationDate=created)})
    assert len(found) == (0 if fine else 3)
    assert not any(each.blocks for each in found)  # its stores are replicated


@pytest.mark.parametrize(
    "change",
    [{"Status": "EXPIRED"}, {"Status": "CREATING"}, {"CalculatedLifecycle": {"DeleteAt": NOW}}],
)
def test_where_stores_are_restored_a_copy_that_is_expired_or_not_complete_forbids_it(change: Mapping[str, Any]) -> None:
    found = manifest("backup")
    new = {"CreationDate": at(minutes=10)}
    fine = {("recovery points", RECOVERY): points(found, RECOVERY, **new)}
    assert [each for each in bad(fine, found) if "copy" in each.what] == []
    answers = {("recovery points", RECOVERY): points(found, RECOVERY, **new, **change)}
    copies = [each for each in bad(answers, found) if "copy" in each.what]
    assert len(copies) == 1 + len(found.sides[RECOVERY].tables)
    assert all(each.blocks for each in copies)
    later = {"CalculatedLifecycle": {"DeleteAt": NOW + SECOND}}
    kept = {("recovery points", RECOVERY): points(found, RECOVERY, **new, **later)}
    assert [each for each in bad(kept, found) if "copy" in each.what] == []


def test_the_newest_restore_test_of_each_type_counts() -> None:
    failed = restore_test(Status="FAILED", StatusMessage="no subnet", CreationDate=at(days=1))
    answers: dict[Key, Any] = {("restore tests", RECOVERY): [failed, restore_test()]}
    [check] = bad(answers)
    assert (check.got, check.blocks) == ("FAILED, validation SUCCESSFUL on 2026-11-25: no subnet", False)
    again = restore_test(CreationDate=at(hours=1))
    assert bad({("restore tests", RECOVERY): [failed, again]}) == []
    running = restore_test(Status="RUNNING", CreationDate=at(hours=1))
    assert len(bad({("restore tests", RECOVERY): [failed, running]})) == 1
    invalid = restore_test(ValidationStatus="FAILED", CreationDate=at(hours=1))
    assert len(bad({("restore tests", RECOVERY): [invalid]})) == 1


def test_without_any_restore_test_copies_are_a_hope() -> None:
    none: dict[Key, Any] = {("restore tests", region): [] for region in (PRIMARY, RECOVERY)}
    assert [(each.got, each.blocks) for each in bad(none)] == [("none has ended", False)]


@pytest.mark.parametrize(("more", "fine"), [(-1, False), (0, True), (1, True)])
def test_a_quota_has_room_for_full_scale_beside_what_others_use(more: int, fine: bool) -> None:
    wanted = capacity.demand(manifest(), RECOVERY, CATALOG)
    quota = next(each for each in CATALOG.quotas() if each.code == "L-DB2E81BA")
    need = wanted.of_quota(quota)
    uses = {each.code: Use(8) for each in CATALOG.quotas()}
    answers: dict[Key, Any] = {
        ("quota L-DB2E81BA", RECOVERY): float(need + 8 + more),
        ("use of quotas", RECOVERY): uses,
    }
    found = bad(answers)
    assert [each.blocks for each in found] == ([] if fine else [True])
    assert all(f"--desired-value {need + 8}" in each.fix for each in found)


@pytest.mark.parametrize(
    ("change", "fine"),
    [
        ({}, True),
        ({"TotalInstanceCount": 2}, False),
        ({"State": "expired"}, False),
        ({"EndDate": NOW}, False),
        ({"EndDate": NOW + SECOND}, True),
    ],
)
def test_a_reservation_is_active_and_large_enough(change: Mapping[str, Any], fine: bool) -> None:
    found = manifest()
    side = found.sides[RECOVERY]
    name = next(name for name in side.cluster.node_groups if "serving" in name)
    group = side.cluster.node_groups[name]
    reserved = group.model_copy(update={"reservation": Reservation(id="cr-1", zone=f"{RECOVERY}a")})
    groups = {**side.cluster.node_groups, name: reserved}
    cluster = side.cluster.model_copy(update={"node_groups": groups})
    sides = {**found.sides, RECOVERY: side.model_copy(update={"cluster": cluster})}
    seen = view(found)
    answer = Answer({"State": "active", "TotalInstanceCount": 3, **change})
    changed = replace(
        seen,
        manifest=found.model_copy(update={"sides": sides}),
        answers={**seen.answers, (f"reservation {name}", RECOVERY): answer},
    )
    [check] = [each for each in capacity.checks(changed, CATALOG) if each.what.startswith("reservation")]
    assert (check.status is Status.OK) is fine


def test_an_older_manifest_leaves_unknown_what_it_does_not_name() -> None:
    older = manifest().model_copy(update=dict.fromkeys(("images", "weights", "secrets", "backups")))
    found = [each for each in bad(found=older) if each.what in ("images", "weights", "secrets")]
    assert [(each.status, each.blocks) for each in found] == [(Status.UNKNOWN, True)] * 3
    assert all("pulumi up" in each.fix for each in found)
