"""The AWS provider creates ECR's replication rules of the account stack, also while the primary Region is lost.

The emulator has no such action: a server of the test's own answers the five calls that this takes.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from haven.base.deployment_error import DeploymentError
from haven.program import aws_types as aws
from haven.program.account_ids import FLAG, PROVIDER
from haven.program.recording import Recording
from haven.terraform import cli
from haven.terraform.export import export
from tests.environments import ACCOUNT, PRIMARY, RECOVERY, environment

pytestmark = pytest.mark.exhaustive

NUMBER = "111122223333"
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::{NUMBER}:assumed-role/deploy/session</Arn><UserId>A</UserId><Account>{NUMBER}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
_DENIED = """<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>no user</Message></Error></ErrorResponse>"""


@dataclass
class Answers:
    """What the server has been asked, and what was stored."""

    identities: list[str] = field(default_factory=list)
    """Region of every question for the caller's identity."""
    rules: dict[str, Any] = field(default_factory=dict)
    """Region -> ECR's replication configuration."""

    def answer(self, region: str, target: str, body: str) -> tuple[int, str]:
        """Status and body of an answer to a call that is signed for a Region."""
        action = target.rpartition(".")[2] or parse_qs(body).get("Action", [""])[0]
        if action == "GetCallerIdentity":
            self.identities.append(region)
            return (200, _IDENTITY) if region == RECOVERY else (503, "")
        if action == "PutReplicationConfiguration":
            self.rules[region] = json.loads(body)["replicationConfiguration"]
            return 200, json.dumps({"replicationConfiguration": self.rules[region]})
        if action == "DescribeRegistry":
            found = {"replicationConfiguration": self.rules[region]} if region in self.rules else {}
            return 200, json.dumps({"registryId": NUMBER, **found})
        return 403, _DENIED


@contextmanager
def _server() -> Iterator[tuple[str, Answers]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            scope = _SCOPE.search(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            region = scope["region"] if scope else ""
            status, text = answers.answer(region, self.headers.get("X-Amz-Target", ""), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answers
    finally:
        server.shutdown()
        server.server_close()


def _rules(**provider: str) -> Recording:
    """ECR's replication rules of the account stack and their providers, with other inputs of the providers."""
    whole = environment(ACCOUNT)
    kept = [
        replace(each, inputs={**each.inputs, **provider}) if each.type == PROVIDER else each
        for each in whole.resources
        if each.type in (PROVIDER, aws.ECR_REPLICATION_CONFIGURATION)
    ]
    return Recording(whole.project, whole.stack, kept, {})


def _deploy(recording: Recording, provider: cli.Terraform, url: str, folder: Path) -> dict[str, str]:
    """Region of each set of rules -> the id that the provider gave it."""
    made = export(recording, provider.schema(), emulator=url)
    for each in made.document["provider"]["aws"]:
        each["max_retries"] = 3
    provider.prepare(made, folder)
    provider.deploy(folder, refresh=False)
    state = json.loads((folder / "terraform.tfstate").read_text())
    return {
        each["provider"].rpartition(".")[2]: each["instances"][0]["attributes"]["id"] for each in state["resources"]
    }


def test_the_rules_are_created_while_sts_of_the_primary_region_does_not_answer(
    provider: cli.Terraform, tmp_path: Path
) -> None:
    with _server() as (url, answers):
        ids = _deploy(_rules(), provider, url, tmp_path)
    assert sorted(ids.values()) == [NUMBER, NUMBER]
    assert set(answers.identities) == {RECOVERY}
    assert answers.rules.keys() == {PRIMARY, RECOVERY}


def test_a_provider_that_skips_its_account_id_can_not_create_them(provider: cli.Terraform, tmp_path: Path) -> None:
    with _server() as (url, _), pytest.raises(DeploymentError, match="Root object was present, but now absent"):
        _deploy(_rules(**{FLAG: "true"}), provider, url, tmp_path)
