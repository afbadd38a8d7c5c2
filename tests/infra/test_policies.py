"""Every policy document of every stack and example: what a linter says of it, and how far its permissions reach."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.environments import ALL_EXAMPLES, EVERY_STACK, RECOVERY, TIERS, environment, example
from tests.policy_documents import Document, Finding, documents, lint, listed

KEY = (aws.KMS_KEY, aws.KMS_REPLICA_KEY)
BUCKET = (aws.S3_BUCKET_POLICY,)


@dataclass(frozen=True)
class Excused:
    """A finding above low that stays."""

    types: tuple[str, ...]
    issue: str
    detail: str
    """A pattern of the linter's words."""
    reason: str

    def covers(self, finding: Finding) -> bool:
        same = (finding.document.type in self.types, finding.issue == self.issue)
        return all(same) and re.search(self.detail, finding.detail) is not None


EXCUSED = (
    Excused(
        BUCKET,
        "MISMATCHED_TYPE",
        r"s3:TlsVersion requires a value of type Numeric but given \['1\.2'\]",
        "The linter takes whole numbers alone; 1.2 is what S3 compares (S3 User Guide, policy keys; read 2026-11-21).",
    ),
    Excused(
        BUCKET,
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"s3:TlsVersion for action s3:(InitiateReplication|PutAccessPointPublicAccessBlock)",
        "The statement denies every action; these two S3 alone takes, or an access point, without this key.",
    ),
    Excused(
        KEY,
        "MISMATCHED_TYPE",
        r"ArnLike requires a value of type Arn but given String",
        "An encryption context is text to the linter; a log group's is its ARN, and AWS's own example compares it so "
        "(CloudWatch Logs User Guide, encrypting log data; read 2026-11-21).",
    ),
)

WHOLE_SERVICES = {
    ("kms:*", "IamPoliciesOfTheAccountApply"): (
        "The account keeps its say over the key: without it nobody could change the key any more (KMS Developer Guide, "
        "default key policy; read 2026-11-21)."
    ),
}
"""Every action of a service, and the statement that may say so."""

FAMILIES = {
    "kms:GenerateDataKey*": "With or without plaintext, alone or in pairs: one permission under four names.",
    "kms:ReEncrypt*": "From a key and to a key: one operation under two names.",
}
"""Actions that are named by their beginning."""

OWN_RESOURCE = {
    aws.KMS_KEY: "In a key's policy the asterisk is the key (KMS Developer Guide, key policies).",
    aws.KMS_REPLICA_KEY: "In a key's policy the asterisk is the key (KMS Developer Guide, key policies).",
    aws.SECRETSMANAGER_SECRET_POLICY: (
        "In a secret's policy the asterisk is the secret (Secrets Manager User Guide, resource policies)."
    ),
}
"""Types whose policies can speak of nothing but the resource that they belong to."""

REACHING = {
    ("FaultExperiments", "FindByTag"): "Finding resources by tag takes no resource.",
    ("FaultExperiments", "Log"): "Deliveries of logs are no resources.",
    ("FaultExperiments", "RefuseInstances"): "Auto Scaling groups' ARNs hold an id that nobody knows before.",
    ("FaultExperiments", "See"): "Describing takes no resource.",
    ("Heartbeat", "FindInterfaces"): "Describing network interfaces takes no resource.",
    ("InferenceCluster", "FindTargets"): "Describing networks, target groups and their health takes no resource.",
    ("Observability", "AnswersOfQueries"): "An answer belongs to a query, which is no resource.",
    ("Observability", "MetricsAndTraces"): "Metrics and traces are no resources, and alarms are listed as a whole.",
    ("Observability", "Traces"): "Traces are no resources.",
    ("OperatorRole", "TrafficSwitch"): "A metric is no resource; a condition names the switch's namespace.",
    ("OperatorRole", "WhatHasNoNarrowerResource"): "Describing across services has no resource to name.",
    ("RecoveryPlan", "ChooseClass"): "Describing classes of instances takes no resource.",
    ("RecoveryPlan", "SeeTargets"): "Describing target groups and their health takes no resource.",
    ("RecoveryPlan", "TrafficSwitch"): "A metric is no resource; a condition names the switch's namespace.",
    ("RegionalNetwork", "logs:DescribeLogGroups"): "VPC flow logs look for their group among all of them.",
}
"""Component and statement (its Sid, or its first action) -> why it may allow something on every resource. The
components' comments hold the sources."""


def recordings() -> Iterator[Recording]:
    yield from (environment(stack) for stack in EVERY_STACK)
    yield from (environment(stack, active=RECOVERY) for stack in TIERS)
    yield from (example(name) for name in ALL_EXAMPLES)


@cache
def every_document() -> tuple[Document, ...]:
    """Each document once, however many environments hold the same."""
    return tuple({each.content: each for recording in recordings() for each in documents(recording)}.values())


@cache
def every_finding() -> tuple[Finding, ...]:
    return tuple(finding for each in every_document() for finding in lint(each) if finding.severity != "LOW")


def allowing() -> Iterator[tuple[Document, str, Mapping[str, Any]]]:
    """The statements that allow something, each with its name."""
    for document in every_document():
        for statement in document.statements:
            if statement["Effect"] == "Allow":
                yield document, statement.get("Sid") or listed(statement["Action"])[0], statement


def test_a_linter_finds_nothing_above_low_in_any_policy_but_what_is_listed() -> None:
    unexcused = [str(each) for each in every_finding() if not any(row.covers(each) for row in EXCUSED)]
    assert len(every_document()) > 100
    assert unexcused == []


@pytest.mark.parametrize("row", EXCUSED, ids=lambda row: row.issue)
def test_every_listed_finding_is_still_found(row: Excused) -> None:
    assert any(row.covers(each) for each in every_finding())


def test_the_linter_would_find_a_permission_that_names_the_wrong_resource() -> None:
    document = next(each for each in every_document() if each.type == aws.IAM_ROLE_POLICY)
    wrong = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:sqs:eu-west-1:123456789012:example"}
    findings = lint(dataclasses.replace(document, statements=[wrong]))
    assert [(each.severity, each.issue) for each in findings] == [("MEDIUM", "RESOURCE_MISMATCH")]


def test_statements_that_need_each_other_are_judged_together() -> None:
    document = next(each for each in every_document() if each.type == aws.IAM_ROLE_POLICY)
    acl, vpc = (
        {
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkAcl",
            "Resource": f"arn:aws:ec2:eu-west-1:123456789012:{what}/*",
        }
        for what in ("network-acl", "vpc")
    )
    assert [each.issue for each in lint(dataclasses.replace(document, statements=[acl]))] == ["RESOURCE_MISMATCH"]
    assert lint(dataclasses.replace(document, statements=[acl, vpc])) == []


def test_nothing_allows_whole_services_but_what_is_listed() -> None:
    found = {
        (action, name)
        for _, name, statement in allowing()
        for action in listed(statement["Action"])
        if action.endswith("*") and action not in FAMILIES
    }
    assert found == WHOLE_SERVICES.keys()


def test_every_listed_family_of_actions_is_still_allowed_somewhere() -> None:
    allowed = {action for _, _, statement in allowing() for action in listed(statement["Action"])}
    assert FAMILIES.keys() <= allowed


def test_nothing_allows_everything_but_what_is_named() -> None:
    turned = [name for document, name, statement in allowing() if statement.keys() & {"NotAction", "NotResource"}]
    assert turned == []


def test_only_listed_statements_allow_something_on_every_resource() -> None:
    reaching = {
        (document.component, name)
        for document, name, statement in allowing()
        if "*" in listed(statement["Resource"]) and document.type not in OWN_RESOURCE
    }
    assert reaching == REACHING.keys()


def test_every_type_whose_policies_speak_of_their_own_resource_is_in_use() -> None:
    own = {document.type for document, _, statement in allowing() if "*" in listed(statement["Resource"])}
    assert OWN_RESOURCE.keys() <= own
