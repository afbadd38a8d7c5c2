"""What the runbook calls is what AWS has: names, required members, types and error codes, by botocore's models."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator

from haven.runbooks.clients import INFERENCE, KUBERNETES
from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, machine, start

OTHERS = (KUBERNETES, INFERENCE)
ERRORS = {
    "rds": ("GlobalClusterNotFoundFault", "DBClusterNotFoundFault"),
    "elasticache": ("ReplicationGroupNotFoundFault",),
    "dynamodb": ("ConditionalCheckFailedException", "ThrottlingException", "ProvisionedThroughputExceededException"),
    "sqs": ("QueueDoesNotExist",),
    "elbv2": ("TargetGroupNotFound",),
    "eks": ("InvalidRequestException", "ResourceInUseException", "ResourceNotFoundException"),
}


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def calls(*, planned: bool, standby: int) -> list[Call]:
    """Every call of one failover."""
    aws, made = Model(instances=standby), []

    def note(_: str, call: Call, now: float) -> Fault | None:
        made.append(call)
        return None

    simulation = Simulation(aws, note)
    if not planned:
        aws.at(100, aws.kill)
    ready = machine(simulation, "a", manifest=PATIENT[standby])
    start(simulation, ready, Request(planned), 150)
    simulation.run()
    assert ready.outcome[0].state == "done"
    return made


def problems(call: Call) -> Iterator[str]:
    """What AWS wouldn't accept of a call."""
    service = model(call.service)
    names = {xform_name(each): each for each in service.operation_names}
    if call.operation not in names:
        yield f"{call}: no such operation"
        return
    shape = service.operation_model(names[call.operation]).input_shape
    report = ParamValidator().validate(dict(call.arguments), shape)
    if report.has_errors():
        yield f"{call}: {report.generate_report()}"


@pytest.mark.parametrize(("planned", "standby"), [(False, 1), (True, 1), (False, 0)])
def test_every_call_is_one_that_aws_has(planned: bool, standby: int) -> None:
    made = calls(planned=planned, standby=standby)
    distinct = {(each.service, each.operation, str(each.arguments)): each for each in made}
    aws = [each for each in distinct.values() if each.service not in OTHERS]
    assert [problem for each in aws for problem in problems(each)] == []


@pytest.mark.parametrize(("service", "code"), [(service, code) for service, codes in ERRORS.items() for code in codes])
def test_every_error_code_that_is_looked_for_is_one_of_the_service(service: str, code: str) -> None:
    shapes = {each.name for each in model(service).error_shapes}
    codes = {each.metadata.get("error", {}).get("code", each.name) for each in model(service).error_shapes}
    assert code in shapes | codes


def test_with_the_primary_region_lost_it_is_only_observed_and_only_at_the_beginning() -> None:
    made = calls(planned=False, standby=1)
    to_the_lost_one = [each for each in made if each.region == P]
    assert [str(each) for each in to_the_lost_one if each.changes or not each.observes] == []
    # One look at its table of the lease and one at the Region, after which nothing asks it any more.
    looked = ["describe_db_clusters", "describe_network_acls", "query"]
    assert [each.operation for each in to_the_lost_one] == ["get_item", *looked]
    assert {each.region for each in made if each.changes} <= {R, "eu-west-3"}


def test_a_change_is_sent_with_the_lease_s_deadline_and_once() -> None:
    made = calls(planned=True, standby=1)
    effects = [each for each in made if each.changes and each.service not in ("dynamodb", "s3")]
    assert len(effects) == 20
    assert all(each.not_after is not None for each in effects)
