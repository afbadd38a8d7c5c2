import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import FaultExperiments, FaultExperimentsArgs

REGION, OTHER, ACCOUNT = "eu-west-1", "eu-central-1", "123456789012"
ZONES = [f"{REGION}a", f"{REGION}b"]
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:edge-errors"
NAME = "haven-test-faults"
TAG = {"key": "haven:environment", "value": "test"}
NODES = {"key": "eks:cluster-name", "value": "haven-test-euw1"}
VOLUMES = {"key": "Name", "value": "haven-test-euw1-system"}
GPUS = {"label": "inference", "tag": {"key": "Name", "value": "haven-test-euw1-inference"}}
EVERYTHING: dict[str, Any] = {
    "instance_tag": NODES,
    "volume_tag": VOLUMES,
    "cache_zones": ZONES[:1],
    "other_region": OTHER,
    "database": True,
    "nodes": True,
    "gpu_groups": [GPUS],
}
UNLIMITED = {
    "FindByTag": "tags",
    "Log": "deliveries of logs",
    "See": "descriptions",
    "RefuseInstances": "one fault of FIS",
}
"""Statements whose resource is `*`, and of what: AWS takes nothing narrower."""


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(REGION, region=REGION)
        args = {
            "region": REGION,
            "account_id": ACCOUNT,
            "kms_key_arn": KEY,
            "tag": TAG,
            "stop_alarm_arns": [ALARM],
            "zones": ZONES,
        }
        faults = FaultExperiments(
            name, cast("FaultExperimentsArgs", args | changes), pulumi.ResourceOptions(providers=[provider])
        )
        pulumi.export("templates", faults.template_ids)
        pulumi.export("log", faults.log_group_name)

    return record(program, stack="test")


def _of(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name.removeprefix(f"{NAME}-"): each for each in recording.real() if each.type.endswith(f":{kind}")}


def _actions(template: Resource) -> dict[str, tuple[str, dict[str, str]]]:
    return {
        each["actionId"]: (each["target"]["key"], {pair["key"]: pair["value"] for pair in each["parameters"]})
        for each in template.inputs["actions"]
    }


def _targets(template: Resource) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in template.inputs["targets"]}


def _statements(recording: Recording, kind: str) -> dict[str, Any]:
    policy = json.loads(_of(recording, "RolePolicy")[f"{kind}-permissions"].inputs["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_only_the_loss_of_a_zone_can_be_tried_unless_more_is_asked_for() -> None:
    recording = _declare()
    assert set(_of(recording, "ExperimentTemplate")) == {f"zone-{zone}" for zone in ZONES}
    assert set(_of(recording, "Role")) == {"zone"}


def test_each_experiment_that_is_asked_for_has_a_template_and_each_kind_a_role() -> None:
    recording = _declare(**EVERYTHING)
    templates = _of(recording, "ExperimentTemplate")
    assert set(templates) == {
        *(f"{kind}-{zone}" for kind in ("zone", "volumes") for zone in ZONES),
        "nodes",
        "gpu-inference",
        "isolation",
        "database",
    }
    assert recording.outputs["templates"] == {name: f"@@{each.key}.id@@" for name, each in templates.items()}
    roles = {each.inputs["roleArn"] for each in templates.values()}
    assert roles == {f"@@{each.key}.arn@@" for each in _of(recording, "Role").values()}
    assert set(_of(recording, "Role")) == {"zone", "volumes", "nodes", "isolation", "database"}


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_without_power_has_no_instances_no_new_ones_and_no_network(zone: str) -> None:
    template = _of(_declare(instance_tag=NODES, duration_minutes=15.0), "ExperimentTemplate")[f"zone-{zone}"]
    assert _actions(template) == {
        "aws:ec2:stop-instances": (
            "Instances",
            {"startInstancesAfterDuration": "PT15M", "completeIfInstancesTerminated": "true"},
        ),
        "aws:ec2:asg-insufficient-instance-capacity-error": (
            "AutoScalingGroups",
            {"duration": "PT15M", "availabilityZoneIdentifiers": zone, "percentage": "100"},
        ),
        "aws:network:disrupt-connectivity": ("Subnets", {"duration": "PT15M", "scope": "all"}),
    }
    targets = _targets(template)
    assert targets["stop-instances"]["filters"] == [
        {"path": "Placement.AvailabilityZone", "values": [zone]},
        {"path": "State.Name", "values": ["running"]},
    ]
    assert targets["cut-network"]["parameters"] == {"availabilityZoneIdentifier": zone}
    assert [targets[name]["resourceTags"] for name in targets] == [[NODES], [NODES], [TAG]]
    assert [targets[name]["resourceType"] for name in targets] == [
        "aws:ec2:instance",
        "aws:ec2:autoscaling-group",
        "aws:ec2:subnet",
    ]


def test_the_cache_loses_power_in_its_zones() -> None:
    templates = _of(_declare(cache_zones=ZONES[:1]), "ExperimentTemplate")
    action = "aws:elasticache:replicationgroup-interrupt-az-power"
    assert _actions(templates[f"zone-{ZONES[0]}"])[action] == ("ReplicationGroups", {"duration": "PT10M"})
    target = _targets(templates[f"zone-{ZONES[0]}"])["cache-power"]
    assert target["parameters"] == {"availabilityZoneIdentifier": ZONES[0]}
    assert target["resourceType"] == "aws:elasticache:replicationgroup"
    assert action not in _actions(templates[f"zone-{ZONES[1]}"])


def test_volumes_are_paused_in_one_zone_at_a_time() -> None:
    template = _of(_declare(volume_tag=VOLUMES), "ExperimentTemplate")[f"volumes-{ZONES[0]}"]
    assert _actions(template) == {"aws:ebs:pause-volume-io": ("Volumes", {"duration": "PT10M"})}
    (target,) = _targets(template).values()
    assert (target["resourceType"], target["resourceTags"]) == ("aws:ec2:ebs-volume", [VOLUMES])
    assert target["parameters"] == {"availabilityZoneIdentifier": ZONES[0]}


def test_half_of_the_nodes_are_lost_and_all_gpu_nodes_of_one_group_by_default() -> None:
    for percents, nodes, gpus in (({}, "50", "100"), ({"node_percent": 25.0, "gpu_percent": 75.0}, "25", "75")):
        recording = _declare(nodes=True, instance_tag=NODES, gpu_groups=[GPUS], **cast("dict[str, Any]", percents))
        templates = _of(recording, "ExperimentTemplate")
        action = "aws:eks:terminate-nodegroup-instances"
        for name, percent, tags in (("nodes", nodes, [TAG]), ("gpu-inference", gpus, [TAG, GPUS["tag"]])):
            assert _actions(templates[name]) == {action: ("Nodegroups", {"instanceTerminationPercentage": percent})}
            (target,) = _targets(templates[name]).values()
            assert (target["resourceType"], target["resourceTags"]) == ("aws:eks:nodegroup", tags)


def test_the_other_region_is_cut_off_from_every_subnet_with_the_tag() -> None:
    template = _of(_declare(other_region=OTHER), "ExperimentTemplate")["isolation"]
    assert _actions(template) == {
        "aws:network:route-table-disrupt-cross-region-connectivity": ("Subnets", {"duration": "PT10M", "region": OTHER})
    }
    (target,) = _targets(template).values()
    assert (target["resourceType"], target["resourceTags"]) == ("aws:ec2:subnet", [TAG])


def test_the_writer_of_the_database_is_lost_within_the_region() -> None:
    template = _of(_declare(database=True), "ExperimentTemplate")["database"]
    assert _actions(template) == {"aws:rds:failover-db-cluster": ("Clusters", {})}
    (target,) = _targets(template).values()
    assert (target["resourceType"], target["resourceTags"]) == ("aws:rds:cluster", [TAG])


def test_every_experiment_stops_by_alarms_and_fails_when_it_finds_nothing_to_break() -> None:
    alarms = [ALARM, f"{ALARM}-2"]
    for template in _of(_declare(stop_alarm_arns=alarms, **EVERYTHING), "ExperimentTemplate").values():
        assert template.inputs["stopConditions"] == [
            {"source": "aws:cloudwatch:alarm", "value": each} for each in alarms
        ]
        assert template.inputs["experimentOptions"] == {
            "accountTargeting": "single-account",
            "emptyTargetResolutionMode": "fail",
        }


def test_every_target_is_found_by_a_tag_and_by_nothing_else() -> None:
    for template in _of(_declare(**EVERYTHING), "ExperimentTemplate").values():
        for target in template.inputs["targets"]:
            assert target["resourceTags"]
            assert target["selectionMode"] == "ALL"
            assert "resourceArns" not in target
        assert {each["target"]["value"] for each in template.inputs["actions"]} == _targets(template).keys()


def test_what_was_done_is_written_into_an_encrypted_log_before_anything_can_be_done() -> None:
    recording = _declare(log_retention_days=365.0)
    (group,) = _of(recording, "LogGroup").values()
    (policy,) = _of(recording, "LogResourcePolicy").values()
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/fis/{NAME}"
    assert group.inputs["name"] == f"/aws/vendedlogs/fis/{NAME}"
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 365)
    (statement,) = json.loads(policy.inputs["policyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Resource"] == f"{arn}:log-stream:*"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
    }
    for template in _of(recording, "ExperimentTemplate").values():
        assert template.inputs["logConfiguration"] == {
            "logSchemaVersion": 2,
            "cloudwatchLogsConfiguration": {"logGroupArn": f"{arn}:*"},
        }
        assert {group.urn, policy.urn} <= set(template.options.dependencies)
    assert recording.outputs["log"] == f"/aws/vendedlogs/fis/{NAME}"


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_log_is_kept_unless_the_environment_is_a_throw_away_one(ephemeral: bool) -> None:
    (group,) = _of(_declare(ephemeral=ephemeral), "LogGroup").values()
    assert (group.options.protect, group.options.retain_on_delete) == (not ephemeral, not ephemeral)


def test_only_experiments_of_the_account_in_the_region_take_a_role() -> None:
    for role in _of(_declare(**EVERYTHING), "Role").values():
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "fis.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:fis:{REGION}:{ACCOUNT}:experiment/*"},
        }


@pytest.mark.parametrize(
    ("kind", "action", "tag"),
    [
        ("zone", "ec2:StopInstances", NODES),
        ("zone", "ec2:StartInstances", NODES),
        ("zone", "elasticache:InterruptClusterAzPower", TAG),
        ("volumes", "ec2:PauseVolumeIO", VOLUMES),
        ("nodes", "ec2:TerminateInstances", NODES),
        ("database", "rds:FailoverDBCluster", TAG),
    ],
)
def test_a_fault_is_allowed_on_what_carries_the_tag_and_on_nothing_else(
    kind: str, action: str, tag: dict[str, str]
) -> None:
    found = [each for each in _statements(_declare(**EVERYTHING), kind).values() if action in each["Action"]]
    assert [each["Condition"] for each in found] == [{"StringEquals": {f"aws:ResourceTag/{tag['key']}": tag["value"]}}]


@pytest.mark.parametrize(
    ("kind", "action"),
    [("zone", "ec2:ReplaceNetworkAclAssociation"), ("isolation", "ec2:ReplaceRouteTableAssociation")],
)
def test_only_subnets_with_the_tag_are_cut_off(kind: str, action: str) -> None:
    found = [each for each in _statements(_declare(**EVERYTHING), kind).values() if action in each["Action"]]
    subnets = [each for each in found if any(":subnet/" in resource for resource in each["Resource"])]
    assert [each.get("Condition") for each in subnets] == [
        {"StringEquals": {"aws:ResourceTag/haven:environment": "test"}}
    ]


@pytest.mark.parametrize("kind", ["zone", "isolation"])
def test_what_fis_makes_and_takes_away_again_carries_its_own_tag(kind: str) -> None:
    statements = _statements(_declare(**EVERYTHING), kind)
    for each in statements.values():
        for action in each["Action"]:
            if re.match(r"ec2:(Delete|Modify(?!VpcEndpoint)|CreateRoute$|CreateNetworkAclEntry)", action):
                assert each["Condition"] == {"StringEquals": {"aws:ResourceTag/managedByFIS": "true"}}, action
            if action == "ec2:CreateTags":
                assert each["Condition"] == {"StringEquals": {"aws:RequestTag/managedByFIS": "true"}}


@pytest.mark.parametrize("kind", ["zone", "volumes", "nodes", "isolation", "database"])
def test_no_role_may_do_everything_or_touch_another_account(kind: str) -> None:
    statements = _statements(_declare(**EVERYTHING), kind)
    for sid, each in statements.items():
        assert not [action for action in each["Action"] if "*" in action]
        if each["Resource"] == ["*"]:
            assert sid in UNLIMITED
        else:
            assert all(f":{ACCOUNT}:" in resource for resource in each["Resource"])
    read = [action for sid in ("See", "FindByTag") for action in statements.get(sid, {"Action": []})["Action"]]
    assert all(re.fullmatch(r"(\w+:Describe\w+|tag:GetResources)", action) for action in read)


def test_the_one_fault_without_a_tag_is_no_other_fault() -> None:
    refuse = _statements(_declare(**EVERYTHING), "zone")["RefuseInstances"]
    assert refuse["Condition"] == {
        "ForAnyValue:StringEquals": {"ec2:FisActionId": ["aws:ec2:asg-insufficient-instance-capacity-error"]}
    }


def test_without_a_cache_the_zone_s_role_touches_none() -> None:
    assert not {"CacheOff", "SeeCache"} & _statements(_declare(), "zone").keys()


def test_the_key_is_granted_to_ec2_for_volumes_alone() -> None:
    start = _statements(_declare(), "zone")["StartOnEncryptedVolumes"]
    assert (start["Action"], start["Resource"]) == (["kms:CreateGrant"], [KEY])
    assert start["Condition"] == {
        "StringEquals": {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }


def test_every_problem_is_reported_at_once() -> None:
    empty = {"key": "haven:environment", "value": ""}
    assert _refused(
        "n" * 51,
        account_id="1",
        tag=empty,
        instance_tag={"key": "", "value": "x"},
        volume_tag={"key": "Name", "value": "haven-*"},
        stop_alarm_arns=[],
        zones=[f"{OTHER}a"],
        cache_zones=[ZONES[0]],
        other_region=REGION,
        gpu_groups=[GPUS, {"label": "inference", "tag": empty}],
        node_percent=0,
        gpu_percent=101,
        duration_minutes=721,
        log_retention_days=2,
    ) == [
        "name",
        "account_id",
        "tag",
        "instance_tag",
        "volume_tag",
        "gpu_groups[1].tag",
        "stop_alarm_arns",
        "zones",
        "cache_zones",
        "other_region",
        "gpu_groups",
        "node_percent",
        "gpu_percent",
        "duration_minutes",
        "log_retention_days",
    ]


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("stop_alarm_arns", {"stop_alarm_arns": [f"{ALARM}-{number}" for number in range(6)]}),
        ("stop_alarm_arns[0]", {"stop_alarm_arns": [ALARM.replace(REGION, OTHER)]}),
        ("zones", {"zones": [ZONES[0], ZONES[0]]}),
        ("zones", {"zones": []}),
        ("gpu_groups", {"gpu_groups": [GPUS | {"label": "In"}]}),
    ],
)
def test_what_fis_would_refuse_later_is_refused_at_once(problem: str, changes: dict[str, Any]) -> None:
    assert _refused(**changes) == [problem]
