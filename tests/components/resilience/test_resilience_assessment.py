import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import botocore.session
import pulumi
import pulumi_aws as aws
import pytest
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import RecoveryApproach, ResilienceAssessment, ResilienceAssessmentArgs, offerings

PRIMARY, RECOVERY, NAME = "eu-west-1", "eu-central-1", "haven-test-resilience"
SERVING = {"name": "serving", "tags": [{"key": "haven:system", "values": ["serving", "shared"]}]}
TRAINING = {
    "name": "training",
    "tags": [{"key": "haven:environment", "values": ["test"]}, {"key": "haven:system", "values": ["training"]}],
    "approach": RecoveryApproach.BACKUP_AND_RESTORE,
}
OBJECTIVES: dict[str, Any] = {
    "rto_minutes": 15,
    "rpo_minutes": 1.0,
    "availability_percent": 99.9,
    "backup_interval_minutes": 1440,
}
ARN = "arn:aws:resiliencehub:eu-west-1:123456789012:service/serving:abc123"
CREATED_BY = {
    "V2Policy": "CreatePolicy",
    "V2System": "CreateSystem",
    "V2Service": "CreateService",
    "V2InputSource": "CreateInputSource",
}
"""Type of resource -> the call of Resilience Hub that creates it, with the properties of the same names."""


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(PRIMARY, region=PRIMARY)
        args = {
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "approach": RecoveryApproach.WARM_STANDBY,
            "services": [SERVING],
        }
        made = ResilienceAssessment(
            name, cast("ResilienceAssessmentArgs", args | changes), pulumi.ResourceOptions(providers=[provider])
        )
        pulumi.export("arns", [made.system_arn, made.policy_arn, made.invoker_role_arn])
        pulumi.export("services", made.service_arns)

    return record(program, stack="test")


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = _all(recording, kind).values()
    return found


def _refused(*args: Any, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(*args, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


@cache
def _api() -> ServiceModel:
    return botocore.session.get_session().get_service_model("resiliencehubv2")


def _misfits(kind: str, inputs: Mapping[str, Any]) -> list[str]:
    """What the API refuses of a resource: by botocore's own check, and by the lengths, patterns and values of its
    model, which that check leaves to AWS."""
    shape = _api().operation_model(CREATED_BY[kind]).input_shape
    assert shape is not None
    inputs = _filled_in(inputs)
    report = ParamValidator().validate(inputs, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(_beyond(shape, inputs, kind))


def _filled_in(value: Any) -> Any:
    """With an ARN in the place of each that only AWS knows before `up`."""
    if isinstance(value, Mapping):
        return {key: _filled_in(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled_in(each) for each in value]
    return ARN if isinstance(value, str) and value.startswith("@@") else value


def _beyond(shape: Shape, value: Any, path: str) -> list[str]:
    if isinstance(shape, StructureShape):
        return [
            found
            for key, each in value.items()
            for found in (_beyond(shape.members[key], each, f"{path}.{key}") if key in shape.members else [path])
        ]
    if isinstance(shape, ListShape | MapShape):
        member = shape.member if isinstance(shape, ListShape) else shape.value
        items = value if isinstance(shape, ListShape) else value.values()
        return _outside(shape, len(value), path) + [each for item in items for each in _beyond(member, item, path)]
    if isinstance(shape, StringShape):
        fits = re.fullmatch(shape.metadata.get("pattern", "(?s).*"), value) and value in (shape.enum or [value])
        return ([] if fits else [f"{path}: {value}"]) + _outside(shape, len(value), path)
    return _outside(shape, value, path)


def _outside(shape: Shape, size: float, path: str) -> list[str]:
    least, most = shape.metadata.get("min", size), shape.metadata.get("max", size)
    return [] if least <= size <= most else [f"{path}: {size}"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        OBJECTIVES | {"services": [SERVING, TRAINING]},
        {"name": "n" * 41, "services": [SERVING | {"name": "s" * 18}]},
        {"services": [{"name": "s", "tags": [{"key": "k" * 9, "values": [str(each) for each in range(10)]}]}]},
        *({"approach": each} for each in RecoveryApproach),
    ],
)
def test_the_api_takes_everything_that_is_declared(changes: dict[str, Any]) -> None:
    declared = [each for each in _declare(**changes).real() if each.type.startswith("aws:resiliencehub/")]
    assert {each.type.rpartition(":")[2] for each in declared} == CREATED_BY.keys()
    found = {each.name: _misfits(each.type.rpartition(":")[2], each.inputs) for each in declared}
    assert {name: misfits for name, misfits in found.items() if misfits} == {}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("V2Policy", {"name": "n" * 61}),
        ("V2Policy", {"multiRegion": {"disasterRecoveryApproach": "WARM"}}),
        ("V2Policy", {"availabilitySlo": {"target": 100.1}}),
        ("V2System", {"name": "a name"}),
        ("V2Service", {"regions": []}),
        ("V2Service", {"permissionModel": {}}),
        ("V2InputSource", {"resourceConfiguration": {"resourceTags": []}}),
        ("V2InputSource", {"resourceConfiguration": {"tags": []}}),
    ],
)
def test_what_the_api_doesn_t_take_is_seen(kind: str, change: dict[str, Any]) -> None:
    inputs = _only(_declare(), kind).inputs
    assert _misfits(kind, inputs) == []
    assert _misfits(kind, {**inputs, **change})


def test_names_of_regions_and_approaches_are_those_of_the_api() -> None:
    policy = _api().operation_model("CreatePolicy").input_shape
    assert policy is not None
    shape = policy.members["multiRegion"].members["disasterRecoveryApproach"]
    assert {each.value for each in RecoveryApproach} == set(shape.enum)
    known = botocore.session.get_session().get_available_regions("resiliencehubv2")
    assert set(known) >= offerings.RESILIENCE_HUB.regions


def test_the_policy_holds_the_objectives_for_a_region_and_for_a_zone() -> None:
    policy = _only(_declare(**OBJECTIVES), "V2Policy").inputs
    times = {"rtoInMinutes": 15, "rpoInMinutes": 1}
    assert policy["multiRegion"] == {"disasterRecoveryApproach": "WARM_STANDBY", **times}
    assert policy["multiAz"] == {"disasterRecoveryApproach": "ACTIVE_ACTIVE", **times}
    assert policy["availabilitySlo"] == {"target": 99.9}
    assert policy["dataRecovery"] == {"timeBetweenBackupsInMinutes": 1440}


def test_without_objectives_the_policy_holds_what_stands_by() -> None:
    policy = _only(_declare(), "V2Policy").inputs
    assert policy["multiRegion"] == {"disasterRecoveryApproach": "WARM_STANDBY"}
    assert policy["multiAz"] == {"disasterRecoveryApproach": "ACTIVE_ACTIVE"}
    assert not {"availabilitySlo", "dataRecovery"} & policy.keys()


def test_an_objective_of_zero_is_one() -> None:
    policy = _only(_declare(rpo_minutes=0), "V2Policy").inputs
    assert policy["multiRegion"]["rpoInMinutes"] == policy["multiAz"]["rpoInMinutes"] == 0


def test_what_stands_by_for_one_service_alone_is_a_policy_of_its_own_without_objectives() -> None:
    same = SERVING | {"name": "same", "approach": RecoveryApproach.WARM_STANDBY}
    recording = _declare(**OBJECTIVES, services=[SERVING, TRAINING, TRAINING | {"name": "more"}, same])
    policies = _all(recording, "V2Policy")
    own = policies.pop(f"{NAME}-backup-and-restore-policy").inputs
    assert own["name"] == f"{NAME}-backup-and-restore"
    assert own["multiRegion"] == {"disasterRecoveryApproach": "BACKUP_AND_RESTORE"}
    assert not {"availabilitySlo", "dataRecovery"} & own.keys()
    assert policies.keys() == {f"{NAME}-policy"}
    measured = {name: each.inputs["policyArn"] for name, each in _all(recording, "V2Service").items()}
    main, lower = (
        f"@@{_all(recording, 'V2Policy')[each].key}.arn@@"
        for each in (
            f"{NAME}-policy",
            f"{NAME}-backup-and-restore-policy",
        )
    )
    assert measured == {
        f"{NAME}-serving-service": main,
        f"{NAME}-training-service": lower,
        f"{NAME}-more-service": lower,
        f"{NAME}-same-service": main,
    }


def test_services_are_of_one_system_and_of_both_regions_and_found_by_their_tags() -> None:
    recording = _declare(services=[SERVING, TRAINING])
    system = _only(recording, "V2System")
    assert system.inputs["name"] == NAME
    for each in _all(recording, "V2Service").values():
        assert each.inputs["associatedSystems"] == [{"systemArn": f"@@{system.key}.arn@@"}]
        assert each.inputs["regions"] == [PRIMARY, RECOVERY]
    source = _all(recording, "V2InputSource")[f"{NAME}-training-tags"].inputs
    service = _all(recording, "V2Service")[f"{NAME}-training-service"]
    assert source["serviceArn"] == f"@@{service.key}.arn@@"
    assert source["resourceConfiguration"] == {
        "resourceTags": [
            {"key": "haven:environment", "values": ["test"]},
            {"key": "haven:system", "values": ["training"]},
        ]
    }


def test_the_role_is_resilience_hub_s_alone_and_reads_what_aws_documents() -> None:
    recording = _declare()
    role, attachment = _only(recording, "Role"), _only(recording, "RolePolicyAttachment")
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert [each["Principal"] for each in trust] == [{"Service": "resiliencehub.amazonaws.com"}]
    assert attachment.inputs["policyArn"] == "arn:aws:iam::aws:policy/AWSResilienceHubV2AssessmentExecutionPolicy"
    assert not _all(recording, "RolePolicy")
    service = _only(recording, "V2Service")
    assert service.inputs["permissionModel"] == {"invokerRoleName": role.inputs["name"]}
    assert attachment.urn in service.options.dependencies


def test_the_arns_are_outputs() -> None:
    recording = _declare(services=[SERVING])
    kinds = ("V2System", "V2Policy", "Role")
    assert recording.outputs["arns"] == [f"@@{_only(recording, each).key}.arn@@" for each in kinds]
    assert recording.outputs["services"] == {"serving": f"@@{_only(recording, 'V2Service').key}.arn@@"}


@pytest.mark.parametrize("name", ["n" * 42, "Name"])
def test_a_name_that_leaves_no_room_is_refused(name: str) -> None:
    assert _refused(name) == ["name"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"primary_region": "us-gov-east-1", "recovery_region": "us-gov-west-1"}, "primary_region"),
        ({"primary_region": "eu-south-2"}, "primary_region"),
        ({"recovery_region": PRIMARY}, "recovery_region"),
        ({"rto_minutes": -1}, "rto_minutes"),
        ({"rpo_minutes": -1}, "rpo_minutes"),
        ({"backup_interval_minutes": -1}, "backup_interval_minutes"),
        ({"availability_percent": 0}, "availability_percent"),
        ({"availability_percent": 100.1}, "availability_percent"),
        ({"approach": "cold"}, "approach"),
        ({"services": [SERVING | {"approach": "cold"}]}, "services[0].approach"),
        ({"services": []}, "services"),
        ({"services": [SERVING, SERVING]}, "services"),
        ({"services": [SERVING | {"name": "a b"}]}, "services"),
        ({"services": [SERVING | {"name": "s" * 39}]}, "services"),
        ({"services": [SERVING | {"tags": []}]}, "services[0].tags"),
        ({"services": [SERVING | {"tags": SERVING["tags"] * 2}]}, "services[0].tags"),  # type: ignore[operator]
        ({"services": [SERVING | {"tags": [{"key": "k", "values": []}]}]}, "services[0].tags"),
        ({"services": [SERVING | {"tags": [{"key": "k", "values": ["v"] * 11}]}]}, "services[0].tags"),
    ],
)
def test_what_can_t_work_is_refused(changes: dict[str, Any], path: str) -> None:
    assert _refused(**changes) == [path]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("N", primary_region="eu-south-2", services=[]) == ["name", "primary_region", "services"]
