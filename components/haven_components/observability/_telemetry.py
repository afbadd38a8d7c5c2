"""Where applications of one Region leave logs, metrics and traces, and the role of the collector that brings them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.names import resource_arn, system_log_group_name
from haven_components.observability import _prometheus_rules
from haven_components.shared.roles import PodAccount, pod_association, pod_trust, service_role
from haven_components.shared.support import policy_document, stateful
from haven_components.shared.traces import SAMPLED_PERCENT

SAMPLING_PRIORITY = 1000
"""Before X-Ray's own rule, whose priority is 10,000; others fit in front of it."""


class PrometheusArgs(TypedDict):
    latency_histogram: NotRequired[str]
    """Histogram that counts answers by their time, without `_bucket`: in seconds if its name ends so, else in
    milliseconds. Omitted: `vllm:e2e_request_latency_seconds`. With a mesh: `istio_request_duration_milliseconds`."""
    latency_label: NotRequired[str]
    """Label of that histogram that distinguishes services. Omitted: `model_name`. With a mesh:
    `destination_service_name`."""
    requests_counter: NotRequired[str]
    """Counter of requests. Omitted: `haven_front_requests_total`, that of `ModelServing`. With a mesh:
    `istio_requests_total`."""
    error_selector: NotRequired[str]
    """Label matcher of that counter for what counts as failed. Omitted:
    `outcome=~"cut_off|failed|refused"`. With a mesh: `response_code=~"5.."`."""
    requests_label: NotRequired[str]
    """Label of that counter that distinguishes services. Omitted: `workload`, which the scraper sets. With a mesh:
    `destination_service_name`."""
    available_percent: NotRequired[float]
    """Share of the requests that must not fail, over 30 days, from 50 to below 100. Omitted: 99.9, an assumption."""


class TracingArgs(TypedDict):
    services: NotRequired[str]
    """Which services the sampling rule is for, by their name in X-Ray, with `*` and `?`. Omitted: those whose names
    begin with the environment's name and a hyphen."""
    sampled_percent: NotRequired[int]
    """Share of the requests beyond the first one of each second that is traced, 0 to 100. Omitted: 5."""


class CollectorArgs(TypedDict):
    cluster_name: str
    """Name of the EKS cluster in which the OpenTelemetry collector runs. It must be there first."""
    namespace: str
    """Its Kubernetes namespace."""
    service_account: str
    """Its Kubernetes service account."""


@dataclass(frozen=True)
class RegionalScope:
    """One Region of the component, and what everything there has in common."""

    parent: pulumi.Resource
    provider: pulumi.ProviderResource | None
    component: str
    """The component's name."""
    name: str
    """What things are called here: the same with the Region's code."""
    region: str
    account_id: str
    environment: str
    kms_key_arn: pulumi.Input[str]
    log_retention_days: int
    ephemeral: bool

    def beside(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a resource without data."""
        return pulumi.ResourceOptions(parent=self.parent, provider=self.provider, depends_on=list(after))

    def kept(self, *, ignore_changes: list[str] | None = None) -> pulumi.ResourceOptions:
        """Options of a resource with data."""
        return stateful(self.parent, ephemeral=self.ephemeral, provider=self.provider, ignore_changes=ignore_changes)

    def arn(self, service: str, resource: str) -> str:
        """ARN of something here."""
        return resource_arn(service, self.region, self.account_id, resource)


def log_groups(place: RegionalScope, systems: Sequence[str]) -> list[str]:
    """A log group for each system; returns their ARNs."""
    names = [system_log_group_name(place.environment, each) for each in systems]
    for system, name in zip(systems, names, strict=True):
        _log_group(place, f"{place.name}-logs-{system}", name)
    return [place.arn("logs", f"log-group:{name}") for name in names]


def _log_group(place: RegionalScope, logical: str, name: str) -> aws.cloudwatch.LogGroup:
    return aws.cloudwatch.LogGroup(
        logical,
        name=name,
        kms_key_id=place.kms_key_arn,
        retention_in_days=place.log_retention_days,
        tags={"Name": name},
        opts=place.kept(),
    )


def prometheus(
    place: RegionalScope,
    args: PrometheusArgs,
    limits: Mapping[str, int],
    *,
    topic_arn: pulumi.Output[str],
    topic_policy: pulumi.Resource,
    collected: bool,
) -> aws.amp.Workspace:
    """A workspace that evaluates alerting rules, notifies the Region's topic, and logs its failures."""
    # A log group of another name is refused (Amazon Managed Service for Prometheus User Guide, logging; 2026-11-21).
    logs = _log_group(place, f"{place.name}-prometheus-logs", f"/aws/vendedlogs/prometheus/{place.name}")
    workspace = aws.amp.Workspace(
        f"{place.name}-prometheus",
        alias=place.name,
        kms_key_arn=place.kms_key_arn,
        logging_configuration={"log_group_arn": pulumi.Output.format("{0}:*", _group_arn(place, logs))},
        tags={"Name": place.name},
        opts=place.kept(),
    )
    latency = _prometheus_rules.Latency(
        args.get("latency_histogram", _prometheus_rules.LATENCY_HISTOGRAM),
        args.get("latency_label", _prometheus_rules.LATENCY_LABEL),
    )
    requests = _prometheus_rules.Requests(
        args.get("requests_counter", _prometheus_rules.REQUESTS_COUNTER),
        args.get("error_selector", _prometheus_rules.ERROR_SELECTOR),
        args.get("requests_label", _prometheus_rules.REQUESTS_LABEL),
        args.get("available_percent", _prometheus_rules.AVAILABILITY_PERCENT),
    )
    aws.amp.RuleGroupNamespace(
        f"{place.name}-prometheus-rules",
        name=place.name,
        workspace_id=workspace.id,
        data=_prometheus_rules.rules(limits, latency, requests, collected=collected),
        tags={"Name": place.name},
        opts=place.beside(),
    )
    aws.amp.AlertManagerDefinition(
        f"{place.name}-prometheus-alerts",
        workspace_id=workspace.id,
        definition=_prometheus_rules.alert_manager(topic_arn, place.region),
        opts=place.beside(topic_policy),
    )
    return workspace


def _group_arn(place: RegionalScope, group: aws.cloudwatch.LogGroup) -> pulumi.Output[str]:
    return pulumi.Output.concat(place.arn("logs", "log-group:"), group.name)


def tracing(place: RegionalScope, args: TracingArgs) -> None:
    """A group of the environment's traces, and the rule for how many of them are sampled.

    X-Ray's names have at most 32 characters, so they do without the Region's code. Traces are encrypted as the account
    decides, once for each Region: that is no environment's to decide.
    """
    aws.xray.Group(
        f"{place.name}-traces",
        group_name=place.component,
        # An attribute of resources becomes an annotation when the collector's exporter indexes it (OpenTelemetry
        # collector, awsxray exporter, indexed_attributes; read 2026-11-21).
        filter_expression=f'annotation.deployment_environment = "{place.environment}"',
        insights_configuration={"insights_enabled": True, "notifications_enabled": False},
        tags={"Name": place.component},
        opts=place.beside(),
    )
    aws.xray.SamplingRule(
        f"{place.name}-sampling",
        rule_name=place.component,
        priority=SAMPLING_PRIORITY,
        version=1,
        reservoir_size=1,
        fixed_rate=args.get("sampled_percent", SAMPLED_PERCENT) / 100,
        service_name=args.get("services", f"{place.environment}-*"),
        service_type="*",
        host="*",
        http_method="*",
        url_path="*",
        resource_arn="*",
        tags={"Name": place.component},
        opts=place.beside(),
    )


def collector_role(
    place: RegionalScope,
    collector: CollectorArgs,
    *,
    workspace_arn: pulumi.Output[str] | None,
    groups: Sequence[str],
    traces: bool,
) -> aws.iam.Role:
    """The role that the collector's pods take: it writes what there is a place for, and reads how much to trace."""
    name = f"{place.name}-collector"
    role = service_role(
        name,
        f"The OpenTelemetry collector in {collector['cluster_name']}",
        pod_trust(place.region, place.account_id, collector["cluster_name"]),
        place.beside(),
    )
    policy = aws.iam.RolePolicy(
        f"{name}-permissions",
        name=name,
        role=role.name,
        policy=policy_document(*_writes(workspace_arn, groups, traces=traces)),
        opts=place.beside(),
    )
    pods = PodAccount(collector["cluster_name"], collector["namespace"], collector["service_account"])
    pod_association(f"{name}-identity", role, pods, place.beside(policy), label=name)
    return role


def _writes(
    workspace_arn: pulumi.Output[str] | None, groups: Sequence[str], *, traces: bool
) -> list[Mapping[str, Any]]:
    statements: list[Mapping[str, Any]] = []
    if workspace_arn is not None:
        statements.append({"Sid": "Metrics", "Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": workspace_arn})
    if groups:
        statements.append(
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [form for each in groups for form in (each, f"{each}:*")],
            }
        )
    if traces:
        statements.append(
            {
                "Sid": "Traces",
                "Effect": "Allow",
                "Action": [
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                # None of them knows a resource (Service Authorization Reference, X-Ray; read 2026-11-21).
                "Resource": "*",
            }
        )
    return statements
