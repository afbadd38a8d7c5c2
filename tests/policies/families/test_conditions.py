"""What conditions let through: by operator, by value, by whose key it is."""

import json
from typing import Any

import pytest

from haven.program import aws_types as aws
from tests.policies.third_party.programs import EMPTY, document, found, one

GITHUB = "token.actions.githubusercontent.com"
IRSA = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"


def _trusted(issuer: str, condition: Any) -> bool:
    """Whether a role for an identity provider names whom it is for."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
        "Condition": condition,
    }
    return found("federated-subjects-named", one(aws.IAM_ROLE, assumeRolePolicy=document(statement))(EMPTY)) == []


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GITHUB, "*"),
        (GITHUB, "**"),
        (GITHUB, "?*"),
        (GITHUB, "re*"),
        (GITHUB, "repo:acme*"),
        (GITHUB, "repo:acm?/app:*"),
        (GITHUB, "repo:acme*/app:*"),
        (GITHUB, "repo:*/app:ref:refs/heads/main"),
        (GITHUB, "repo:${aws:username}/app:*"),
        (GITHUB, "*:ref:refs/heads/main"),
        (GITHUB, "repository_owner:acme*"),
        (GITHUB, "workflow:deploy:repo:acme/app:*"),
        (GITHUB, "environment:production:repo:acme/app:*"),
        ("gitlab.com", "project_path:*:ref_type:branch:ref:main"),
        ("gitlab.com", "project_path:acme*/app:ref_type:branch:ref:main"),
        ("gitlab.acme.example", "project_path:*"),
        ("app.terraform.io", "organization:*:project:*:workspace:*:run_phase:*"),
        ("app.terraform.io", "organization:acme*"),
        ("agent.buildkite.com", "organization:*:pipeline:deploy:*"),
        ("oidc.vercel.com/acme", "owner:*:project:shop:environment:production"),
        (BITBUCKET, "*:*"),
        (IRSA, "system:serviceaccount:*"),
        (IRSA, "system:serviceaccount:*:app"),
        (IRSA, "system:serviceaccount:kube*:app"),
    ],
)
def test_a_subject_whose_owner_is_a_wildcard_names_nobody(issuer: str, subject: str) -> None:
    assert not _trusted(issuer, {"StringLike": {f"{issuer}:sub": subject}})


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GITHUB, "repo:acme/app:*"),
        (GITHUB, "repo:acme/*"),
        (GITHUB, "repository_owner:acme:*"),
        (GITHUB, "repository_visibility:private:repo:acme/app:*"),
        (GITHUB, "job_workflow_ref:acme/build/.github/workflows/deploy.yaml@*"),
        ("gitlab.com", "project_path:acme/app:ref_type:branch:ref:*"),
        ("app.terraform.io", "organization:acme:project:*:workspace:prod:run_phase:apply"),
        (BITBUCKET, "{11112222-3333}:*"),
        (IRSA, "system:serviceaccount:serving:*"),
    ],
)
def test_a_subject_with_a_whole_owner_names_somebody(issuer: str, subject: str) -> None:
    assert _trusted(issuer, {"StringLike": {f"{issuer}:sub": subject}})


@pytest.mark.parametrize(
    "operator",
    ["StringNotEquals", "StringNotLike", "StringLikeIfExists", "ForAllValues:StringLike", "ForAllValues:StringNotLike"],
)
def test_operators_that_let_others_or_nothing_in_name_nobody(operator: str) -> None:
    assert not _trusted(GITHUB, {operator: {f"{GITHUB}:sub": "repo:acme/app:*"}})


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {f"{GITHUB}:sub": "repo:acme/app:environment:production"}},
        {"StringEquals": {f"{GITHUB}:sub": "repo:acme*"}},
        {"StringEqualsIgnoreCase": {f"{GITHUB}:SUB": "repo:Acme/App:ref:refs/heads/main"}},
        {"ForAnyValue:StringLike": {f"{GITHUB}:sub": ["repo:acme/app:*", "repo:acme/lib:*"]}},
        {"StringLikeIfExists": {f"{GITHUB}:sub": "repo:acme/app:*"}, "Null": {f"{GITHUB}:sub": "false"}},
        {"StringEquals": {f"{GITHUB}:repository": "acme/app"}},
    ],
    ids=json.dumps,
)
def test_a_literal_asterisk_and_a_key_that_is_demanded_name_somebody(condition: Any) -> None:
    assert _trusted(GITHUB, condition)


@pytest.mark.parametrize("issuer", [GITHUB, "gitlab.com", "app.terraform.io", BITBUCKET, IRSA])
def test_an_audience_is_the_same_for_every_user_of_a_service(issuer: str) -> None:
    assert not _trusted(issuer, {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}})
    assert not _trusted(issuer, {})


def test_the_audience_of_an_application_of_one_s_own_names_its_users() -> None:
    assert _trusted("accounts.google.com", {"StringEquals": {"accounts.google.com:aud": "one.apps"}})
    pool = "cognito-identity.amazonaws.com"
    assert _trusted(pool, {"StringEquals": {f"{pool}:aud": "eu-west-1:pool"}})
    assert not _trusted(pool, {"ForAnyValue:StringLike": {f"{pool}:amr": "authenticated"}})


def _lets_everybody_in(condition: Any) -> bool:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": "*", "Condition": condition}
    return found("no-wildcard-principal", one(aws.SQS_QUEUE_POLICY, policy=document(statement))(EMPTY)) != []


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
        {"StringLike": {"aws:SourceAccount": "1111*"}},
        {"StringNotEquals": {"aws:SourceAccount": "111122223333"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
        {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-0123456789"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
        {"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:topic"}},
        {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringLike": {"aws:SourceVpce": "vpce-*"}},
        {"StringEquals": {"aws:PrincipalTag/team": "ai"}},
        {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}},
        {"Null": {"aws:PrincipalOrgID": "false"}},
    ],
    ids=json.dumps,
)
def test_conditions_that_anybody_can_meet_restrict_nobody(condition: Any) -> None:
    assert _lets_everybody_in(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-0123456789"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-0123456789/r-1/*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::acme-uploads-*"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}, "Null": {"aws:SourceAccount": "false"}},
        {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
    ],
    ids=json.dumps,
)
def test_conditions_that_name_an_account_a_network_or_an_organization_restrict(condition: Any) -> None:
    assert not _lets_everybody_in(condition)


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, False),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-0123456789"}}, False),
        ({"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}, True),
        ({"StringNotLike": {"aws:SourceVpce": "vpce-*"}}, True),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}}, True),
    ],
    ids=json.dumps,
)
def test_a_denial_for_everybody_else_closes_what_is_allowed_to_everybody(condition: Any, is_open: bool) -> None:
    everybody = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
    statements = ({"Effect": "Allow", **everybody}, {"Effect": "Deny", **everybody, "Condition": condition})
    policy = one(aws.APIGATEWAY_REST_API_POLICY, policy=document(*statements))(EMPTY)
    assert (found("no-wildcard-principal", policy) != []) is is_open


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (aws.LAMBDA_PERMISSION, {"principal": "*"}),
        (aws.LAMBDA_PERMISSION, {"principal": "*", "sourceArn": "arn:aws:s3:::*"}),
        (aws.LAMBDA_PERMISSION, {"principal": "*", "sourceAccount": ""}),
        (aws.LAMBDA_LAYER_VERSION_PERMISSION, {"principal": "*"}),
        (aws.CLOUDWATCH_EVENT_PERMISSION, {"principal": "*"}),
        (aws.EC2_AMI_LAUNCH_PERMISSION, {"group": "all"}),
        *(
            (type_, {path: document({"Effect": "Allow", "Principal": "*", "Action": "x:Get", "Resource": "*"})})
            for type_, path in (
                (aws.APIGATEWAY_REST_API_POLICY, "policy"),
                (aws.CLOUDWATCH_LOG_DESTINATION_POLICY, "accessPolicy"),
                (aws.ECRPUBLIC_REPOSITORY_POLICY, "policy"),
                (aws.ELASTICSEARCH_DOMAIN, "accessPolicies"),
                (aws.GLACIER_VAULT, "accessPolicy"),
                (aws.OPENSEARCH_DOMAIN_POLICY, "accessPolicies"),
                (aws.S3TABLES_TABLE_BUCKET_POLICY, "resourcePolicy"),
                (aws.VPCLATTICE_AUTH_POLICY, "policy"),
            )
        ),
    ],
)
def test_policies_of_every_service_are_read(type_: str, inputs: dict[str, Any]) -> None:
    assert found("no-wildcard-principal", one(type_, **inputs)(EMPTY)) != []
