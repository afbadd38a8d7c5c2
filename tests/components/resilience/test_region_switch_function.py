"""What the functions of a Region switch plan do, against clients that answer as AWS does and remember each call."""

import json
from collections.abc import Mapping, Sequence
from functools import cache as cache_
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from haven_components.resilience.region_switch.function import cache, handler, nodes, traffic

REGION, OTHER = "eu-central-1", "eu-west-1"
CHANGES = ("failover_global_replication_group", "update_nodegroup_config", "put_metric_data")
"""Calls that change something; each would raise for arguments that AWS refuses."""


class Clients:
    """AWS, as far as the functions ask it."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, str, Mapping[str, Any]]] = []

    def __call__(self, service: str, region: str) -> "_Client":
        return _Client(self, service, region)

    @property
    def changes(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        return [each for each in self.calls if each[1] in CHANGES]


class _Client:
    class exceptions:  # noqa: N801  as botocore calls it
        ClientError = ClientError

    def __init__(self, clients: Clients, service: str, region: str) -> None:
        self._clients, self._service, self._region = clients, service, region

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            _validate(self._service, operation, arguments)
            self._clients.calls.append((self._region, operation, arguments))
            answer = self._clients.answers.get(operation, {})
            found = answer(**arguments) if callable(answer) else answer
            if isinstance(found, Exception):
                raise found
            return found

        return call


@cache_
def _model(service: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(service)


def _validate(service: str, operation: str, arguments: Mapping[str, Any]) -> None:
    model = _model(service)
    (name,) = (each for each in model.operation_names if xform_name(each) == operation)
    shape = model.operation_model(name).input_shape
    assert shape is not None
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()


CACHE = {"action": "promote-cache", "region": REGION, "group": "cache-euc1"}
GROUPS = {"gpu": {"minSize": 1, "desiredSize": 4, "maxSize": 6}}
NODES = {"action": "scale-nodes", "region": REGION, "cluster": "haven-euc1", "groups": GROUPS}
POINT = {
    "namespace": "Haven/TrafficSwitch",
    "metric_name": "Off",
    "dimensions": {"Environment": "haven-test-switch", "Region": OTHER},
    "region": REGION,
    "value": 1,
}
TRAFFIC = {"action": "move-traffic", "region": REGION, "target_group": "haven-euc1-tg", "points": [POINT]}


def _group(role: str, status: str = "available", datastore: str = "abcde-haven-cache") -> Mapping[str, Any]:
    info = {"GlobalReplicationGroupId": datastore, "GlobalReplicationGroupMemberRole": role} if datastore else {}
    return {"ReplicationGroups": [{"Status": status, "GlobalReplicationGroupInfo": info}]}


def _datastore(status: str) -> Mapping[str, Any]:
    return {"GlobalReplicationGroups": [{"Status": status}]}


def test_a_secondary_cache_is_promoted_in_its_own_region() -> None:
    clients = Clients(
        describe_replication_groups=_group("SECONDARY"), describe_global_replication_groups=_datastore("available")
    )
    assert cache.promote(CACHE, clients) == "cache-euc1 is being promoted"
    assert clients.changes == [
        (
            REGION,
            "failover_global_replication_group",
            {
                "GlobalReplicationGroupId": "abcde-haven-cache",
                "PrimaryRegion": REGION,
                "PrimaryReplicationGroupId": "cache-euc1",
            },
        )
    ]
    assert {region for region, *_ in clients.calls} == {REGION}, "nothing is asked where the loss may be"


@pytest.mark.parametrize(
    ("group", "datastore", "awaited"),
    [
        (_group("PRIMARY"), "available", ""),
        (_group("PRIMARY", "modifying"), "available", "cache-euc1 is modifying"),
        (_group("SECONDARY"), "modifying", "abcde-haven-cache is modifying"),
        (_group("", datastore=""), "available", ""),
    ],
)
def test_a_cache_that_is_promoted_or_busy_isn_t_promoted_again(
    group: Mapping[str, Any], datastore: str, awaited: str
) -> None:
    clients = Clients(describe_replication_groups=group, describe_global_replication_groups=_datastore(datastore))
    assert cache.promote(CACHE, clients) == awaited
    assert clients.changes == []


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ((0, 0, 1), (1, 4, 6)),
        ((2, 2, 8), (2, 4, 8)),
        ((1, 5, 6), None),
        ((1, 4, 6), None),
    ],
)
def test_node_groups_grow_to_full_scale_and_never_shrink(now: Sequence[int], wanted: Sequence[int] | None) -> None:
    sizes = dict(zip(("minSize", "desiredSize", "maxSize"), now, strict=True))
    clients = Clients(describe_nodegroup={"nodegroup": {"scalingConfig": sizes}})
    assert nodes.scale(NODES, clients) == ""
    scaled = [tuple(arguments["scalingConfig"].values()) for _, _, arguments in clients.changes]
    assert scaled == ([] if wanted is None else [wanted])
    assert all(arguments["nodegroupName"] == "gpu" for *_, arguments in clients.changes)


def test_a_node_group_that_is_updated_or_whose_cluster_is_is_asked_again_and_any_other_refusal_is_an_error() -> None:
    sizes = {"minSize": 0, "desiredSize": 0, "maxSize": 1}

    def refused(code: str) -> Clients:
        error = ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateNodegroupConfig")
        return Clients(describe_nodegroup={"nodegroup": {"scalingConfig": sizes}}, update_nodegroup_config=error)

    for code in ("ResourceInUseException", "InvalidRequestException"):
        assert nodes.scale(NODES, refused(code)) == f"another update of gpu, or of {NODES['cluster']}"
    with pytest.raises(ClientError):
        nodes.scale(NODES, refused("AccessDeniedException"))


def _targets(*states: str) -> Clients:
    return Clients(
        describe_target_groups={"TargetGroups": [{"TargetGroupArn": "arn:target"}]},
        describe_target_health={"TargetHealthDescriptions": [{"TargetHealth": {"State": each}} for each in states]},
    )


def test_traffic_moves_once_a_target_is_healthy_and_not_before() -> None:
    waiting = _targets("initial", "unhealthy")
    assert traffic.move(TRAFFIC, waiting) == "haven-euc1-tg: none of 2 targets is healthy"
    assert waiting.changes == []
    served = _targets("initial", "healthy")
    assert traffic.move(TRAFFIC, served) == ""
    ((region, _, arguments),) = served.changes
    assert region == REGION
    assert arguments == {
        "Namespace": "Haven/TrafficSwitch",
        "MetricData": [
            {
                "MetricName": "Off",
                "Dimensions": [
                    {"Name": "Environment", "Value": "haven-test-switch"},
                    {"Name": "Region", "Value": OTHER},
                ],
                "Value": 1.0,
            }
        ],
    }


def test_a_target_group_that_is_not_there_yet_is_waited_for_and_any_other_refusal_is_an_error() -> None:
    def refused(code: str) -> Clients:
        return Clients(
            describe_target_groups=ClientError({"Error": {"Code": code, "Message": ""}}, "DescribeTargetGroups")
        )

    assert traffic.move(TRAFFIC, refused("TargetGroupNotFound")) == "haven-euc1-tg doesn't exist"
    with pytest.raises(ClientError):
        traffic.move(TRAFFIC, refused("AccessDenied"))


def test_without_a_target_group_traffic_moves_at_once_in_the_region_that_the_switch_is_written_in() -> None:
    clients = Clients()
    point = {**POINT, "region": OTHER, "value": 0}
    assert traffic.move({**TRAFFIC, "target_group": "", "points": [point]}, clients) == ""
    ((region, _, arguments),) = clients.calls
    assert (region, arguments["MetricData"][0]["Value"]) == (OTHER, 0.0)


def test_one_call_waits_for_less_than_the_interval_and_then_asks_to_be_called_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now, slept = [0.0], []

    def pause(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    clients = _targets("initial")
    with pytest.raises(handler.NotYetError, match="none of 1 targets is healthy"):
        handler.run(TRAFFIC, clients, pause=pause, clock=lambda: now[0])
    assert now[0] <= 45.0
    assert len(slept) == 9
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {
        "action": "move-traffic",
        "awaits": "haven-euc1-tg: none of 1 targets is healthy",
    }


def test_what_is_done_between_two_looks_ends_the_call() -> None:
    answers = iter([_group("SECONDARY"), _group("SECONDARY"), _group("PRIMARY")])
    states = iter([_datastore("available"), _datastore("modifying")])
    clients = Clients(
        describe_replication_groups=lambda **_: next(answers),
        describe_global_replication_groups=lambda **_: next(states),
    )
    assert handler.run(CACHE, clients, pause=lambda _: None, clock=lambda: 0.0) == {"done": "promote-cache"}
    assert len(clients.changes) == 1


def test_lambda_calls_the_action_that_its_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients()
    monkeypatch.setenv(handler.SETTINGS, json.dumps({**TRAFFIC, "target_group": ""}))
    monkeypatch.setattr("boto3.client", lambda service, region_name, config: clients(service, region_name))
    assert handler.handle({"StepName": "scale-nodes"}, None) == {"done": "move-traffic"}
    assert [operation for _, operation, _ in clients.calls] == ["put_metric_data"]
