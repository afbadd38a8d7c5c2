"""Turns a Region's traffic off from the other Region: no record edit, no control plane, no answer of the lost side."""

import json
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import alarm_name, metric, region_code, resource_arn
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks

PERIOD_SECONDS = 60
"""Route 53 reads alarms on metrics of standard resolution only, one point a minute (Route 53 API Reference,
AlarmIdentifier; read 2026-11-21)."""

REQUEST_INTERVAL_SECONDS = 10
FAILURE_THRESHOLD = 3
"""Endpoint checks see a dead endpoint after 10 s x 3 (Route 53 Developer Guide, health check values; 2026-11-21). They
come from all of Route 53's checker Regions, of which it wants three at least."""

MOST_NAME_CHARACTERS = 200
"""Alarm names have at most 255 characters (CloudWatch, PutMetricAlarm; read 2026-11-21); the rest is for suffixes."""


class EndpointCheckArgs(TypedDict):
    region: str
    """The Region whose endpoint this is."""
    hostname: pulumi.Input[str]
    """Host name to ask over HTTPS, reachable from the internet: Route 53's checkers are outside every VPC."""
    path: NotRequired[str]
    """Path to ask for, beginning with a slash. It should answer for the whole Region, data stores included. Omitted:
    `/`."""
    port: NotRequired[int]
    """TCP port. Omitted: 443."""
    search_string: NotRequired[str]
    """Text, at most 255 characters, that must be in the first 5,120 bytes of the answer. Omitted: any answer with a
    status from 200 to 399 is healthy."""


class TrafficSwitchArgs(TypedDict):
    primary_region: str
    """The primary Region, for example `eu-west-1`: that of the component's AWS provider."""
    recovery_region: str
    """The recovery Region."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    account_id: str
    """The AWS account, twelve digits: the alarms' ARNs are composed from it."""
    endpoints: NotRequired[list[EndpointCheckArgs]]
    """One endpoint for each of the two Regions: traffic then also leaves a Region whose endpoint fails, without anybody
    deciding it. Omitted: manual mode, traffic moves only when the switch is thrown."""


class TrafficSwitch(pulumi.ComponentResource):
    """For each Region a health check for its DNS records, thrown by a metric that is written in the other Region.

    Writing 1 to the metric turns the Region off, writing 0 turns it on again. Between points the check keeps what it
    saw last, so one point is enough; and a check that never saw one is healthy, so that nothing is off after the first
    deployment (Route 53 API Reference, HealthCheckConfig, InsufficientDataHealthStatus; read 2026-11-21). The alarm's
    own state decides nothing: Route 53 reads its metric, so setting the state by hand has no effect.
    """

    primary_health_check_id: pulumi.Output[str]
    """Id of the health check for the primary Region's records."""
    recovery_health_check_id: pulumi.Output[str]
    """Id of the health check for the recovery Region's records."""
    primary_alarm_arn: pulumi.Output[str]
    """ARN of the alarm that turns the primary Region off; it is in the recovery Region."""
    recovery_alarm_arn: pulumi.Output[str]
    """ARN of the alarm that turns the recovery Region off; it is in the primary Region."""

    def __init__(self, name: str, args: TrafficSwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:TrafficSwitch", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._endpoints = {each["region"]: each for each in args.get("endpoints", [])}
        primary, recovery = args["primary_region"], args["recovery_region"]
        self.primary_health_check_id = self._health_check(primary, recovery, args["recovery_provider"])
        self.recovery_health_check_id = self._health_check(recovery, primary, None)
        self.primary_alarm_arn = pulumi.Output.from_input(_alarm_arn(name, primary, recovery, args["account_id"]))
        self.recovery_alarm_arn = pulumi.Output.from_input(_alarm_arn(name, recovery, primary, args["account_id"]))
        self.register_outputs(
            {
                "primary_health_check_id": self.primary_health_check_id,
                "recovery_health_check_id": self.recovery_health_check_id,
                "primary_alarm_arn": self.primary_alarm_arn,
                "recovery_alarm_arn": self.recovery_alarm_arn,
            }
        )

    def _health_check(self, region: str, other: str, provider: aws.Provider | None) -> pulumi.Output[str]:
        """The check that the records of `region` carry; `provider` is that of the `other` Region."""
        switch = self._switch(region, other, self._alarm(region, other, provider))
        endpoint = self._endpoints.get(region)
        return self._both(region, switch, self._endpoint(endpoint)).id if endpoint else switch.id

    def _alarm(self, region: str, other: str, provider: aws.Provider | None) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            alarm_name(self._name, region),
            name=alarm_name(self._name, region),
            alarm_description=f"Keeps traffic away from {region}. Written in {other}: 1 turns it off, 0 on again.",
            **self._condition(region),
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )

    def _condition(self, region: str) -> dict[str, Any]:
        """When the alarm goes off: all that Route 53 reads of it."""
        return {
            **metric(self._name, region),
            "statistic": "Maximum",
            "period": PERIOD_SECONDS,
            "evaluation_periods": 1,
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
            "treat_missing_data": "missing",
        }

    def _switch(self, region: str, other: str, alarm: aws.cloudwatch.MetricAlarm) -> aws.route53.HealthCheck:
        name = f"{self._name}-{region_code(region)}-switch"
        return aws.route53.HealthCheck(
            name,
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=other,
            # An inverted check, or one that takes missing data for unhealthy, would turn both Regions off until the
            # first point is written.
            invert_healthcheck=False,
            insufficient_data_health_status="LastKnownStatus",
            # A health check keeps the alarm's settings of the day on which it was created or updated (Route 53
            # Developer Guide, updating health checks when you change CloudWatch alarm settings; read 2026-11-26). An
            # update that names the alarm makes it read them; its own inputs don't change with the alarm's.
            triggers={"alarm": json.dumps(self._condition(region), sort_keys=True)},
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _endpoint(self, endpoint: EndpointCheckArgs) -> aws.route53.HealthCheck:
        name = f"{self._name}-{region_code(endpoint['region'])}-endpoint"
        search_string = endpoint.get("search_string")
        return aws.route53.HealthCheck(
            name,
            type="HTTPS_STR_MATCH" if search_string else "HTTPS",
            fqdn=endpoint["hostname"],
            resource_path=endpoint.get("path", "/"),
            port=int(endpoint.get("port", 443)),
            search_string=search_string,
            enable_sni=True,
            measure_latency=True,
            request_interval=REQUEST_INTERVAL_SECONDS,
            failure_threshold=FAILURE_THRESHOLD,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _both(
        self, region: str, switch: aws.route53.HealthCheck, endpoint: aws.route53.HealthCheck
    ) -> aws.route53.HealthCheck:
        name = f"{self._name}-{region_code(region)}"
        return aws.route53.HealthCheck(
            name,
            type="CALCULATED",
            child_healthchecks=[switch.id, endpoint.id],
            child_health_threshold=2,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _alarm_arn(name: str, region: str, other: str, account_id: str) -> str:
    return resource_arn("cloudwatch", other, account_id, f"alarm:{alarm_name(name, region)}")


def _validate(name: str, args: TrafficSwitchArgs) -> None:
    checks = Checks("TrafficSwitch", name, TrafficSwitchArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery_region", args["recovery_region"], args["primary_region"]
        ),
        lambda: _check_endpoints(checks, args),
    )


def _check_endpoints(checks: Checks, args: TrafficSwitchArgs) -> None:
    endpoints = args.get("endpoints", [])
    regions = sorted([args["primary_region"], args["recovery_region"]])
    given = sorted(each["region"] for each in endpoints)
    checks.require(
        given in ([], regions),
        "endpoints",
        got=given,
        allowed=f"none, or one for each of {regions[0]} and {regions[1]}",
        fix="check both Regions or neither: traffic leaves a dead Region for one that is known to live",
    )
    for index, endpoint in enumerate(endpoints):
        path, port, text = endpoint.get("path", "/"), endpoint.get("port", 443), endpoint.get("search_string", "ok")
        checks.require(
            path.startswith("/") and len(path) <= limits.ENDPOINT_PATH_CHARACTERS,
            f"endpoints[{index}].path",
            got=path,
            allowed="a path of at most 255 characters that begins with a slash",
            fix="give the path alone, for example /ready",
        )
        _checks.require_between(checks, f"endpoints[{index}].port", port, limits.PORT, fix="leave it out for 443")
        checks.require(
            0 < len(text) <= limits.ENDPOINT_SEARCH_CHARACTERS,
            f"endpoints[{index}].search_string",
            got=text,
            allowed=f"1 to {limits.ENDPOINT_SEARCH_CHARACTERS} characters",
            fix="leave it out, or choose a short text that only a healthy answer holds",
        )
