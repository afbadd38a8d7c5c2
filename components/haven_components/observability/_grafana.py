"""A managed Grafana workspace in one Region that may read what is watched in the account, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.choices import GrafanaAuthentication
from haven_components.observability._telemetry import RegionalScope
from haven_components.shared.support import Checks, assume_role_policy, policy_document

VERSION = "10.4"
"""The newest one that the AWS provider of the examples knows (Amazon Managed Grafana User Guide, versions; read
2026-11-21)."""


class GrafanaSamlArgs(TypedDict):
    metadata_url: str
    """Where the identity provider publishes its metadata, an HTTPS address."""
    role_attribute: str
    """The attribute of an assertion that holds somebody's roles."""
    admin_roles: list[str]
    """Values of that attribute that make an administrator, one at least."""
    editor_roles: list[str]
    """Values of that attribute that make an editor, one at least."""


class GrafanaArgs(TypedDict):
    authentication: GrafanaAuthentication
    """What authenticates users."""
    saml: NotRequired[GrafanaSamlArgs]
    """Needed with SAML, and only then."""
    admin_group_ids: NotRequired[list[str]]
    """Ids of the groups of IAM Identity Center whose members administer the workspace. Omitted: no access until
    somebody is assigned."""


def grafana(
    place: RegionalScope, args: GrafanaArgs, workspace_arns: Sequence[pulumi.Output[str]]
) -> aws.grafana.Workspace:
    """A workspace whose role reads metrics, alarms, traces, the environment's logs, and these Prometheus workspaces."""
    workspace = aws.grafana.Workspace(
        f"{place.name}-grafana",
        name=place.name,
        description=f"{place.environment} in {place.region}",
        account_access_type="CURRENT_ACCOUNT",
        # Roles that the service manages may read everything of the account.
        permission_type="CUSTOMER_MANAGED",
        authentication_providers=[args["authentication"].value],
        data_sources=["CLOUDWATCH", "XRAY", *(["PROMETHEUS"] if workspace_arns else [])],
        grafana_version=VERSION,
        kms_key_id=place.kms_key_arn,
        role_arn=_role(place, workspace_arns).arn,
        tags={"Name": place.name},
        # Their changes are addressed to an ARN that the provider composes from an account id, which an environment's
        # provider doesn't ask for (its source, internal/service/grafana/workspace.go; read 2026-11-26).
        opts=place.kept(ignore_changes=["tags", "tagsAll"]),
    )
    if "saml" in args:
        _saml(place, args["saml"], workspace)
    if groups := args.get("admin_group_ids", []):
        aws.grafana.RoleAssociation(
            f"{place.name}-grafana-admins",
            role="ADMIN",
            group_ids=groups,
            workspace_id=workspace.id,
            opts=place.beside(),
        )
    return workspace


def _saml(place: RegionalScope, saml: GrafanaSamlArgs, workspace: aws.grafana.Workspace) -> None:
    aws.grafana.WorkspaceSamlConfiguration(
        f"{place.name}-grafana-saml",
        workspace_id=workspace.id,
        idp_metadata_url=saml["metadata_url"],
        role_assertion=saml["role_attribute"],
        admin_role_values=saml["admin_roles"],
        editor_role_values=saml["editor_roles"],
        opts=place.beside(),
    )


def _role(place: RegionalScope, workspace_arns: Sequence[pulumi.Output[str]]) -> aws.iam.Role:
    name = f"{place.name}-grafana"
    role = aws.iam.Role(
        f"{name}-role",
        name=name,
        description=f"Grafana reads what is watched in {place.environment}",
        assume_role_policy=assume_role_policy(
            "grafana.amazonaws.com", account_id=place.account_id, source_arn=place.arn("grafana", "/workspaces/*")
        ),
        tags={"Name": name},
        opts=place.beside(),
    )
    aws.iam.RolePolicy(
        f"{name}-permissions",
        name=name,
        role=role.name,
        policy=policy_document(*_reads(place, workspace_arns)),
        opts=place.beside(),
    )
    return role


def _reads(place: RegionalScope, workspace_arns: Sequence[pulumi.Output[str]]) -> list[Mapping[str, Any]]:
    """What the data sources ask for (AWS managed policies for Amazon Managed Grafana; read 2026-11-21), without what
    they need to discover."""
    groups = place.arn("logs", f"log-group:/haven/{place.environment}/*")
    return [
        {
            "Sid": "MetricsAndTraces",
            "Effect": "Allow",
            "Action": [
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DescribeAlarmsForMetric",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListMetrics",
                "xray:BatchGetTraces",
                "xray:GetGroups",
                "xray:GetServiceGraph",
                "xray:GetTimeSeriesServiceStatistics",
                "xray:GetTraceGraph",
                "xray:GetTraceSummaries",
            ],
            # Metrics and traces are no resources (Service Authorization Reference, CloudWatch and X-Ray; read
            # 2026-11-21), and a narrower scope hides composite alarms (CloudWatch API, DescribeAlarms; 2026-11-21).
            "Resource": "*",
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery"],
            "Resource": [groups, f"{groups}:*"],
        },
        {
            "Sid": "AnswersOfQueries",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"],
            # Groups are listed together or not at all, and a query that runs is known by its id alone, which only who
            # may start one gets (CloudWatch Logs API, GetQueryResults and StopQuery; read 2026-11-21).
            "Resource": "*",
        },
        *(
            [
                {
                    "Sid": "Prometheus",
                    "Effect": "Allow",
                    "Action": [
                        "aps:DescribeWorkspace",
                        "aps:GetLabels",
                        "aps:GetMetricMetadata",
                        "aps:GetSeries",
                        "aps:QueryMetrics",
                    ],
                    "Resource": list(workspace_arns),
                }
            ]
            if workspace_arns
            else []
        ),
    ]


def require_grafana(checks: Checks, args: GrafanaArgs) -> None:
    """SAML comes with what it needs, and everything else without."""
    by_saml = args["authentication"] == GrafanaAuthentication.SAML
    saml = args.get("saml")
    checks.require(
        by_saml == (saml is not None),
        "grafana.saml",
        got=saml,
        allowed="given with SAML, and only then",
        fix="describe the identity provider, or choose IAM Identity Center",
    )
    checks.require(
        not (by_saml and "admin_group_ids" in args),
        "grafana.admin_group_ids",
        got=args.get("admin_group_ids"),
        allowed="groups of IAM Identity Center, if it authenticates users",
        fix="name the administrators' roles in saml",
    )
    if saml is not None:
        checks.require(
            saml["metadata_url"].startswith("https://") and bool(saml["admin_roles"]) and bool(saml["editor_roles"]),
            "grafana.saml",
            got=saml,
            allowed="an HTTPS address, an administrator's role and an editor's at least",
            fix="name groups: without them no user has access",
        )
