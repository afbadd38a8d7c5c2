import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.resilience.recovery_plan import RecoveryPlan, RecoveryPlanArgs

PRIMARY, RECOVERY, ACCOUNT, NAME = "eu-west-1", "eu-central-1", "123456789012", "haven-test-recovery"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/on-call"
CLUSTERS = [f"arn:aws:rds:{region}:{ACCOUNT}:cluster:db" for region in (PRIMARY, RECOVERY)]
FUNCTIONS = [f"arn:aws:lambda:{region}:{ACCOUNT}:function:scale" for region in (PRIMARY, RECOVERY)]
DATABASE = {"global_cluster_id": "db", "primary_cluster_arn": CLUSTERS[0], "recovery_cluster_arn": CLUSTERS[1]}
ACTION = {"name": "scale", "primary_function_arn": FUNCTIONS[0], "recovery_function_arn": FUNCTIONS[1]}


def _declare(name: str = NAME, *, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(PRIMARY, region=PRIMARY)
        args = {
            "account_id": ACCOUNT,
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "rto_seconds": 901,
            "approval_role_arn": ROLE,
            "database": DATABASE,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        plan = RecoveryPlan(name, cast("RecoveryPlanArgs", given), pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("arns", [plan.plan_arn, plan.execution_role_arn])

    return record(program, stack="test")


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _steps(recording: Recording) -> list[Any]:
    steps: list[Any] = _only(recording, "Plan").inputs["workflows"][0]["steps"]
    return steps


def _statements(recording: Recording) -> dict[str, Any]:
    policy = json.loads(_only(recording, "RolePolicy").inputs["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def _refused(*args: Any, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(*args, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_either_region_can_become_the_active_one_by_the_same_steps() -> None:
    plan = _only(_declare(actions=[ACTION]), "Plan").inputs
    assert (plan["recoveryApproach"], plan["primaryRegion"]) == ("activePassive", PRIMARY)
    assert plan["regions"] == [PRIMARY, RECOVERY]
    flows = {each["workflowTargetRegion"]: each for each in plan["workflows"]}
    assert flows.keys() == {PRIMARY, RECOVERY}
    assert {each["workflowTargetAction"] for each in flows.values()} == {"activate"}
    assert flows[PRIMARY]["steps"] == flows[RECOVERY]["steps"]


def test_the_plan_asks_before_it_does_anything_and_nothing_starts_it() -> None:
    recording = _declare(approval_timeout_minutes=5.0)
    first = _steps(recording)[0]
    assert first["executionBlockType"] == "ManualApproval"
    assert first["executionApprovalConfigs"] == [{"approvalRole": ROLE, "timeoutMinutes": 5}]
    assert "triggers" not in _only(recording, "Plan").inputs


def test_the_writer_moves_without_loss_unless_it_has_to() -> None:
    _, step = _steps(_declare())
    assert step["executionBlockType"] == "AuroraGlobalDatabase"
    assert step["globalAuroraConfigs"] == [
        {
            "behavior": "switchoverOnly",
            "ungracefuls": [{"ungraceful": "failover"}],
            "globalClusterIdentifier": "db",
            "databaseClusterArns": CLUSTERS,
            "timeoutMinutes": 30,
        }
    ]


def test_actions_come_last_in_their_order_and_run_where_nothing_is_lost() -> None:
    steps = _steps(_declare(actions=[ACTION, ACTION | {"name": "notify", "timeout_minutes": 2.0}]))
    assert [each["name"] for each in steps] == ["approve", "move-writer", "scale", "notify"]
    configs = [each["customActionLambdaConfigs"][0] for each in steps[2:]]
    assert {each["regionToRun"] for each in configs} == {"activatingRegion"}
    assert configs[0]["lambdas"] == [{"arn": each} for each in FUNCTIONS]
    assert [each["timeoutMinutes"] for each in configs] == [15, 2]


def test_the_role_may_do_what_the_steps_need_and_nothing_else() -> None:
    recording = _declare(actions=[ACTION])
    statements = _statements(recording)
    assert statements["MoveWriter"]["Resource"] == [f"arn:aws:rds::{ACCOUNT}:global-cluster:db", *CLUSTERS]
    assert statements["RunActions"]["Resource"] == FUNCTIONS
    assert statements["TryOwnPermissions"]["Resource"] == [f"@@{_only(recording, 'Role').key}.arn@@"]
    assert statements["ReadOwnPlan"]["Resource"] == [f"arn:aws:arc-region-switch::{ACCOUNT}:plan/{NAME}:*"]
    assert not [each for each in statements.values() if "*" in each["Resource"]]
    assert not [action for each in statements.values() for action in each["Action"] if "*" in action]
    assert "RunActions" not in _statements(_declare())
    assert "MoveWriter" not in _statements(_declare(without=("database",), actions=[ACTION]))


def test_the_plan_comes_after_what_its_role_may_do() -> None:
    recording = _declare()
    role = _only(recording, "Role")
    assert _only(recording, "Plan").inputs["executionRole"] == f"@@{role.key}.arn@@"
    assert _only(recording, "RolePolicy").urn in _only(recording, "Plan").options.dependencies
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert [each["Principal"] for each in trust] == [{"Service": "arc-region-switch.amazonaws.com"}]


@pytest.mark.parametrize(("seconds", "minutes"), [(60, 1), (901, 16), (900.0, 15), (604800, 10080)])
def test_the_plan_s_objective_is_in_minutes_begun(seconds: float, minutes: int) -> None:
    plan = _only(_declare(rto_seconds=seconds), "Plan").inputs
    assert plan["recoveryTimeObjectiveMinutes"] == minutes


def test_the_arns_are_outputs() -> None:
    recording = _declare()
    kinds = ("Plan", "Role")
    assert recording.outputs["arns"] == [f"@@{_only(recording, each).key}.arn@@" for each in kinds]


@pytest.mark.parametrize("name", ["n" * 33, "name-", "Name"])
def test_a_name_that_aws_would_refuse_is_refused_first(name: str) -> None:
    assert _refused(name) == ["name"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"account_id": "1"}, "account_id"),
        ({"recovery_region": PRIMARY}, "recovery_region"),
        ({"rto_seconds": 59}, "rto_seconds"),
        ({"rto_seconds": 604801}, "rto_seconds"),
        ({"without": ("database",)}, "database"),
        ({"without": ("database",), "actions": []}, "database"),
        ({"actions": [ACTION, ACTION]}, "actions"),
        ({"actions": [ACTION | {"name": "approve"}]}, "actions"),
        ({"actions": [ACTION | {"name": "a b"}]}, "actions"),
        ({"actions": [ACTION | {"timeout_minutes": 0}]}, "actions[0].timeout_minutes"),
        ({"approval_timeout_minutes": 0}, "approval_timeout_minutes"),
    ],
)
def test_what_can_t_work_is_refused(changes: dict[str, Any], path: str) -> None:
    assert _refused(**changes) == [path]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("N", account_id="1", without=("database",)) == ["name", "account_id", "database"]
