"""Arguments of an edge balancer, and what of them AWS would refuse."""

import ipaddress
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from haven_components import limits
from haven_components.choices import BalancerKind, BalancerProtocol
from haven_components.firewall_rules import BODY_RULES, RULES
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.traffic._certificates import BalancerCertificateArgs

DEREGISTRATION_DELAY_SECONDS = 120
SLOW_START_SECONDS = 30
IDLE_TIMEOUT_SECONDS = 60
RATE_LIMIT = 2000
HEALTH_INTERVAL_SECONDS = 10
HEALTH_TIMEOUT_SECONDS = 5
HEALTH_ANSWERS = 2


class BalancerHealthArgs(TypedDict):
    path: str
    """Path that answers 200 when the target is ready for traffic: its model is loaded, its stores answer. Not the one
    that only shows that it is alive."""
    port: NotRequired[int]
    """Port to ask. Omitted: that of the traffic."""
    interval_seconds: NotRequired[int]
    """Seconds between two questions, 5 to 300. Omitted: 10."""
    timeout_seconds: NotRequired[int]
    """Seconds to wait for an answer, at least 2 and shorter than the interval. Omitted: 5."""
    healthy_after: NotRequired[int]
    """Good answers in a row after which a target gets traffic, 2 to 10. Omitted: 2."""
    unhealthy_after: NotRequired[int]
    """Bad answers in a row after which it gets none, 2 to 10. Omitted: 2."""


class EdgeBalancerArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits: names of logs and policies carry it."""
    vpc_id: pulumi.Input[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """A subnet of every zone, two zones at least: public ones, or private ones for an internal balancer."""
    kind: NotRequired[BalancerKind]
    """Omitted: an application balancer."""
    internal: NotRequired[bool]
    """Whether it is reached from inside the network alone. Omitted: false, it faces the internet."""
    client_cidrs: list[str]
    """IPv4 networks that may connect, each once: `0.0.0.0/0` for everybody."""
    target_cidrs: list[str]
    """IPv4 networks in which the targets are: the balancer connects to nothing else."""
    target_port: int
    """Port of the targets."""
    target_security_group_id: NotRequired[pulumi.Input[str]]
    """Id of the targets' security group, such as an EKS cluster's: the balancer is let in on the port of the traffic
    and on that of the health check. Omitted: nothing lets the balancer in until you do."""
    target_protocol: NotRequired[BalancerProtocol]
    """How targets are spoken to. Omitted: plain."""
    health: BalancerHealthArgs
    """How the balancer learns which targets are ready."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ARN of a valid certificate in this Region. Omitted: one is requested, as `certificate` describes."""
    certificate: NotRequired[BalancerCertificateArgs]
    """The certificate to request. Omitted: `certificate_arn` names one."""
    further_certificates: NotRequired[list[BalancerCertificateArgs]]
    """Certificates to request for further names: a client gets the one that fits the name it asks for. A certificate's
    place in the list names its resources: add new ones at the end. Omitted: none."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts the firewall's log; its policy must let
    `logs.<region>.amazonaws.com` use it."""
    rate_limit: NotRequired[int]
    """Requests within five minutes after which the firewall refuses an address, 10 to 2,000,000,000. Omitted: 2,000."""
    counted_rules: NotRequired[list[str]]
    """Rules of the two managed rule groups (AWSManagedRulesCommonRuleSet, AWSManagedRulesKnownBadInputsRuleSet) that
    only count and refuse nothing. Omitted: the eight that read bodies (`haven_components.firewall_rules.BODY_RULES`),
    because prompts contain code; take out those that the firewall's log shows no match of."""
    access_logs_bucket: NotRequired[pulumi.Input[str]]
    """Name of a bucket in this Region for the access logs, whose policy lets the balancer write; for an application
    balancer it must be encrypted with S3's own keys (SSE-S3), for KMS keys aren't supported. Omitted: one is created,
    `<name>-logs-<account>`."""
    log_retention_days: NotRequired[int]
    """How long logs are kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    deregistration_delay_seconds: NotRequired[int]
    """Seconds for which a target that leaves may finish its requests, 0 to 3,600: as long as the longest answer takes.
    Omitted: 120."""
    slow_start_seconds: NotRequired[int]
    """Seconds over which a new target's share grows, 30 to 900, or 0 for at once; application balancers only. Omitted:
    30."""
    canary_weight: NotRequired[int]
    """Percentage of the requests, 0 to 100, that go to a second target group: a new version beside the old one, or at
    100 in its place. Application balancers only. Omitted: there is no second target group."""
    idle_timeout_seconds: NotRequired[int]
    """Seconds of silence after which a connection is closed, 1 to 4,000: longer than the model thinks before its first
    word; application balancers only. Omitted: 60."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose balancer and logs may be deleted. Omitted: false, so the
    balancer has deletion protection, and it and its logs are protected."""


def check(name: str, args: EdgeBalancerArgs) -> None:
    """Raise every problem of these arguments at once."""
    checks = Checks("EdgeBalancer", name, EdgeBalancerArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, limits.BALANCER_NAME_CHARACTERS),
        lambda: _require_name(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_subnets(checks, "subnet_ids", args["subnet_ids"]),
        lambda: _require_networks(checks, "client_cidrs", args["client_cidrs"]),
        lambda: _require_networks(checks, "target_cidrs", args["target_cidrs"]),
        lambda: _require_certificate(checks, args),
        lambda: _require_health(checks, args["health"]),
        lambda: _require_numbers(checks, args),
        lambda: _require_rules(checks, args),
        lambda: _require_kind(checks, args),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
    )


def _require_name(checks: Checks, name: str) -> None:
    checks.require(
        not name.endswith("-") and not name.startswith("internal-"),
        "name",
        got=name,
        allowed="no hyphen at the end, no `internal-` at the beginning: ELB keeps it for itself",
        fix="choose another name",
    )


def _require_networks(checks: Checks, path: str, cidrs: Sequence[str]) -> None:
    checks.require(
        0 < len(cidrs) == len(set(cidrs)) and all(_is_network(each) for each in cidrs),
        path,
        got=list(cidrs),
        allowed="IPv4 networks, one or more, each once, such as 10.20.0.0/16",
        fix="name the networks",
    )


def _is_network(cidr: str) -> bool:
    try:
        ipaddress.IPv4Network(cidr)
    except ValueError:
        return False
    return "/" in cidr


def _require_certificate(checks: Checks, args: EdgeBalancerArgs) -> None:
    given = [each for each in ("certificate_arn", "certificate") if each in args]
    checks.require(
        len(given) == 1,
        "certificate_arn",
        got=given,
        allowed="either certificate_arn or certificate",
        fix="name an existing certificate, or set `certificate` to request one",
    )
    domains = {"certificate.domain": args["certificate"]["domain"]} if "certificate" in args else {}
    for index, further in enumerate(args.get("further_certificates", [])):
        domains[f"further_certificates[{index}].domain"] = further["domain"]
    for path, domain in domains.items():
        _require_host(checks, path, domain)


def _require_host(checks: Checks, path: str, domain: str) -> None:
    _checks.require_match(
        checks,
        path,
        domain,
        r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}",
        allowed="a host name in lower case, such as api.example.com",
        fix="give the name that clients ask for",
    )


def _require_health(checks: Checks, health: BalancerHealthArgs) -> None:
    path = health["path"]
    checks.require(
        path.startswith("/") and len(path) <= limits.BALANCER_HEALTH_PATH_CHARACTERS,
        "health.path",
        got=path,
        allowed=f"a path of at most {limits.BALANCER_HEALTH_PATH_CHARACTERS} characters that begins with a slash",
        fix="give the path of the readiness check, for example /ready",
    )
    interval = health.get("interval_seconds", HEALTH_INTERVAL_SECONDS)
    timeout = health.get("timeout_seconds", HEALTH_TIMEOUT_SECONDS)
    _checks.require_between(
        checks, "health.interval_seconds", interval, limits.BALANCER_HEALTH_INTERVAL_SECONDS, fix="leave it out for 10"
    )
    _checks.require_between(
        checks, "health.timeout_seconds", timeout, limits.Range(2, int(interval) - 1), fix="wait less than the interval"
    )
    for name, count in (
        ("healthy_after", health.get("healthy_after", HEALTH_ANSWERS)),
        ("unhealthy_after", health.get("unhealthy_after", HEALTH_ANSWERS)),
    ):
        _checks.require_between(
            checks, f"health.{name}", count, limits.BALANCER_HEALTH_ANSWERS, fix="leave it out for 2"
        )
    _checks.require_between(
        checks, "health.port", health.get("port", 1), limits.PORT, fix="leave it out for the traffic's"
    )


def _require_numbers(checks: Checks, args: EdgeBalancerArgs) -> None:
    delay = args.get("deregistration_delay_seconds", DEREGISTRATION_DELAY_SECONDS)
    idle = args.get("idle_timeout_seconds", IDLE_TIMEOUT_SECONDS)
    rate = args.get("rate_limit", RATE_LIMIT)
    slow = args.get("slow_start_seconds", SLOW_START_SECONDS)
    _checks.require_between(checks, "target_port", args["target_port"], limits.PORT, fix="give the targets' port")
    _checks.require_between(
        checks,
        "deregistration_delay_seconds",
        delay,
        limits.BALANCER_DEREGISTRATION_SECONDS,
        fix="leave it out for 120",
    )
    _checks.require_between(
        checks, "idle_timeout_seconds", idle, limits.BALANCER_IDLE_TIMEOUT_SECONDS, fix="leave it out for 60"
    )
    weight = args.get("canary_weight", 0)
    _checks.require_between(checks, "canary_weight", weight, limits.CANARY_PERCENT, fix="leave it out for no canary")
    _checks.require_between(
        checks, "rate_limit", rate, limits.BALANCER_RATE_LIMIT, fix=f"leave it out for {RATE_LIMIT}"
    )
    checks.require(
        slow == 0 or limits.BALANCER_SLOW_START_SECONDS.holds(slow),
        "slow_start_seconds",
        got=slow,
        allowed=f"{limits.BALANCER_SLOW_START_SECONDS}, or 0 for none",
        fix="leave it out for 30",
    )


def _require_rules(checks: Checks, args: EdgeBalancerArgs) -> None:
    known = [rule for rules in RULES.values() for rule in rules]
    unknown = [each for each in args.get("counted_rules", ()) if each not in known]
    checks.require(
        not unknown,
        "counted_rules",
        got=unknown,
        allowed=f"rules of {' and '.join(RULES)}: AWS WAF ignores other names without an error",
        fix=f"write {', '.join(BODY_RULES)}, or some of them",
    )


def _require_kind(checks: Checks, args: EdgeBalancerArgs) -> None:
    """What only an application balancer does isn't asked of a network balancer."""
    if args.get("kind", BalancerKind.APPLICATION) != BalancerKind.NETWORK:
        return
    for each in ("rate_limit", "counted_rules", "slow_start_seconds", "idle_timeout_seconds", "canary_weight"):
        checks.require(
            each not in args,
            each,
            got="a value",
            allowed="nothing for a network balancer, which has no such thing",
            fix="leave it out, or choose an application balancer",
        )
