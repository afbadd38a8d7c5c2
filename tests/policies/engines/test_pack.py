"""The pack under the policy host of Pulumi's SDK: a process of its own that is asked over gRPC, as an engine asks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven_policies.rules import RULES
from tests.environments import ROOT, environment
from tests.policies.breaking import setting
from tests.policies.engines.engine_view import EngineView

UNENCRYPTED = setting(aws.RDS_CLUSTER, "storageEncrypted", False)
BIG = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@contextmanager
def host(stack: str, **changes: str) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack, started as Pulumi's language host starts it, for a stack with some keys changed."""
    config = {**load_stack(stack, ROOT).config, **{f"haven:{name}": text for name, text in changes.items()}}
    variables = {"PULUMI_PROJECT": "haven", "PULUMI_STACK": stack, "PULUMI_DRY_RUN": "true"}
    process = subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "policies")],
        cwd=ROOT / "policies",
        env={**os.environ, **variables, "PULUMI_CONFIG": json.dumps(config)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        assert port, process.stderr.read() if process.stderr else ""
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=BIG) as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.communicate()


def reported(answer: analyzer_pb2.AnalyzeResponse) -> set[str]:
    """The policies that found something."""
    return {each.policyName for each in answer.diagnostics}


@pytest.fixture(scope="module")
def warm() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    with host("warm") as pack:
        yield pack


def test_every_rule_is_a_policy_with_its_page_and_its_remedy(warm: analyzer_pb2_grpc.AnalyzerStub) -> None:
    listed = {each.name: each for each in warm.GetAnalyzerInfo(empty_pb2.Empty()).policies}
    assert listed.keys() == {*(each.name for each in RULES), "waivers"}
    for rule in RULES:
        assert (listed[rule.name].url, listed[rule.name].remediation_steps) == (rule.page, rule.remediation)
        assert listed[rule.name].enforcementLevel == getattr(analyzer_pb2, rule.level.upper())


@pytest.mark.parametrize("deployed", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_the_pack_finds_nothing_in_the_environment_as_a_whole(
    warm: analyzer_pb2_grpc.AnalyzerStub, deployed: bool
) -> None:
    """The SDK reads all resources once for each rule, which takes most of the time."""
    request = EngineView(environment("warm"), deployed=deployed).stack_request()
    assert reported(warm.AnalyzeStack(request)) == set()


def test_the_pack_finds_nothing_in_single_resources(warm: analyzer_pb2_grpc.AnalyzerStub) -> None:
    recording = environment("warm")
    view = EngineView(recording, deployed=False)
    for each in recording.real():
        assert reported(warm.Analyze(view.resource_request(each))) == set(), each.urn


def test_the_pack_names_what_is_broken_before_it_is_made(warm: analyzer_pb2_grpc.AnalyzerStub) -> None:
    recording = UNENCRYPTED(environment("warm"))
    view = EngineView(recording, deployed=False)
    answers = [warm.Analyze(view.resource_request(each)) for each in recording.real() if "rds/cluster:" in each.type]
    found = [each for answer in answers for each in answer.diagnostics]
    assert [each.policyName for each in found] == ["database-encrypted"]
    assert found[0].enforcementLevel == analyzer_pb2.MANDATORY
    assert "storageEncrypted: got false; allowed: true" in found[0].message
