"""What a failover needs in the other Region: images, weights, keys, secrets, certificates, endpoints."""

from datetime import timedelta
from typing import Any

import pytest

from haven.runbooks.preflight.checks import Status
from haven.runbooks.preflight.entrances import CERTIFICATE_LEAST, CERTIFICATE_WARNING, Entrance
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import (
    GIB,
    NOW,
    bad,
    certificate,
    checks,
    manifest,
    secret,
)

WEIGHTS = "weights models/chat/v1"
SECRET = "secret haven-warm-db-secret"
SERVING = "images haven-warm-images/serving"
SECOND = timedelta(seconds=1)


def test_an_image_that_is_missing_is_named_by_its_digest() -> None:
    [check] = bad({(SERVING, RECOVERY): {"sha256:25": "ImageNotFound"}})
    assert (check.got, check.blocks) == ("sha256:25: ImageNotFound", True)
    assert [each.got for each in bad({(SERVING, RECOVERY): None})] == ["no such repository"]


@pytest.mark.parametrize(("bytes_", "fine"), [(-1, False), (0, True), (1, True)])
def test_weights_are_whole_from_half_of_their_size_in_the_stack_file_on(bytes_: int, fine: bool) -> None:
    kept = {"chat/v1/model": int(7.5 * GIB) + bytes_}
    found = bad({(WEIGHTS, RECOVERY): kept, (WEIGHTS, PRIMARY): kept})
    assert [each.blocks for each in found] == ([] if fine else [True])


def test_an_object_of_the_weights_that_did_not_arrive_or_is_cut_off_is_named() -> None:
    kept = {"chat/v1/a": 8 * GIB, "chat/v1/b": 8 * GIB}
    for here in ({"chat/v1/a": 8 * GIB}, {**kept, "chat/v1/b": 8 * GIB - 1}):
        [check] = bad({(WEIGHTS, RECOVERY): here, (WEIGHTS, PRIMARY): kept})
        assert check.got.endswith("1 lacking or of another size, such as chat/v1/b")
        assert check.blocks
    assert [each.got for each in bad({(WEIGHTS, RECOVERY): {}})] == ["no object"]


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "Unavailable"])
def test_a_key_that_is_not_enabled_forbids_it(state: str) -> None:
    for region in (PRIMARY, RECOVERY):
        key = {"KeyState": state, "Enabled": False, "Arn": f"arn:aws:kms:{region}:1:key/mrk-1", "DeletionDate": NOW}
        [check] = bad({("key", region): key})
        assert (check.got, check.blocks) == (f"{state}, on 2026-11-26", True)


def test_a_key_of_another_region_is_no_key_of_this_one() -> None:
    key = {"KeyState": "Enabled", "Enabled": True, "Arn": f"arn:aws:kms:{PRIMARY}:1:key/mrk-1"}
    assert [each.got for each in bad({("key", RECOVERY): key})] == [f"Enabled, in {PRIMARY}"]


@pytest.mark.parametrize(
    ("here", "there", "got"),
    [
        (None, secret(), "no such secret"),
        (secret("v1"), secret("v2"), f"version v1, and v2 in {PRIMARY}"),
        (secret(DeletedDate=NOW), secret(), "to be deleted since 2026-11-26"),
        ({"VersionIdsToStages": {"v0": ["AWSPREVIOUS"]}}, secret(), "no current version"),
        (
            secret(),
            secret(ReplicationStatus=[{"Region": RECOVERY, "Status": "Failed", "StatusMessage": "no key"}]),
            f"{RECOVERY}: Failed: no key",
        ),
    ],
)
def test_a_secret_is_the_same_version_in_both_regions(here: Any, there: Any, got: str) -> None:
    [check] = bad({(SECRET, RECOVERY): here, (SECRET, PRIMARY): there})
    assert (check.got, check.blocks) == (got, True)


@pytest.mark.parametrize(
    ("left", "status", "blocks"),
    [
        (CERTIFICATE_WARNING, Status.OK, False),
        (CERTIFICATE_WARNING - SECOND, Status.PROBLEM, False),
        (CERTIFICATE_LEAST, Status.PROBLEM, False),
        (CERTIFICATE_LEAST - SECOND, Status.PROBLEM, True),
        (-SECOND, Status.PROBLEM, True),
    ],
)
def test_a_certificate_ends_in_weeks_with_a_warning_and_in_days_forbids_it(
    left: timedelta, status: Status, blocks: bool
) -> None:
    found = checks({("certificates", RECOVERY): Entrance("active", [certificate(left)])})
    [check] = [each for each in found if each.what.startswith("certificate of") and each.region == RECOVERY]
    assert (check.status, check.blocks) == (status, blocks)


def test_a_certificate_that_is_not_issued_or_whose_renewal_failed_is_a_problem() -> None:
    for changes, blocks in (
        ({"Status": "PENDING_VALIDATION"}, True),
        ({"Status": "EXPIRED"}, True),
        ({"RenewalSummary": {"RenewalStatus": "FAILED"}}, False),
    ):
        [check] = bad({("certificates", RECOVERY): Entrance("active", [certificate(**changes)])})
        assert check.blocks is blocks
        assert check.fix


def test_certificates_of_the_region_that_would_be_left_are_warnings_for_the_way_back() -> None:
    [check] = bad({("certificates", PRIMARY): Entrance("active", [certificate(Status="EXPIRED")])})
    assert (check.region, check.blocks) == (PRIMARY, False)


def test_an_entrance_without_certificates_or_that_is_not_active_forbids_it() -> None:
    assert [each.got for each in bad({("certificates", RECOVERY): Entrance("active", [])})] == [
        "no listener of haven-warm-euc1 has one"
    ]
    [check] = bad({("certificates", RECOVERY): Entrance("provisioning", [certificate()])})
    assert (check.got, check.blocks) == ("provisioning", True)


@pytest.mark.parametrize(
    ("what", "value", "got"),
    [
        ("cluster", {"status": "FAILED", "endpoint": "https://example"}, "FAILED, https://example"),
        ("cluster", {"status": "CREATING"}, "CREATING, no endpoint"),
        ("cluster", None, "no such cluster"),
        ("target group", None, "no such target group"),
        ("endpoints", None, "no such parameter"),
        ("endpoints", "[]", "no JSON object"),
        ("cache endpoint", "other.example", "haven-warm-cache-euc1.cfg.example, and AWS has other.example"),
    ],
)
def test_what_the_manifest_and_the_endpoints_document_name_has_to_be_there(what: str, value: Any, got: str) -> None:
    [check] = bad({(what, RECOVERY): value})
    assert (check.got, check.blocks) == (got, True)
    assert check.fix


def test_the_alarm_that_turns_the_old_region_off_has_to_be_there() -> None:
    [check] = bad({("alarm", PRIMARY): None})
    assert (check.what, check.region, check.blocks) == (f"traffic switch of {PRIMARY}", RECOVERY, True)


def test_a_manifest_that_does_not_name_a_balancer_is_to_be_written_anew() -> None:
    found = manifest()
    sides = {
        region: side.model_copy(update={"balancer": side.balancer and side.balancer.model_copy(update={"name": ""})})
        for region, side in found.sides.items()
    }
    unnamed = bad(found=found.model_copy(update={"sides": sides}))
    assert [(each.what, each.region) for each in unnamed] == [("load balancer", RECOVERY), ("load balancer", PRIMARY)]
    assert {each.fix for each in unnamed} == {"run pulumi up with haven:active as it is, which writes the manifest"}
