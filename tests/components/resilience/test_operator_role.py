import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import botocore.session
import pulumi
import pulumi_aws as aws
import pytest
from botocore import xform_name

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import RIGHTS, On, Scope
from haven_components.resilience.operator_role import OperatorRole

PRIMARY, RECOVERY, ACCOUNT = "eu-west-1", "eu-central-1", "123456789012"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
NAME = "haven-test-operator"
USER = f"arn:aws:iam::{ACCOUNT}:user/on-call"
PLAN = f"arn:aws:arc-region-switch::{ACCOUNT}:plan/haven-test-plan:abc123"
CENTER = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Operators_0123456789abcdef"
ROOT = Path(__file__).parents[3]
CODE = [*sorted((ROOT / "haven" / "runbooks").rglob("*.py")), ROOT / "haven" / "cli" / "recovery" / "audit.py"]
PREFIXES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
"""Service of boto3 -> what its actions begin with."""
RENAMED = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}
FREE = {"sts:GetCallerIdentity"}
"""Needs no permission (STS API Reference, GetCallerIdentity; read 2026-11-26)."""
NAMESAKES = {
    ("autoscaling", "DescribeLoadBalancers"),
    ("connect", "GetMetricData"),
    ("deadline", "GetSession"),
    ("elasticache", "DescribeEvents"),
    ("health", "DescribeEvents"),
}
"""Operations of another service with the name of one that is called: Elastic Load Balancing's, CloudWatch's, RDS's,
botocore's own."""
OF_WHO_DEPLOYS = {"lambda:GetFunctionConcurrency"}
"""What a preflight before a deployment asks, not as an operator."""
NOT_CALLED = ("kms:", "iam:PassRole")
"""What AWS's services ask for in the caller's name, too."""


def _side(region: str, code: str) -> dict[str, Any]:
    return {
        "region": region,
        "kms_key_arn": f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1",
        "database_cluster": f"haven-test-db-{code}",
        "subnet_group": f"haven-test-db-{code}-subnets",
        "cache_group": f"haven-test-cache-{code}",
        "cluster_name": f"haven-test-{code}",
        "vault": f"haven-test-backup-{code}",
        "audit_bucket": f"haven-test-audit-{code}",
        "heartbeat_function": f"haven-test-{code}-heartbeat",
        "buckets": [f"haven-test-models-{code}"],
        "queues": [f"haven-test-*-{code}-queue*"],
        "vpc_id": f"vpc-{code}",
    }


def _declare(*, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        there = aws.Provider(RECOVERY, region=RECOVERY)
        args = {
            "account_id": ACCOUNT,
            "principal_arns": [USER],
            "primary": _side(PRIMARY, "euw1"),
            "recovery": _side(RECOVERY, "euc1"),
            "recovery_provider": there,
            "operations_table_arns": [f"arn:aws:dynamodb:{each}:{ACCOUNT}:table/t" for each in (PRIMARY, RECOVERY)],
            "global_cluster": "haven-test-db-global",
            "datastore_suffix": "haven-test-cache-global",
            "tables": ["haven-test-sessions"],
            "repositories": ["haven-test-images/*"],
            "secrets": ["haven-test-*"],
            "manifest_parameter": "/haven/test/manifest",
            "mode_parameter": "/haven/test/write-mode",
            "endpoints_parameter": "/haven/test/endpoints",
            "restore_role_arn": f"arn:aws:iam::{ACCOUNT}:role/haven-test-backups-restore",
            "recovery_plan_arn": PLAN,
            "approves_recovery_plan": True,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        options = pulumi.ResourceOptions(providers=[aws.Provider(PRIMARY, region=PRIMARY)])
        OperatorRole(NAME, cast("OperatorRoleArgs", given), options)

    return record(program, stack="test")


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _statements(recording: Recording) -> dict[str, Any]:
    return {each["Sid"]: each for policy in _policies(recording) for each in policy["Statement"]}


def _policies(recording: Recording) -> list[dict[str, Any]]:
    """The role's own first."""
    found = [_only(recording, "RolePolicy")]
    found += [each for each in recording.real() if each.type == "aws:iam/policy:Policy"]
    return [json.loads(each.inputs["policy"]) for each in found]


def _trust(recording: Recording) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(_only(recording, "Role").inputs["assumeRolePolicy"])["Statement"]}


def _refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def _words(tree: ast.Module) -> Iterator[str]:
    """Texts and attributes: what a call of AWS may be named by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr


def operations(code: Sequence[Path] = CODE) -> Iterator[tuple[str, str]]:
    """Service and operation of every call of AWS that the runbooks' code names, or some of it."""
    words = {word for path in code for word in _words(ast.parse(path.read_text()))}
    session = botocore.session.get_session()
    for service in sorted(words & set(session.get_available_services())):
        names = session.get_service_model(service).operation_names
        found = ((service, each) for each in names if xform_name(each) in words)
        yield from (each for each in found if each not in NAMESAKES)


def action(service: str, operation: str) -> str:
    """What an operation needs."""
    found = f"{PREFIXES.get(service, service)}:{operation}"
    return RENAMED.get(found, found)


def called(code: Sequence[Path] = CODE) -> set[str]:
    """The actions that the runbooks' code needs, or some of it."""
    return {action(*each) for each in operations(code)} - FREE - OF_WHO_DEPLOYS


def test_an_operator_may_do_exactly_what_the_runbooks_do() -> None:
    allowed = {each.action for each in RIGHTS if not each.action.startswith(NOT_CALLED)}
    assert allowed == {each for each in called() if not each.startswith(NOT_CALLED)}


def test_every_action_is_listed_once_for_each_kind_of_resource_with_its_reason() -> None:
    actions = [(each.action, each.on) for each in RIGHTS]
    assert len(actions) == len(set(actions))
    assert all(each.why for each in RIGHTS)


def test_the_policy_has_every_action_and_no_other() -> None:
    allowed = [name for each in _statements(_declare()).values() for name in each["Action"]]
    assert sorted(allowed) == sorted(each.action for each in RIGHTS)


def test_everything_that_has_an_arn_is_named_in_both_regions() -> None:
    found = _statements(_declare())
    free = {each["Sid"] for each in found.values() if each["Resource"] == ["*"]}
    assert free == {On.SHOWING.value, On.SWITCH.value, On.PLAN_QUOTAS.value}
    of_no_region = {On.RESTORER.value, On.ITSELF.value, On.PLAN.value, On.APPROVALS.value}  # IAM, and ARC's plans
    for sid in found.keys() - free - of_no_region:
        arns = " ".join(found[sid]["Resource"])
        assert [bool(re.search(f"{region}|{code}", arns)) for region, code in CODES.items()] == [True, True], sid


def test_pending_maintenance_is_seen_of_everything_for_aws_denies_it_of_less() -> None:
    allowing = [
        each for each in _statements(_declare()).values() if "rds:DescribePendingMaintenanceActions" in each["Action"]
    ]
    assert [each["Resource"] for each in allowing] == [["*"]]


def test_network_acls_are_those_of_the_two_vpcs() -> None:
    condition = _statements(_declare())["NetworkAcls"]["Condition"]
    assert condition == {
        "ArnEquals": {
            "ec2:Vpc": [
                f"arn:aws:ec2:{PRIMARY}:{ACCOUNT}:vpc/vpc-euw1",
                f"arn:aws:ec2:{RECOVERY}:{ACCOUNT}:vpc/vpc-euc1",
            ]
        }
    }


def test_the_metric_that_is_written_is_the_switch_s() -> None:
    condition = _statements(_declare())["TrafficSwitch"]["Condition"]
    assert condition == {"StringEquals": {"cloudwatch:namespace": "Haven/TrafficSwitch"}}


def test_without_a_role_to_restore_with_nothing_is_restored() -> None:
    assert not {"CopiesInVaults", "RestoreRole"} & _statements(_declare(without=("restore_role_arn",))).keys()


OF_THE_PLAN = {"RegionSwitchPlan", "ApprovalsOfThePlan", "QuotasOfThePlan"}


def test_without_a_region_switch_plan_none_is_started_and_nothing_is_asked_of_arc() -> None:
    declared = _statements(_declare(without=("recovery_plan_arn",)))
    assert not OF_THE_PLAN & declared.keys()
    assert "arc-region-switch" not in json.dumps(declared)


def test_a_plan_is_approved_by_the_role_that_it_names_alone() -> None:
    declared = _statements(_declare())
    assert [declared[each]["Resource"] for each in ("RegionSwitchPlan", "ApprovalsOfThePlan")] == [[PLAN], [PLAN]]
    other = _statements(_declare(approves_recovery_plan=False))
    assert OF_THE_PLAN - other.keys() == {"ApprovalsOfThePlan"}
    assert "ApprovePlanExecutionStep" not in json.dumps(other)


def test_without_replicated_buckets_none_is_read() -> None:
    sides = {"primary": _side(PRIMARY, "euw1"), "recovery": _side(RECOVERY, "euc1")}
    for side in sides.values():
        del side["buckets"]
    declared = _declare(primary=sides["primary"], recovery=sides["recovery"])
    assert not {"ReplicatedBuckets", "ReplicatedObjects"} & _statements(declared).keys()


def test_queues_are_closed_by_their_names_and_where_there_is_none_nothing_is() -> None:
    found = _statements(_declare())["Queues"]
    assert found["Action"] == ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes"]
    assert found["Resource"] == [
        f"arn:aws:sqs:{region}:{ACCOUNT}:haven-test-*-{code}-queue*" for region, code in CODES.items()
    ]
    sides = {"primary": _side(PRIMARY, "euw1"), "recovery": _side(RECOVERY, "euc1")}
    for side in sides.values():
        del side["queues"]
    assert "Queues" not in _statements(_declare(primary=sides["primary"], recovery=sides["recovery"]))


def test_without_images_secrets_and_endpoints_none_is_described() -> None:
    declared = _statements(_declare(without=("repositories", "secrets", "endpoints_parameter")))
    assert not {"Images", "Secrets"} & declared.keys()
    assert all(each.endswith(("/manifest", "/manifest/*")) for each in declared["Manifest"]["Resource"])


def test_a_secret_s_versions_are_seen_and_its_value_is_not() -> None:
    secrets = _statements(_declare())["Secrets"]
    assert secrets["Action"] == ["secretsmanager:DescribeSecret"]
    assert secrets["Resource"] == [
        f"arn:aws:secretsmanager:{each}:{ACCOUNT}:secret:haven-test-*-??????" for each in (PRIMARY, RECOVERY)
    ]


def test_without_replicated_tables_none_is_described() -> None:
    assert "ReplicatedTables" not in _statements(_declare(tables=[]))


def test_a_user_shows_a_second_factor_and_the_identity_center_has_asked_for_it() -> None:
    found = _trust(_declare(principal_arns=[USER, CENTER]))
    assert found["WithSecondFactor"]["Condition"] == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert found["WithSecondFactor"]["Principal"] == {"AWS": [USER]}
    assert found["ThroughIdentityCenter"]["Principal"] == {"AWS": [CENTER]}
    assert set(_trust(_declare())) == {"WithSecondFactor"}


@pytest.mark.parametrize(("changes", "seconds"), [({}, 14400), ({"session_hours": 12}, 43200)])
def test_a_session_outlasts_a_recovery(changes: Any, seconds: int) -> None:
    assert _only(_declare(**changes), "Role").inputs["maxSessionDuration"] == seconds


def test_a_boundary_limits_the_role() -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    assert _only(_declare(permissions_boundary=boundary), "Role").inputs["permissionsBoundary"] == boundary
    assert "permissionsBoundary" not in _only(_declare(), "Role").inputs


def test_the_operator_gets_into_every_cluster_that_there_is() -> None:
    recovery = {**_side(RECOVERY, "euc1"), "cluster": "haven-test-euc1"}
    recording = _declare(recovery=recovery, groups=["haven-operators"])
    entry = _only(recording, "AccessEntry")
    assert entry.region == RECOVERY
    assert entry.inputs["kubernetesGroups"] == ["haven-operators"]
    assert entry.inputs["principalArn"] == f"@@{_only(recording, 'Role').key}.arn@@"


def test_every_problem_is_in_one_error() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/on-call/me"
    assert _refused(
        account_id="1",
        principal_arns=[session],
        permissions_boundary="boundary",
        groups=["system:masters"],
        session_hours=13,
    ) == ["account_id", "principal_arns[0]", "permissions_boundary", "groups[0]", "session_hours"]
    assert _refused(principal_arns=[]) == ["principal_arns"]


def test_names_of_many_stores_are_in_as_many_attached_policies_as_iam_s_limit_needs() -> None:
    tables = [f"haven-test-{'t' * 40}-{each:03}" for each in range(100)]
    recording = _declare(tables=tables)
    own, *further = _policies(recording)
    sizes = [len(json.dumps(each)) for each in further]
    assert len(further) > 2
    assert max(sizes) <= 6_144
    assert min(sizes[:-1]) > 6_000
    named = [arn.split("/")[-1] for each in further for one in each["Statement"] if one["Sid"] == "ReplicatedTables"
             for arn in one["Resource"]]  # fmt: skip
    assert sorted(named) == sorted([*tables, *tables])
    assert "ReplicatedTables" not in {each["Sid"] for each in own["Statement"]}
    attached = [each for each in recording.real() if each.type.endswith(":RolePolicyAttachment")]
    assert len(attached) == len(further)


def test_more_names_than_the_policies_of_a_role_hold_are_refused() -> None:
    assert _refused(repositories=[f"{'r' * 200}-{each}" for each in range(200)]) == ["repositories"]


def test_the_names_of_an_environment_are_packed_into_policies_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Scope] = []
    statements = Scope.statements

    def counted(scope: Scope) -> Any:
        asked.append(scope)
        return statements(scope)

    monkeypatch.setattr(Scope, "statements", counted)
    _declare()
    assert len(asked) == len(("the role's own policy", "further policies"))
