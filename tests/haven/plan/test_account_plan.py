"""How a stack without a tier is planned: what an account has once."""

import json
from dataclasses import replace

import pytest

from haven.base.terminal import Style
from haven.cli.main import main
from haven.plan import account_summary
from haven.plan import text as plan_text
from haven.plan.summary import as_json, make_plan
from haven.program import aws_types as aws
from haven.program.recording import Resource
from tests.environments import ACCOUNT, PRIMARY, RECOVERY, ROOT, environment
from tests.haven.plan.hand_made_recordings import recording, resource

OUTPUTS = {"kind": "account", "regions": {"primary": PRIMARY, "recovery": RECOVERY}}


def described(facts: str, *records: Resource) -> list[str]:
    return list(getattr(account_summary, facts)(records))


def test_there_is_neither_a_tier_nor_an_active_region() -> None:
    plan = make_plan(replace(recording(), outputs=OUTPUTS))
    assert (plan.kind, plan.tier, plan.active) == ("account", "", "")
    found = as_json(plan)
    assert (found["kind"], found["tier"], found["active"]) == ("account", None, None)
    assert [each["state"] for each in found["regions"].values()] == [None, None]
    assert (found["promises"], found["systems"], found["judgements"]) == ({}, {}, [])


def test_an_environment_says_that_it_is_one() -> None:
    found = as_json(make_plan(recording()))
    assert (found["kind"], found["tier"]) == ("environment", "warm")


def test_the_text_shows_what_the_account_has_and_nothing_that_only_environments_have() -> None:
    text = plan_text.render(make_plan(environment(ACCOUNT)), Style(colour=False))
    assert text.startswith("Stack account: resources that exist once per account, for all environments in it\n")
    assert f"\n{PRIMARY} (primary): " in text
    assert f"\n{RECOVERY} (recovery): " in text
    table = text.split("\n\n")[1]
    assert [line.split("  ")[1] for line in table.splitlines()[2:]] == ["resources", "buckets"]
    assert not any(word in text for word in ("tier", "promises", "GPU", "standby"))


def test_each_part_shows_its_key_facts() -> None:
    text = plan_text.render(make_plan(environment(ACCOUNT)), Style(colour=False))
    for output in (
        "trail haven-account-audit-euw1: events of all Regions",
        "locked for 365 days",
        "AWS Config records every change",
        f"images haven-* are copied to {RECOVERY}",
        f"images haven-* are copied to {PRIMARY}",
        "secrets: alias/haven-account-state-key",
        "haven-account-state-111122223333-euc1, replicates to the other Region, without time control",
    ):
        assert output in text, output


def test_a_trail_of_one_region_differs_from_one_of_all() -> None:
    trail = resource(aws.CLOUDTRAIL_TRAIL, "here", {"name": "here", "isMultiRegionTrail": False})
    assert described("trail", trail) == ["trail here: events of this Region alone"]


def test_recorder_detector_and_replication_are_described() -> None:
    recorder = resource(aws.CFG_RECORDER, "r", {"recordingMode": {"recordingFrequency": "DAILY"}})
    feature = aws.GUARDDUTY_DETECTOR_FEATURE
    watched = resource(feature, "s3", {"name": "S3_DATA_EVENTS", "status": "ENABLED"})
    unwatched = resource(feature, "eks", {"name": "EKS_AUDIT_LOGS", "status": "DISABLED"})
    rules = {"rules": [{"destinations": [{"region": RECOVERY}]}]}
    copies = resource(aws.ECR_REPLICATION_CONFIGURATION, "c", {"replicationConfiguration": rules})
    assert described("baseline", recorder, watched, unwatched, copies) == [
        "AWS Config records changes once a day",
        "GuardDuty reads S3_DATA_EVENTS too",
        f"images all are copied to {RECOVERY}",
    ]


def test_an_account_is_planned_as_data_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan", ACCOUNT, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["stack"], found["kind"], found["tier"]) == (ACCOUNT, "account", None)
    assert set(found["regions"]) == {PRIMARY, RECOVERY}


def test_an_account_can_not_be_compared(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan", ACCOUNT, "--compare", "warm"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "1 problem:\n"
        '  --compare: got "warm"; allowed: a stack that has a tier; fix: leave --compare out, or name an environment:'
        " stack account is of kind account\n"
    )
