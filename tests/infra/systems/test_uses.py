"""What `uses` of a system gives its pods, whichever of its service accounts they run under."""

import json
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import Recording
from infra.config.rules.names import LONGEST_STACK_NAME
from tests.environments import PRIMARY, RECOVERY, ROOT, environment
from tests.infra.test_workloads import kubernetes
from tests.sides import CODES

REGIONS = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
MOST_POLICY_CHARACTERS = 10_240
"""Of a role's inline policies together, without white space (IAM quotas, read 2026-11-26)."""
ACCOUNTS = {"serving": "serving-weights", "registry": "registry-{code}", "training": "training-{code}"}
"""System -> how the role of the pods of its kind ends."""
FEW = {
    "buckets": {"models": "read"},
    "tables": {"sessions": "write"},
    "queues": {"requests": "both"},
    "secrets": ["api"],
}
TABLE = {"hashKey": {"name": "it"}}
KEYS = {"secrets": {"api": {"description": "Key of an API"}}}


def using(uses: dict[str, Any], keys: dict[str, Any], **changes: str) -> Recording:
    """Tier warm, whose systems of all kinds use the same."""
    systems = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    for name in ACCOUNTS:
        systems[name]["uses"] = uses
    chosen = {"systems": systems, **keys}
    return environment("warm", **({key: json.dumps(value) for key, value in chosen.items()} | changes))


def _policies(recording: Recording, region: str, system: str) -> list[dict[str, Any]]:
    """The policies of the roles that a system's own pods and those of its kind take in a Region."""
    code = CODES[region]
    ends = (ACCOUNTS[system].format(code=code), f"{system}-access-{system}")
    names = {f"haven-warm-{code}-{end}" for end in ends}
    found = [each for each in recording.real() if each.type == aws.IAM_ROLE_POLICY and each.name in names]
    assert {each.name for each in found} == names
    return [{"text": str(each.inputs["policy"]), **json.loads(str(each.inputs["policy"]))} for each in found]


def _allowed(policy: dict[str, Any], action: str) -> set[str]:
    found: set[str] = set()
    for each in policy["Statement"]:
        if action in each["Action"]:
            found |= set(each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]])
    return found


@REGIONS
@pytest.mark.parametrize("system", sorted(ACCOUNTS))
def test_the_pods_of_every_kind_may_use_what_their_system_uses_in_their_own_region(system: str, region: str) -> None:
    code, other = CODES[region], PRIMARY if region == RECOVERY else RECOVERY
    for policy in _policies(using(FEW, KEYS), region, system):
        assert any(f"-models-{code}" in each or "models" in each for each in _allowed(policy, "s3:GetObjectVersion"))
        assert _allowed(policy, "dynamodb:PutItem") == {
            f"arn:aws:dynamodb:{region}:111122223333:table/haven-warm-sessions{end}" for end in ("", "/index/*")
        }
        assert len(_allowed(policy, "sqs:SendMessage")) == len(_allowed(policy, "sqs:ReceiveMessage")) == 1
        (secret,) = (each for each in _allowed(policy, "secretsmanager:GetSecretValue") if "-api-" in each)
        assert f":{region}:" in secret
        assert other not in policy["text"]


@REGIONS
@pytest.mark.parametrize("system", sorted(ACCOUNTS))
def test_what_is_read_is_not_written(system: str, region: str) -> None:
    only = {**FEW, "tables": {"sessions": "read"}, "queues": {"requests": "receive"}}
    for policy in _policies(using(only, KEYS), region, system):
        assert not _allowed(policy, "dynamodb:PutItem") | _allowed(policy, "sqs:SendMessage")
        assert not any("models" in each for each in _allowed(policy, "s3:PutObject"))


@REGIONS
def test_the_longest_names_of_as_many_stores_as_allowed_fit_into_a_role_s_policies(region: str) -> None:
    """Tables take the most, each with its indexes. For 30 of the longest names the manifest has no room, so most of
    them are reckoned."""
    names = [f"t{number:02d}".ljust(20, "x") for number in range(8)]
    uses = {**FEW, "tables": dict.fromkeys(names, "write")}
    recording = using(uses, {**KEYS, "tables": dict.fromkeys(names, TABLE)})
    for system in ACCOUNTS:
        for policy in _policies(recording, region, system):
            size = len("".join(policy["text"].split()))
            arn = max(map(len, _allowed(policy, "dynamodb:PutItem"))) + len('"",')
            longer = LONGEST_STACK_NAME - len("warm")
            assert size + 22 * 2 * arn + 30 * 2 * longer <= MOST_POLICY_CHARACTERS


def test_more_stores_than_fit_are_refused_by_key() -> None:
    names = [f"t{number}" for number in range(31)]
    uses = {"buckets": {}, "tables": dict.fromkeys(names, "read"), "queues": {}, "secrets": []}
    with pytest.raises(Problems, match=r"haven:systems\.serving\.uses: got 31 of them"):
        using(uses, {"tables": dict.fromkeys(names, TABLE)})


def test_a_failover_changes_nothing_of_what_pods_of_the_other_region_may_use() -> None:
    before, after = (using(FEW, KEYS, active=each) for each in (PRIMARY, RECOVERY))
    for system in ACCOUNTS:
        assert _policies(before, PRIMARY, system) == _policies(after, PRIMARY, system)
    objects = [
        {urn: each.inputs for urn, each in kubernetes(each_side, PRIMARY).items()} for each_side in (before, after)
    ]
    assert objects[0] == objects[1]
