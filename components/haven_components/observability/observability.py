"""Tells in each Region by itself that something is wrong there, and shows both Regions side by side."""

import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import regional
from haven_components.observability import _dashboards
from haven_components.observability._alarms import require_alarms
from haven_components.observability._grafana import GrafanaArgs, grafana, require_grafana
from haven_components.observability._prometheus_rules import AVAILABILITY_PERCENT
from haven_components.observability._regional_watch import REPLICATION, TROUBLE, RegionalWatch, alarm_names
from haven_components.observability._scraper import ScraperArgs, scraper
from haven_components.observability._telemetry import (
    CollectorArgs,
    PrometheusArgs,
    RegionalScope,
    TracingArgs,
    collector_role,
    log_groups,
    prometheus,
    tracing,
)
from haven_components.observability._watched import (
    WatchedHealthCheckArgs,
    WatchedRegionArgs,
    WatchThresholdsArgs,
    require_thresholds,
    require_watched,
    thresholds,
)
from haven_components.observability._watches import watches
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.shared.traces import SAMPLED_PERCENT

MOST_NAME_CHARACTERS = 32
"""Names of X-Ray's groups and rules have at most 32 characters (X-Ray API Reference, CreateGroup; read 2026-11-21). All
others may be longer, their suffixes included."""


class ObservabilityArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits."""
    environment: str
    """Name of the environment: log groups are called `/haven/<environment>/<system>`, and traces are distinguished by
    their attribute `deployment.environment`."""
    primary: WatchedRegionArgs
    """What the Region of the component's AWS provider has."""
    recovery: NotRequired[WatchedRegionArgs]
    """What the other Region has. Omitted: nothing."""
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the other Region. Needed with `recovery`."""
    thresholds: NotRequired[WatchThresholdsArgs]
    """From which values on something is wrong, the same in both Regions. Omitted: the default of each."""
    health_checks: NotRequired[list[WatchedHealthCheckArgs]]
    """Route 53 health checks that the environment's dashboard shows. They raise no alarm: AWS publishes their metrics
    in us-east-1 alone, and an alarm must be in a Region that works. The alarms of each Region's load balancers
    show the same from nearer. Omitted: none."""
    emails: NotRequired[list[str]]
    """Addresses that both Regions' topics notify; each is asked first whether it agrees. Omitted: whoever wants to know
    subscribes to the topics."""
    systems: NotRequired[list[str]]
    """Systems that get a log group in each Region. Omitted: none."""
    log_retention_days: NotRequired[int]
    """Days for which logs are kept, a number that CloudWatch Logs accepts. Omitted: 90."""
    prometheus: NotRequired[PrometheusArgs]
    """A managed Prometheus workspace in each Region, with alerting rules. Omitted: none."""
    grafana: NotRequired[GrafanaArgs]
    """A managed Grafana workspace in each Region that reads both. Omitted: none."""
    tracing: NotRequired[TracingArgs]
    """An X-Ray group and a sampling rule in each Region. Omitted: none."""
    primary_collector: NotRequired[CollectorArgs]
    """The OpenTelemetry collector in the primary Region, whose pods get a role to write metrics, logs and traces.
    Omitted: no role."""
    recovery_collector: NotRequired[CollectorArgs]
    """The same in the other Region. Omitted: no role."""
    primary_scraper: NotRequired[ScraperArgs]
    """The cluster in the primary Region whose metrics Prometheus collects by itself, without an agent. It takes
    `prometheus` too. Omitted: nothing is collected, unless a collector of one's own writes to the workspace."""
    recovery_scraper: NotRequired[ScraperArgs]
    """The same in the other Region. Omitted: none."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose logs and metrics may be deleted. Omitted: false, so they are
    protected and retained."""


class Observability(pulumi.ComponentResource):
    """Alarms, a topic and a dashboard in each Region, a dashboard of the environment, and by choice logs, managed
    Prometheus and Grafana, and traces.

    Every alarm notifies its own Region's topic, so that each Region works while the other one is lost. What only one of
    two members reports, such as the lag of a secondary, is watched on both: after a promotion nothing has to be
    changed. That a metric falls silent is no proof that nothing lags; runbooks look at heartbeats.
    """

    primary_topic_arn: pulumi.Output[str]
    """ARN of the topic of the primary Region's alarms."""
    recovery_topic_arn: pulumi.Output[str]
    """ARN of the topic of the other Region's alarms; empty without it."""
    primary_alarm_arn: pulumi.Output[str]
    """ARN of the composite alarm that is on while anything is wrong in the primary Region; empty if nothing is
    watched."""
    recovery_alarm_arn: pulumi.Output[str]
    """The same of the other Region."""
    primary_replication_alarm_arn: pulumi.Output[str]
    """ARN of the composite alarm that is on while, seen from the primary Region, a copy is behind; empty if no copy is
    watched."""
    recovery_replication_alarm_arn: pulumi.Output[str]
    """The same seen from the other Region."""
    dashboard_name: pulumi.Output[str]
    """Name of the environment's dashboard; those of the Regions carry the Region's code too."""
    primary_prometheus_endpoint: pulumi.Output[str]
    """Address of the Prometheus workspace in the primary Region; `api/v1/remote_write` follows it. Empty without."""
    recovery_prometheus_endpoint: pulumi.Output[str]
    """The same in the other Region."""
    primary_prometheus_workspace_id: pulumi.Output[str]
    """Id of the Prometheus workspace in the primary Region; empty without."""
    recovery_prometheus_workspace_id: pulumi.Output[str]
    """The same in the other Region."""
    primary_grafana_endpoint: pulumi.Output[str]
    """Host name of Grafana in the primary Region; empty without."""
    recovery_grafana_endpoint: pulumi.Output[str]
    """The same in the other Region."""
    primary_collector_role_arn: pulumi.Output[str]
    """ARN of the role that the collector in the primary Region takes; empty without."""
    recovery_collector_role_arn: pulumi.Output[str]
    """The same in the other Region."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:Observability", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._limits = thresholds(args.get("thresholds", {}))
        primary = self._watch(args["primary"], None)
        recovery = self._watch(args["recovery"], args["recovery_provider"]) if "recovery" in args else None
        regions = [primary, *([recovery] if recovery else [])]
        self._dashboard(regions)
        workspaces = self._workspaces(regions)
        grafanas = self._grafanas(regions, workspaces)
        collectors = self._telemetry(regions, workspaces)
        self.primary_topic_arn = primary.topic.arn
        self.recovery_topic_arn = recovery.topic.arn if recovery else _text("")
        self.primary_alarm_arn = _text(primary.summary_arn(TROUBLE))
        self.recovery_alarm_arn = _text(recovery.summary_arn(TROUBLE) if recovery else "")
        self.primary_replication_alarm_arn = _text(primary.summary_arn(REPLICATION))
        self.recovery_replication_alarm_arn = _text(recovery.summary_arn(REPLICATION) if recovery else "")
        self.dashboard_name = _text(name)
        self.primary_prometheus_endpoint, self.recovery_prometheus_endpoint = _both(
            [each.prometheus_endpoint for each in workspaces]
        )
        self.primary_prometheus_workspace_id, self.recovery_prometheus_workspace_id = _both(
            [each.id for each in workspaces]
        )
        self.primary_grafana_endpoint, self.recovery_grafana_endpoint = _both([each.endpoint for each in grafanas])
        self.primary_collector_role_arn, self.recovery_collector_role_arn = _both(collectors)
        self.register_outputs({output: getattr(self, output) for output in type(self).__annotations__})

    def _watch(self, side: WatchedRegionArgs, provider: aws.Provider | None) -> RegionalWatch:
        args = self._args
        place = RegionalScope(
            parent=self,
            provider=provider,
            component=self._name,
            name=regional(self._name, side["region"]),
            region=side["region"],
            account_id=args["account_id"],
            environment=args["environment"],
            kms_key_arn=side["kms_key_arn"],
            log_retention_days=int(args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
            ephemeral=args.get("ephemeral", False),
        )
        emails = args.get("emails", [])
        return RegionalWatch(place, side, self._limits, emails=emails, alerts="prometheus" in args)

    def _dashboard(self, regions: Sequence[RegionalWatch]) -> None:
        """Dashboards belong to the account and not to a Region, so one is enough."""
        aws.cloudwatch.Dashboard(
            f"{self._name}-dashboard",
            dashboard_name=self._name,
            dashboard_body=_dashboards.body([each.row() for each in regions], self._args.get("health_checks", [])),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _workspaces(self, regions: Sequence[RegionalWatch]) -> list[aws.amp.Workspace]:
        if "prometheus" not in self._args:
            return []
        scrapers = [self._args.get("primary_scraper"), self._args.get("recovery_scraper")]
        workspaces = [
            prometheus(
                region.place,
                self._args["prometheus"],
                self._limits,
                topic_arn=region.topic.arn,
                topic_policy=region.topic_policy,
                collected=collector is not None or scraped is not None,
            )
            for (region, collector), scraped in zip(self._with_collectors(regions), scrapers, strict=False)
        ]
        for region, scraped, workspace in zip(regions, scrapers, workspaces, strict=False):
            if scraped is not None:
                scraper(region.place, scraped, workspace.arn)
        return workspaces

    def _with_collectors(self, regions: Sequence[RegionalWatch]) -> list[tuple[RegionalWatch, CollectorArgs | None]]:
        collectors = [self._args.get("primary_collector"), self._args.get("recovery_collector")]
        return list(zip(regions, collectors, strict=False))

    def _grafanas(
        self, regions: Sequence[RegionalWatch], workspaces: Sequence[aws.amp.Workspace]
    ) -> list[aws.grafana.Workspace]:
        if "grafana" not in self._args:
            return []
        arns = [each.arn for each in workspaces]
        return [grafana(each.place, self._args["grafana"], arns) for each in regions]

    def _telemetry(
        self, regions: Sequence[RegionalWatch], workspaces: Sequence[aws.amp.Workspace]
    ) -> list[pulumi.Output[str]]:
        """Log groups and traces; returns each Region's role for a collector, empty where there is none."""
        arns = [each.arn for each in workspaces]
        return [
            self._telemetry_of(region.place, collector, arns[index] if arns else None)
            for index, (region, collector) in enumerate(self._with_collectors(regions))
        ]

    def _telemetry_of(
        self, place: RegionalScope, collector: CollectorArgs | None, workspace_arn: pulumi.Output[str] | None
    ) -> pulumi.Output[str]:
        groups = log_groups(place, self._args.get("systems", []))
        traces = "tracing" in self._args
        if traces:
            tracing(place, self._args["tracing"])
        if collector is None:
            return _text("")
        return collector_role(place, collector, workspace_arn=workspace_arn, groups=groups, traces=traces).arn


def _text(text: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(text)


def _both(found: Sequence[pulumi.Output[str]]) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    primary, recovery = [*found, _text(""), _text("")][:2]
    return primary, recovery


def _validate(name: str, args: ObservabilityArgs) -> None:
    checks = Checks("Observability", name, ObservabilityArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _require_word(checks, "environment", args["environment"]),
        lambda: _require_two_sides(checks, args),
        lambda: require_thresholds(checks, args.get("thresholds", {})),
        lambda: _require_side(checks, name, "primary", args["primary"], args),
        lambda: _require_recovery(checks, name, args),
        lambda: _require_emails(checks, args.get("emails", [])),
        lambda: _require_systems(checks, args),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _require_tracing(checks, args),
        lambda: _require_grafana(checks, args),
        lambda: _require_collectors(checks, args),
        lambda: _require_prometheus(checks, args),
    )


def _require_two_sides(checks: Checks, args: ObservabilityArgs) -> None:
    recovery = args["recovery"]["region"] if "recovery" in args else None
    _checks.require_two_sides(checks, args["primary"]["region"], recovery, has_provider="recovery_provider" in args)


def _require_recovery(checks: Checks, name: str, args: ObservabilityArgs) -> None:
    if "recovery" in args:
        _require_side(checks, name, "recovery", args["recovery"], args)


def _require_systems(checks: Checks, args: ObservabilityArgs) -> None:
    for index, system in enumerate(args.get("systems", [])):
        _require_word(checks, f"systems[{index}]", system)


def _require_tracing(checks: Checks, args: ObservabilityArgs) -> None:
    sampled = args.get("tracing", {}).get("sampled_percent", SAMPLED_PERCENT)
    _checks.require_between(
        checks, "tracing.sampled_percent", sampled, limits.Range(0, 100), fix=f"leave it out for {SAMPLED_PERCENT}"
    )


def _require_grafana(checks: Checks, args: ObservabilityArgs) -> None:
    if "grafana" in args:
        require_grafana(checks, args["grafana"])


def _require_side(checks: Checks, name: str, path: str, side: WatchedRegionArgs, args: ObservabilityArgs) -> None:
    require_watched(checks, path, side)
    watched = watches(side, thresholds(args.get("thresholds", {})))
    require_alarms(checks, path, alarm_names(regional(name, side["region"]), side, watched)[TROUBLE])


def _require_word(checks: Checks, path: str, word: str) -> None:
    _checks.require_match(
        checks,
        path,
        word,
        r"[a-z][a-z0-9-]{0,62}",
        allowed="at most 63 lower-case letters, digits and hyphens, the first a letter",
        fix="choose another name: log groups are called after it",
    )


def _require_emails(checks: Checks, emails: Sequence[str]) -> None:
    checks.require(
        len(set(emails)) == len(emails) and all(re.fullmatch(r"\S+@\S+\.\S+", each) for each in emails),
        "emails",
        got=list(emails),
        allowed="e-mail addresses, each once",
        fix="leave out what is none, or there twice",
    )


def _require_collectors(checks: Checks, args: ObservabilityArgs) -> None:
    something = "prometheus" in args or "tracing" in args or bool(args.get("systems"))
    for side in ("primary", "recovery"):
        path = f"{side}_collector"
        checks.require(
            path not in args or (side in args and something),
            path,
            got="a collector",
            allowed="in a Region that is described, with prometheus, tracing or systems to write to",
            fix="leave it out, or choose what it writes to",
        )


def _require_prometheus(checks: Checks, args: ObservabilityArgs) -> None:
    """A share that leaves an error budget, and scrapers that have a workspace."""
    share = args.get("prometheus", {}).get("available_percent", AVAILABILITY_PERCENT)
    checks.require(
        50 <= share < 100,
        "prometheus.available_percent",
        got=share,
        allowed="50 to below 100",
        fix=f"leave it out for {AVAILABILITY_PERCENT}",
    )
    for side in ("primary", "recovery"):
        path = f"{side}_scraper"
        if path in args:
            checks.require(
                side in args and "prometheus" in args,
                path,
                got="a scraper",
                allowed="in a Region that is described, with prometheus",
                fix="add prometheus, or leave the scraper out",
            )
            _checks.require_subnets(checks, f"{path}.subnet_ids", args[path]["subnet_ids"])  # type: ignore[literal-required]
