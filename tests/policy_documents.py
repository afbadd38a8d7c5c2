"""Policy documents of recordings, with examples of ARNs in the place of what only exists once its resource does."""

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource, Secret
from tests.environments import nested

with warnings.catch_warnings():  # it leaves its data files open, and finds them in a way that is going out of use
    warnings.simplefilter("ignore")
    import parliament

EXAMPLES = {
    (aws.AMP_WORKSPACE, "arn"): "arn:aws:aps:eu-west-1:123456789012:workspace/ws-1234abcd",
    (aws.DYNAMODB_TABLE, "arn"): "arn:aws:dynamodb:eu-west-1:123456789012:table/example",
    (aws.IAM_ROLE, "arn"): "arn:aws:iam::123456789012:role/example",
    (aws.KMS_KEY, "arn"): "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    (aws.KMS_REPLICA_KEY, "arn"): ("arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
    (aws.LAMBDA_FUNCTION, "arn"): "arn:aws:lambda:eu-west-1:123456789012:function:example",
    (aws.RDS_CLUSTER, "clusterResourceId"): "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    (aws.S3_BUCKET, "arn"): "arn:aws:s3:::example",
    (aws.S3CONTROL_MULTI_REGION_ACCESS_POINT, "alias"): "mfzwi23gnjvgw.mrap",
    (aws.SNS_TOPIC, "arn"): "arn:aws:sns:eu-west-1:123456789012:example",
}
"""Type and property -> what such a property looks like."""

WITHOUT_RESOURCE = {
    (aws.IAM_ROLE, "assumeRolePolicy"): "arn:aws:iam::123456789012:role/example",
    (aws.ECR_REPOSITORY_POLICY, "policy"): ("arn:aws:ecr:eu-west-1:123456789012:repository/haven-example/serving"),
}
"""Type and property of policies in which AWS wants no resource named -> the one that they belong to."""


@dataclass(frozen=True)
class Document:
    """One policy document."""

    component: str
    type: str
    urn: str
    statements: Sequence[Mapping[str, Any]]

    @property
    def content(self) -> str:
        """What the linter judges; the same in many environments."""
        return json.dumps([self.component, self.type, self.statements], sort_keys=True)


@dataclass(frozen=True)
class Finding:
    """What the linter says of a document."""

    document: Document
    severity: str
    issue: str
    detail: str

    def __str__(self) -> str:
        return f"{self.severity} {self.issue} {self.detail} in {self.document.urn}"


def documents(recording: Recording) -> Iterator[Document]:
    """Every policy document of an environment, wherever in a resource's inputs it stands."""
    for each in recording.real():
        for name, value in each.inputs.items():
            for text in filter(_is_document, map(_plain, nested(_plain(value)))):
                yield Document(each.component or "", each.type, each.urn, _statements(recording, each, name, text))


def lint(document: Document) -> list[Finding]:
    """What parliament finds; an action that several statements together allow counts as theirs."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(document.statements)})
    found = [parliament.enhance_finding(each) for each in parliament.analyze_policy_string(text).findings]
    return [
        Finding(document, each.severity, each.issue, str(each.detail))
        for each in found
        if each.issue != "RESOURCE_MISMATCH" or not _allowed_together(document, each.detail)
    ]


def listed(value: str | Sequence[str] | None) -> list[str]:
    """The values of a statement's element, which may also be a single value."""
    return [value] if isinstance(value, str) else list(value or ())


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _is_document(value: Any) -> bool:
    return isinstance(value, str) and '"Statement"' in value


def _statements(recording: Recording, record: Resource, name: str, text: str) -> list[Mapping[str, Any]]:
    def example(found: re.Match[str]) -> str:
        return EXAMPLES[recording.by_key[found["key"]].type, found["path"]]

    statements = json.loads(REFERENCE.sub(example, text))["Statement"]
    own = WITHOUT_RESOURCE.get((record.type, name))
    return [{**each, "Resource": own} for each in statements] if own else list(statements)


def _allowed_together(document: Document, lacking: Sequence[Mapping[str, str]]) -> bool:
    """Whether the resource that one statement's action lacks is allowed to it by another statement."""
    return all(
        any(
            each["action"] in listed(statement.get("Action"))
            and any(parliament.is_arn_match("", each["required_format"], arn) for arn in listed(statement["Resource"]))
            for statement in document.statements
            if statement["Effect"] == "Allow"
        )
        for each in lacking
    )
