"""Copies into a vault of another account, as `docs/isolated-vault.md` describes."""

import json

import pytest

from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY, ROOT, environment, of_type
from tests.policies.breaking import verdict_of

ACCOUNT = "444455556666"
VAULT = f"arn:aws:backup:{PRIMARY}:{ACCOUNT}:backup-vault:isolated"
CHANGES = {"backups": json.dumps({"isolatedVaultArn": VAULT})}


@pytest.mark.parametrize(("type_", "region"), [(aws.KMS_KEY, PRIMARY), (aws.KMS_REPLICA_KEY, RECOVERY)])
def test_the_account_of_the_vault_may_use_the_key_that_encrypts_what_is_copied(type_: str, region: str) -> None:
    (key,) = of_type(environment("backup", **CHANGES), type_, region)
    assert f"arn:aws:iam::{ACCOUNT}:root" in key.inputs["policy"]
    (without,) = of_type(environment("backup"), type_, region)
    assert ACCOUNT not in without.inputs["policy"]


def test_no_policy_minds_the_share_of_the_key() -> None:
    assert verdict_of("backup", environment("backup", **CHANGES), CHANGES).violations == []


def test_a_vault_in_the_other_region_is_noted_as_one_step_too_many_for_aurora() -> None:
    assert "isolatedVaultArn" not in "".join(environment("backup", **CHANGES).outputs["notes"])
    far = json.dumps({"isolatedVaultArn": VAULT.replace(PRIMARY, RECOVERY)})
    notes = "".join(environment("backup", backups=far).outputs["notes"])
    assert f"isolatedVaultArn is in another Region than {PRIMARY}" in notes


def test_the_policies_of_the_page_are_documents_with_the_actions_that_a_copy_needs() -> None:
    page = (ROOT / "docs/isolated-vault.md").read_text(encoding="utf-8")
    documents = [json.loads(each.partition("```")[0]) for each in page.split("```json\n")[1:]]
    actions = {
        action
        for document in documents
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {"backup:CopyIntoBackupVault", "kms:Decrypt", "kms:CreateGrant"} <= actions
