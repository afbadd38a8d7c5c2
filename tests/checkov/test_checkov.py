"""General AWS hygiene is checkov's field: what it reports of any stack is changed, or listed with its reason."""

import json
from pathlib import Path

import pytest

from haven.base import isolated_environment
from haven.terraform import cli
from haven.terraform.export import export
from tests.checkov.findings import HERE, Accepted, Finding, accepted, check
from tests.environments import EVERY_STACK, environment

pytestmark = pytest.mark.exhaustive
HOME = Path(__file__).resolve().parents[2] / ".haven" / "checkov"


@pytest.fixture(scope="module")
def reported(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What checkov reports of each stack."""
    try:
        python = isolated_environment.install(HOME, "checkov", HERE / "requirements.txt", options=())
    except isolated_environment.InstallationError as error:
        pytest.skip(f"checkov can't be installed: {error}")
    findings = {}
    for stack in EVERY_STACK:
        folder = tmp_path_factory.mktemp(stack)
        document = export(environment(stack), provider.schema()).document
        (folder / "main.tf.json").write_text(json.dumps(document))
        findings[stack] = check(python, folder)
    return findings


def test_every_finding_is_listed_with_a_reason(reported: dict[str, list[Finding]]) -> None:
    known = accepted()
    unlisted = {
        f"{stack}: {each.check} {each.resource}: {each.title}"
        for stack, findings in reported.items()
        for each in findings
        if not any(entry.covers(each) for entry in known)
    }
    assert sorted(unlisted) == []


def test_every_entry_of_the_list_is_still_reported(reported: dict[str, list[Finding]]) -> None:
    findings = [each for stack in reported.values() for each in stack]
    stale = [
        f"{entry.check} {pattern}"
        for entry in accepted()
        for pattern in entry.resources
        if not any(Accepted(entry.check, [pattern], entry.reason).covers(each) for each in findings)
    ]
    assert stale == []


def test_a_bucket_that_everybody_reads_is_reported(
    reported: dict[str, list[Finding]], provider: cli.Terraform, tmp_path: Path
) -> None:
    document = dict(export(environment("warm"), provider.schema()).document)
    bucket = {"bucket": "haven-warm-open", "acl": "public-read"}
    document["resource"] = {**document["resource"], "aws_s3_bucket": {"haven-warm-open": bucket}}
    (tmp_path / "main.tf.json").write_text(json.dumps(document))
    python = isolated_environment.install(HOME, "checkov", HERE / "requirements.txt", options=())
    known = accepted()
    unlisted = {each.check for each in check(python, tmp_path) if not any(entry.covers(each) for entry in known)}
    assert "CKV_AWS_20" in unlisted
