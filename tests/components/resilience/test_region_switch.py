"""The steps of a Region switch plan, and what AWS's own model of CreatePlan says of them."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.resilience.recovery_plan import RecoveryPlan, RecoveryPlanArgs
from haven_components.resilience.region_switch.function import handler
from tests.region_switch import MODEL, all_steps, create_plan, problems

PRIMARY, RECOVERY, ACCOUNT, NAME = "eu-west-1", "eu-central-1", "123456789012", "haven-test-plan"


def _arns(service: str, resource: str) -> list[str]:
    return [f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}" for region in (PRIMARY, RECOVERY)]


CLUSTERS, INSTANCES = _arns("rds", "cluster:db"), _arns("rds", "db:db-1")
MAPPINGS = [
    f"{arn}:{digit * 8}-1111-2222-3333-444444444444"
    for arn, digit in zip(_arns("lambda", "event-source-mapping"), "ab", strict=True)
]
CONSUMERS, KEYS = _arns("lambda", "function:consumer"), _arns("kms", "key/mrk-1")
DATABASE = {"global_cluster_id": "db", "primary_cluster_arn": CLUSTERS[0], "recovery_cluster_arn": CLUSTERS[1]}
INSTANCE = {"primary_instance_arn": INSTANCES[0], "recovery_instance_arn": INSTANCES[1]}
GROUP = {"name": "gpu", "minimum": 1, "desired": 2, "maximum": 3}
SERVING = {"namespace": "serving", "primary_name": "one", "recovery_name": "two"}
FLOWS = {"namespace": "flows", "primary_name": "one", "recovery_name": "two", "after_promotion": True}
CLUSTER = {
    "primary_cluster": "haven-euw1",
    "recovery_cluster": "haven-euc1",
    "deployments": [SERVING, FLOWS],
    "primary_node_groups": [GROUP],
    "recovery_node_groups": [GROUP],
}
CACHE = {"datastore_suffix": "cache-global", "primary_group": "cache-euw1", "recovery_group": "cache-euc1"}
SOURCE = {
    "name": "requests",
    "primary_mapping_arn": MAPPINGS[0],
    "recovery_mapping_arn": MAPPINGS[1],
    "primary_function_arn": CONSUMERS[0],
    "recovery_function_arn": CONSUMERS[1],
}
ACTION = {"name": "notify", "primary_function_arn": CONSUMERS[0], "recovery_function_arn": CONSUMERS[1]}
SWITCH = {"name": "haven-test-switch", "primary_target_group": "euw1-tg", "recovery_target_group": "euc1-tg"}
RECORDS = {
    "hosted_zone_id": "Z1",
    "record_name": "api.example.com",
    "primary_set_identifier": "one",
    "recovery_set_identifier": "two",
}
FUNCTIONS = {"primary_kms_key_arn": KEYS[0], "recovery_kms_key_arn": KEYS[1]}
ALARMS = dict(zip((PRIMARY, RECOVERY), _arns("cloudwatch", "alarm:errors"), strict=True))
REPORT = {"bucket_name": "audit-euc1", "prefix": "region-switch", "kms_key_arn": KEYS[1]}
EVERYTHING: dict[str, Any] = {
    "database": DATABASE | INSTANCE,
    "cache": CACHE,
    "clusters": CLUSTER,
    "event_sources": [SOURCE],
    "actions": [ACTION],
    "traffic_switch": SWITCH,
    "functions": FUNCTIONS,
    "alarm_arns": ALARMS,
    "report": REPORT,
}


def _declare(*, provider: bool = True, **given: Any) -> Recording:
    def program() -> None:
        args = {
            "account_id": ACCOUNT,
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "rto_seconds": 900,
            "approval_role_arn": f"arn:aws:iam::{ACCOUNT}:role/on-call",
            **given,
        }
        if provider:
            args["recovery_provider"] = aws.Provider(RECOVERY, region=RECOVERY)
        options = pulumi.ResourceOptions(providers=[aws.Provider(PRIMARY, region=PRIMARY)])
        RecoveryPlan(NAME, cast("RecoveryPlanArgs", args), options)

    return record(program, stack="test")


def _of(recording: Recording, kind: str) -> list[Resource]:
    return [each for each in recording.real() if each.type.endswith(f":{kind}")]


def _plan(recording: Recording) -> dict[str, Any]:
    (plan,) = _of(recording, "Plan")
    return create_plan(plan.inputs)


def _order(plan: dict[str, Any]) -> list[Any]:
    """Names of the steps of one workflow; those of a parallel step are a set."""
    blocks = [(each["name"], each["executionBlockConfiguration"]) for each in plan["workflows"][0]["steps"]]
    return [
        {each["name"] for each in block["parallelConfig"]["steps"]} if "parallelConfig" in block else name
        for name, block in blocks
    ]


def _rights(recording: Recording, name: str) -> dict[str, Any]:
    (policy,) = (each for each in _of(recording, "RolePolicy") if each.inputs["name"] == name)
    return {each["Sid"]: each for each in json.loads(policy.inputs["policy"])["Statement"]}


def _settings(recording: Recording) -> dict[tuple[str, str], Any]:
    """Region and action -> what its function is given."""
    found = [
        (each.region or "", json.loads(each.inputs["environment"]["variables"][handler.SETTINGS]))
        for each in _of(recording, "Function")
    ]
    return {(region, given["action"]): given for region, given in found}


def _refused(**given: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**given)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_the_steps_are_in_the_runbook_s_order() -> None:
    assert _order(_plan(_declare(**EVERYTHING))) == [
        "approve",
        "stop-requests",
        {"scale-nodes", "create-instance"},
        {"move-writer", "promote-cache", "start-workloads"},
        "start-dependent-workloads",
        "notify",
        "start-requests",
        "move-traffic",
    ]


def test_one_step_needs_no_parallel_step_around_it() -> None:
    assert _order(_plan(_declare(database=DATABASE))) == ["approve", "move-writer"]
    assert _order(_plan(_declare(database=DATABASE, records=RECORDS)))[-1] == "switch-records"


def test_aws_s_own_model_accepts_every_block() -> None:
    plan = _plan(_declare(**EVERYTHING))
    assert problems(plan) == []
    without = {key: value for key, value in EVERYTHING.items() if key != "traffic_switch"}
    other = _plan(_declare(**without, records=RECORDS))
    assert problems(other) == []
    assert {each["executionBlockType"] for found in (plan, other) for each in all_steps(found)} == {
        "AuroraGlobalDatabase",
        "AuroraProvisionedScaling",
        "CustomActionLambda",
        "EKSResourceScaling",
        "LambdaEventSourceMapping",
        "ManualApproval",
        "Parallel",
        "Route53HealthCheck",
    }


BREAKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an enum": lambda plan: plan["workflows"][0]["steps"][0].update(executionBlockType="Approval"),
    "a pattern": lambda plan: plan.update(executionRole="on-call"),
    "a required member": lambda plan: plan.pop("regions"),
    "a limit": lambda plan: plan.update(name="n" * 33),
    "an unknown member": lambda plan: plan.update(speed=1),
    "two blocks in one step": lambda plan: plan["workflows"][0]["steps"][0]["executionBlockConfiguration"].update(
        parallelConfig={"steps": []}
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_that_model_refuses(broken: str) -> None:
    plan = copy.deepcopy(_plan(_declare(database=DATABASE)))
    BREAKS[broken](plan)
    assert problems(plan) != []


def test_what_the_provider_lacks_is_known() -> None:
    """The documentation names them: whoever reads this because it fails has blocks to add, or a page to correct."""
    every = set(MODEL.shape_for("ExecutionBlockConfiguration").members)
    fields = [
        each.removesuffix("s").split("_") for each in aws.arcregionswitch.PlanWorkflowStepArgsDict.__annotations__
    ]
    here = {first + "".join(each.title() for each in rest) for first, *rest in fields}
    assert every - here == {"rdsSwitchoverReadReplicaConfig", "ssmSendCommandConfig"}
    lambdas = aws.arcregionswitch.PlanWorkflowStepCustomActionLambdaConfigLambdaArgsDict.__annotations__
    assert "payload" not in lambdas, "one function could do all steps"


def test_the_old_region_s_event_sources_stop_first_and_a_lost_region_is_not_asked() -> None:
    steps = {each["name"]: each["executionBlockConfiguration"] for each in all_steps(_plan(_declare(**EVERYTHING)))}
    stop, start = (steps[f"{each}-requests"]["lambdaEventSourceMappingConfig"] for each in ("stop", "start"))
    assert stop["action"], start["action"] == ("disable", "enable")
    assert stop["regionEventSourceMappings"] == {PRIMARY: {"arn": MAPPINGS[1]}, RECOVERY: {"arn": MAPPINGS[0]}}
    assert start["regionEventSourceMappings"] == {PRIMARY: {"arn": MAPPINGS[0]}, RECOVERY: {"arn": MAPPINGS[1]}}
    assert (stop["ungraceful"], "ungraceful" in start) == ({"behavior": "skip"}, False)


def test_the_role_may_scale_the_deployments_namespaces_in_both_clusters_and_nothing_else() -> None:
    recording = _declare(**EVERYTHING)
    (role,) = (each for each in _of(recording, "Role") if each.inputs["name"] == f"{NAME}-execution")
    entries = {each.region: each.inputs for each in _of(recording, "AccessEntry")}
    assert {region: each["clusterName"] for region, each in entries.items()} == {
        PRIMARY: "haven-euw1",
        RECOVERY: "haven-euc1",
    }
    assert {each["principalArn"] for each in entries.values()} == {f"@@{role.key}.arn@@"}
    assert not any("kubernetesGroups" in each for each in entries.values())
    scopes = [each.inputs for each in _of(recording, "AccessPolicyAssociation")]
    assert {each["policyArn"] for each in scopes} == {
        "arn:aws:eks::aws:cluster-access-policy/AmazonARCRegionSwitchScalingPolicy"
    }
    assert [each["accessScope"] for each in scopes] == [{"type": "namespace", "namespaces": ["flows", "serving"]}] * 2


def test_the_execution_role_may_do_what_the_blocks_need() -> None:
    rights = _rights(_declare(**EVERYTHING), f"{NAME}-execution")
    assert rights["FindClusters"]["Resource"] == [
        f"arn:aws:eks:{PRIMARY}:{ACCOUNT}:cluster/haven-euw1",
        f"arn:aws:eks:{RECOVERY}:{ACCOUNT}:cluster/haven-euc1",
    ]
    assert rights["SeeOwnAccess"]["Resource"][0] == f"arn:aws:eks:{PRIMARY}:{ACCOUNT}:access-entry/haven-euw1/*"
    assert rights["TurnEventSources"]["Resource"] == MAPPINGS
    assert rights["SeeFunctions"]["Resource"] == CONSUMERS
    assert set(INSTANCES) <= set(rights["CreateInstances"]["Resource"])
    assert rights["ReadAlarms"]["Resource"] == list(ALARMS.values())
    assert rights["WriteReports"]["Resource"] == ["arn:aws:s3:::audit-euc1/region-switch/*"]
    assert rights["EncryptReports"]["Resource"] == [KEYS[1]]
    assert [sid for sid, each in rights.items() if "*" in each["Resource"]] == ["ChooseClass"]
    records = _rights(_declare(database=DATABASE, records=RECORDS), f"{NAME}-execution")["ReadRecords"]
    assert records["Resource"] == ["arn:aws:route53:::hostedzone/Z1"]


def test_the_plan_runs_its_own_functions_in_the_region_that_becomes_active() -> None:
    recording = _declare(**EVERYTHING)
    arns = {
        each.inputs["name"]: f"arn:aws:lambda:{each.region}:{ACCOUNT}:function:{each.inputs['name']}"
        for each in _of(recording, "Function")
    }
    steps = {each["name"]: each["executionBlockConfiguration"] for each in all_steps(_plan(recording))}
    for step in ("scale-nodes", "promote-cache", "move-traffic"):
        config = steps[step]["customActionLambdaConfig"]
        own = [arns[f"{NAME}-{code}-{step}"] for code in ("euw1", "euc1")]
        assert [each["arn"] for each in config["lambdas"]] == own
        assert config["regionToRun"] == "activatingRegion"
        assert "ungraceful" not in config, "an ungraceful run needs them most"
    runs = _rights(recording, f"{NAME}-execution")["RunActions"]["Resource"]
    assert set(runs) == {*arns.values(), *CONSUMERS}


def test_the_plan_needs_nothing_of_the_other_region_to_be_changed() -> None:
    """Region switch makes it in one Region of the partition; a lost Region must not keep it from being corrected."""
    recording = _declare(**EVERYTHING)
    (plan,) = _of(recording, "Plan")
    there = [each for each in recording.real() if each.region == RECOVERY]
    assert {each.urn for each in there} & set(plan.options.dependencies) == set()
    assert not [each.urn for each in there if each.key in json.dumps(plan.inputs)]


def test_each_function_is_given_its_own_region_s_names() -> None:
    found = _settings(_declare(**EVERYTHING))
    for region, code in ((PRIMARY, "euw1"), (RECOVERY, "euc1")):
        assert found[region, "promote-cache"]["group"] == f"cache-{code}"
        assert found[region, "scale-nodes"]["cluster"] == f"haven-{code}"
        assert found[region, "scale-nodes"]["groups"] == {"gpu": {"minSize": 1, "desiredSize": 2, "maxSize": 3}}
        assert found[region, "move-traffic"]["target_group"] == f"{code}-tg"
        assert {given["region"] for (where, _), given in found.items() if where == region} == {region}
    assert {action for _, action in found} == set(handler.ACTIONS)


def test_the_recovery_region_is_never_turned_off() -> None:
    """Its switch is written in the primary Region: if that were lost nobody could turn it on again."""
    found = _settings(_declare(**EVERYTHING))
    (there,), (back,) = (found[region, "move-traffic"]["points"] for region in (RECOVERY, PRIMARY))
    assert there["dimensions"] == back["dimensions"] == {"Environment": "haven-test-switch", "Region": PRIMARY}
    assert (there["region"], there["value"]) == (RECOVERY, 1)
    assert (back["region"], back["value"]) == (RECOVERY, 0)


def test_a_function_may_do_its_own_step_and_log() -> None:
    recording = _declare(**EVERYTHING)
    cache = _rights(recording, f"{NAME}-euc1-promote-cache")
    assert set(cache) == {"Log", "Key", "PromoteCache"}
    assert cache["PromoteCache"]["Resource"] == [
        f"arn:aws:elasticache::{ACCOUNT}:globalreplicationgroup:?????-cache-global",
        f"arn:aws:elasticache:{PRIMARY}:{ACCOUNT}:replicationgroup:cache-euw1",
        f"arn:aws:elasticache:{RECOVERY}:{ACCOUNT}:replicationgroup:cache-euc1",
    ]
    nodes = _rights(recording, f"{NAME}-euc1-scale-nodes")
    assert nodes["ScaleNodes"]["Resource"] == [f"arn:aws:eks:{RECOVERY}:{ACCOUNT}:nodegroup/haven-euc1/gpu/*"]
    traffic = _rights(recording, f"{NAME}-euc1-move-traffic")
    assert traffic["TrafficSwitch"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Haven/TrafficSwitch"}}
    assert set(traffic) == {"Log", "Key", "TrafficSwitch", "SeeTargets"}


def test_functions_and_their_logs_are_encrypted_with_their_region_s_key() -> None:
    recording = _declare(**EVERYTHING)
    keys = dict(zip((PRIMARY, RECOVERY), KEYS, strict=True))
    functions, groups = _of(recording, "Function"), _of(recording, "LogGroup")
    assert (len(functions), len(groups)) == (6, 6)
    assert {(each.region, each.inputs["kmsKeyArn"]) for each in functions} == set(keys.items())
    assert {(each.region, each.inputs["kmsKeyId"]) for each in groups} == set(keys.items())
    assert {each.inputs["loggingConfig"]["logGroup"] for each in functions} == {each.inputs["name"] for each in groups}
    assert all(each.options.protect for each in groups)


def test_the_archive_has_the_handler_and_all_that_it_imports() -> None:
    (function, *_) = _of(_declare(**EVERYTHING), "Function")
    assert function.inputs["handler"] == "function.handler.handle"
    files = {each.removeprefix("function/") for each in function.inputs["code"]["assets"]}
    assert files == {"__init__.py", "cache.py", "handler.py", "nodes.py", "traffic.py"}


def test_alarms_tell_how_long_it_took_and_start_nothing_and_a_report_is_written() -> None:
    plan = _plan(_declare(**EVERYTHING))
    assert plan["associatedAlarms"] == {
        region: {"alarmType": "applicationHealth", "resourceIdentifier": arn} for region, arn in ALARMS.items()
    }
    assert plan["reportConfiguration"] == {
        "reportOutput": [{"s3Configuration": {"bucketPath": "audit-euc1/region-switch", "bucketOwner": ACCOUNT}}]
    }
    assert "triggers" not in plan


def test_without_more_there_are_no_functions_entries_alarms_or_reports() -> None:
    recording = _declare(provider=False, database=DATABASE)
    assert [each.name for kind in ("Function", "AccessEntry") for each in _of(recording, kind)] == []
    assert {"associatedAlarms", "reportConfiguration"} & _plan(recording).keys() == set()


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"database": DATABASE | {"primary_instance_arn": INSTANCES[0]}}, "database.recovery_instance_arn"),
        ({"database": DATABASE | {"recovery_instance_arn": INSTANCES[1]}}, "database.primary_instance_arn"),
        ({"cache": CACHE}, "functions"),
        ({"traffic_switch": SWITCH}, "functions"),
        ({"clusters": CLUSTER}, "functions"),
        ({"cache": CACHE, "functions": FUNCTIONS, "provider": False}, "recovery_provider"),
        ({"clusters": {**CLUSTER, "primary_node_groups": [], "recovery_node_groups": []}, "provider": False},
         "recovery_provider"),
        ({"traffic_switch": SWITCH, "functions": FUNCTIONS, "records": RECORDS}, "records"),
        ({"records": {**RECORDS, "x": 1}}, "records.x"),
        ({"event_sources": [SOURCE, SOURCE]}, "event_sources"),
        ({"event_sources": [SOURCE | {"name": "workloads"}]}, "event_sources"),
        ({"event_sources": [SOURCE], "actions": [ACTION | {"name": "stop-requests"}]}, "actions"),
        ({"actions": [ACTION | {"name": "move-traffic"}]}, "actions"),
        ({"database": DATABASE, "report": REPORT | {"prefix": "a/"}}, "report"),
        ({"database": DATABASE, "report": REPORT | {"bucket_name": "a.b"}}, "report"),
        ({"cache": CACHE, "functions": FUNCTIONS | {"log_retention_days": 2}}, "log_retention_days"),
        ({"clusters": CLUSTER | {"deployments": [SERVING | {"namespace": "s"}]}, "functions": FUNCTIONS},
         "clusters.deployments[0].namespace"),
        ({"clusters": CLUSTER | {"primary_node_groups": [GROUP | {"desired": 9}]}, "functions": FUNCTIONS},
         "clusters.primary_node_groups[0]"),
        ({"clusters": {"primary_cluster": "a", "recovery_cluster": "b"}}, "database"),
    ],
)  # fmt: skip
def test_what_can_t_work_is_refused(given: dict[str, Any], path: str) -> None:
    assert _refused(**given) == [path]


def test_every_block_of_arc_s_model_has_a_row_with_its_use_or_the_reason_against_it() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "region-switch.md").read_text(encoding="utf-8")
    table = page.split("## Every block of Region switch")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    named = [block for blocks, *_ in rows for block in re.findall(r"`(\w+)`", blocks)]
    assert sorted(named) == sorted(MODEL.shape_for("ExecutionBlockType").enum)
    assert all(len(why) > len("|") for _, why in rows)
