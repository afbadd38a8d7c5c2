"""The IAM policies of the guide: valid, and no wider than it says."""

import json
import re
from typing import Any

import pytest

from tests.environments import ROOT
from tests.haven.pull_request.workflows import workflow
from tests.policy_documents import Document, lint, listed

GUIDE = (ROOT / "docs" / "pull-requests.md").read_text()
DOCUMENTS: list[dict[str, Any]] = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]
NEWER = "kms:ResourceAliases"
"""A condition on keys that the linter's own data doesn't have yet (KMS Developer Guide, "AWS KMS condition keys")."""
TRUST, PREVIEW, DEPLOYMENT = DOCUMENTS


def actions(document: dict[str, Any]) -> set[str]:
    return {action for each in document["Statement"] for action in listed(each["Action"])}


@pytest.mark.parametrize("document", [PREVIEW, DEPLOYMENT], ids=["preview", "deployment"])
def test_a_policy_linter_finds_nothing(document: dict[str, Any]) -> None:
    found = lint(Document("", "", "the guide", document["Statement"]))
    assert [str(each) for each in found if NEWER not in each.detail] == []


def test_a_preview_can_only_read() -> None:
    assert actions(PREVIEW) == {"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}


def test_both_can_go_on_in_the_recovery_region() -> None:
    for each in (*PREVIEW["Statement"], *DEPLOYMENT["Statement"]):
        named = json.dumps(each["Resource"]).replace("eu-west-1", "euw1").replace("eu-central-1", "euc1")
        assert named.count("euw1") == named.count("euc1") == 1


def test_a_role_trusts_one_environment_of_one_repository() -> None:
    [statement] = TRUST["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    issuer = "token.actions.githubusercontent.com"
    assert statement["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")
    environment = workflow("preview.yaml")["jobs"]["preview"]["environment"].replace("${{ matrix.stack }}", "prod")
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": f"repo:ORG/REPO:environment:{environment}",
        }
    }
