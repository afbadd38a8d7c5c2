"""What `haven preflight --failover` asks, by boto3's clients against a server on loopback that denies it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from botocore.exceptions import ClientError

from haven.base.exits import BAD_INPUT, FINDINGS, MISSING_DEPENDENCY
from haven.cli.main import main
from haven.runbooks.clients import clients
from haven.runbooks.manifest import Located
from haven.runbooks.observation import ask_all
from haven.runbooks.preflight import database, failover
from haven.runbooks.preflight.checks import Status
from haven_components.resilience._operator_rights import RIGHTS
from tests.environments import PRIMARY, RECOVERY, environment
from tests.haven.runbooks.preflight.answers import CATALOG, manifest

DENIAL = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>"
OF_EC2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
SILENT = "http://127.0.0.1:9"
OF_JSON = json.dumps({"__type": "AccessDeniedException", "message": "not allowed"})


class Handler(BaseHTTPRequestHandler):
    """Denies whatever is asked, in the words of the protocol."""

    def _deny(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service = self.headers["Authorization"].split("Credential=")[1].split("/")[3]
        query = "urlencoded" in self.headers.get("Content-Type", "") or service == "s3"
        text = OF_EC2 if service == "ec2" else DENIAL if query else OF_JSON
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-amzn-ErrorType", "AccessDeniedException")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self) -> None:
        self._deny()

    def do_POST(self) -> None:
        self._deny()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def denying() -> Iterator[str]:
    """The server's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def denied() -> failover.Readiness:
    with denying() as url:
        return failover.observe(Located(manifest()), clients(url), RECOVERY, catalog=CATALOG, within=60)


def test_what_aws_denies_is_unknown_and_forbids_it_in_the_region_that_would_be_promoted_alone(
    denied: failover.Readiness,
) -> None:
    known = [each.what for each in denied.checks if each.status is not Status.UNKNOWN]
    assert known == ["operations tables"]  # from the manifest alone
    warnings = [each.what for each in denied.checks if each.fix and not each.blocks and each.region != PRIMARY]
    # Replicated stores aren't restored, IAM and Lambda's quotas are no part of a failover, and a queue that can't be
    # closed stops none.
    assert {each.partition(" for ")[0].partition(" in ")[0] for each in warnings} == {
        "copies",
        "permission",
        "queue haven-warm-requests-euc1-queue",
        "quota Concurrent executions (lambda L-B99A9384)",
        "restore tests",
    }
    assert not denied.ready
    assert {each.what for each in denied.checks if "is refused: " not in each.got} == set(known)


def test_each_line_names_the_permission_that_it_lacks_and_the_operator_s_role_has_it(
    denied: failover.Readiness,
) -> None:
    allowed = {each.action for each in RIGHTS}
    lines = [each for each in denied.checks if "allow " in each.fix]
    named = {word.strip(",;") for each in lines for word in each.fix.split() if ":" in word and word[0].islower()}
    assert {each for each in named if "Get" in each or "Describe" in each or "List" in each} <= allowed
    without = {each.what for each in denied.checks} - {each.what for each in lines}
    assert without == {"credentials", "operations tables"}  # STS asks for no permission


class Rds:
    """Answers about a member and lets nobody see its maintenance."""

    def describe_global_clusters(self, **_: object) -> object:
        return {"GlobalClusters": []}

    def describe_db_clusters(self, **_: object) -> object:
        return {"DBClusters": [{"Status": "available"}]}

    def describe_db_instances(self, **_: object) -> object:
        return {"DBInstances": [{"DBInstanceIdentifier": "one"}]}

    def get_paginator(self, operation: str) -> "Rds":
        assert operation == "describe_pending_maintenance_actions"
        return self

    def paginate(self, **_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribePendingMaintenanceActions")


def test_a_denied_look_at_maintenance_hides_no_member() -> None:
    answers = ask_all(database.questions(manifest(), lambda *_: Rds()), 60)
    members = [answers[database.MEMBER, region].value for region in (PRIMARY, RECOVERY)]
    assert [each and each.cluster["Status"] for each in members] == ["available", "available"]
    hidden = {what for (what, _), each in answers.items() if not each.known}
    assert hidden == {"pending maintenance"}


def test_an_environment_s_other_region_is_named_and_the_manifest_is_no_option_of_a_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["preflight", "warm", "--to", "us-east-1"]) == BAD_INPUT
    assert "--to: got" in capsys.readouterr().err
    assert main(["preflight", "warm", "--manifest", "kept.json", "--region", PRIMARY]) == BAD_INPUT
    error = capsys.readouterr().err
    assert ("--manifest" in error, "--region" in error, "add --failover" in error) == (True, True, True)


def test_a_denied_preflight_prints_its_blockers_first_and_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(environment("warm").outputs["manifest"]))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with denying() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        words = ["preflight", "warm", "--failover", "--manifest", str(kept), "-C", str(tmp_path)]
        assert main(words) == FINDINGS
        shown = capsys.readouterr().out
        assert main([*words, "--json"]) == FINDINGS
    document = json.loads(capsys.readouterr().out)
    schema = (files("haven.cli") / "schemas" / "preflight.v1.json").read_text(encoding="utf-8")
    jsonschema.validate(document, json.loads(schema))
    assert document["failover"]["to"] == RECOVERY
    assert shown.startswith("Failover of warm to eu-central-1: ")
    assert shown.index("\nBlockers\n") < shown.index("\nWarnings\n")


def test_where_nobody_can_be_reached_the_network_is_the_finding_and_no_right_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(environment("warm").outputs["manifest"]))
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "ENDPOINT_URL": SILENT}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    words = ["preflight", "warm", "--failover", "--manifest", str(kept), "-C", str(tmp_path), "--json"]
    assert main(words) == MISSING_DEPENDENCY
    document = json.loads(capsys.readouterr().out)
    unknown = [each for each in document["checks"] if each["status"] == "unknown"]
    network = {each["region"]: each for each in unknown if each["what"] == "the network"}
    assert not document["failover"]["ready"]
    assert network[RECOVERY]["blocks"]
    assert network[RECOVERY]["got"].startswith("no connection; unknown for that: credentials, ")
    rest = [each for each in unknown if each["what"] != "the network"]
    assert [each["what"] for each in rest if "allow " in each["fix"]] == []
    assert len(rest) <= 2, rest  # of the manifest alone


def test_a_region_that_is_silent_is_one_finding_beside_what_the_other_one_answers() -> None:
    with denying() as url:
        alive, dead = clients(url), clients(SILENT)
        found = failover.observe(
            Located(manifest()),
            lambda service, region: (dead if region == PRIMARY else alive)(service, region),
            RECOVERY,
            catalog=CATALOG,
            within=60,
        )
    assert found.answered
    network = [each for each in found.checks if each.what == "the network"]
    assert PRIMARY in {each.region for each in network}
    assert not any(each.blocks for each in network if each.region == PRIMARY)
    assert any("allow " in each.fix for each in found.checks if each.region == RECOVERY)
