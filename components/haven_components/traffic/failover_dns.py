"""One name for two Regions: records that follow their health checks, in a public zone and in a private one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import DnsRouting
from haven_components.names import partition, region_code
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, stateful

MOST_NAME_CHARACTERS = 200
"""Tag values have at most 256 characters (Route 53, ChangeTagsForResource; read 2026-11-21); suffixes take some."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")


class DnsSideArgs(TypedDict):
    region: str
    """The Region that the record leads to."""
    target: pulumi.Input[str]
    """Host name that the record leads to, for example a load balancer's."""
    target_zone_id: NotRequired[pulumi.Input[str]]
    """Id of the hosted zone of the target, where AWS gives it one (a load balancer's canonical zone): the records are
    then aliases, for IPv4 and IPv6. Omitted: the record is a CNAME. Both sides or neither."""
    health_check_id: NotRequired[pulumi.Input[str]]
    """Id of the Route 53 health check that decides whether the record is answered. Omitted: always; the primary side
    of failover records must have one (Route 53 refuses the record)."""


class PrivateZoneVpcArgs(TypedDict):
    vpc_id: pulumi.Input[str]
    """Id of a VPC in which the private zone answers; it needs DNS support and DNS host names."""
    region: str
    """The VPC's Region."""


class PrivateZoneArgs(TypedDict):
    domain: NotRequired[str]
    """The private zone's own domain, for example `internal.example.com`: the public names stay visible in the VPCs
    then. Omitted: the public zone's."""
    vpcs: list[PrivateZoneVpcArgs]
    """The VPCs in which the private zone answers, of both Regions, at least one."""


class FailoverDnsArgs(TypedDict):
    domain: str
    """The zone's domain, for example `example.com`, in lower case."""
    record_name: str
    """The name below the domain, for example `api` for `api.example.com`. Empty for the domain itself, which only
    aliases can serve."""
    routing: DnsRouting
    """How clients are spread over the Regions. Changing it is safe in one deployment: the new records are made under
    another name, then the service's name is pointed to them, then the old ones go."""
    primary: DnsSideArgs
    """Where the primary Region's record leads. It is the PRIMARY one for good, whichever Region is active."""
    recovery: NotRequired[DnsSideArgs]
    """Where the recovery Region's record leads. Omitted: only the primary record exists. Giving it later adds records
    and changes none."""
    recovery_provider: NotRequired[aws.Provider]
    """The AWS provider of the recovery Region, for the recovery Region's records. Omitted: the component's own, for
    Route 53 is one service for all Regions."""
    hosted_zone_id: NotRequired[pulumi.Input[str]]
    """Id of an existing public zone of the domain. Omitted: a public zone is created; it answers once the domain is
    delegated to it."""
    private_zone: NotRequired[PrivateZoneArgs]
    """A private zone with the same records. Inside its VPCs a zone of the same domain hides the public one whole.
    Omitted: none."""
    ttl_seconds: NotRequired[int]
    """How long resolvers keep an answer, 1 to 60 seconds; aliases have their target's. Omitted: 60."""
    accelerated_recovery: NotRequired[bool]
    """Whether records of the public zone that is created here can be changed again within about 60 minutes after
    us-east-1 failed, where Route 53's control plane is (Route 53 Developer Guide, accelerated recovery; read
    2026-11-27). A failover doesn't need it, for it changes no record. It takes minutes to be turned on, while nothing
    in the zone can be changed; it is free. Omitted: true; when `ephemeral`, or outside the partition `aws`, false."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose zones may be deleted with their records. Omitted: false, so
    they are protected and retained."""


class FailoverDns(pulumi.ComponentResource):
    """One name, and behind it a record for each Region that Route 53 answers as long as its health check is well.

    The Regions' records don't have the service's name but names below it, by their routing: one name can't have
    failover records beside others (Route 53 API Reference, ResourceRecordSet; read 2026-11-21), so the two sets could
    never exist side by side. The service's own name is an alias of the one in force. Route 53 answers it as if it had
    been asked for that one (Route 53 Developer Guide, choosing between alias and non-alias records; read 2026-11-21):
    resolvers never hear the name in between, and none of them keeps one that a change of routing deletes.

    Health checks on alarms work for private records too: the checkers need no way into the VPC (Route 53 Developer
    Guide, configuring failover in a private hosted zone; read 2026-11-21). An alias never evaluates its target's
    health: whether a Region gets traffic is its health check's business alone.
    """

    zone_id: pulumi.Output[str]
    """Id of the public zone."""
    private_zone_id: pulumi.Output[str]
    """Id of the private zone; empty where there is none."""
    record_name: pulumi.Output[str]
    """The full name of the records."""

    def __init__(self, name: str, args: FailoverDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:FailoverDns", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self.zone_id = self._public_zone()
        self._names(name, self.zone_id, args["domain"])
        self.private_zone_id = pulumi.Output.from_input("")
        if "private_zone" in args:
            private_domain = args["private_zone"].get("domain", args["domain"])
            self.private_zone_id = self._private_zone(private_domain, args["private_zone"]["vpcs"])
            self._names(f"{name}-private", self.private_zone_id, private_domain)
        self.record_name = pulumi.Output.from_input(full_name(args["domain"], args["record_name"]))
        self.register_outputs(
            {
                "zone_id": self.zone_id,
                "private_zone_id": self.private_zone_id,
                "record_name": self.record_name,
            }
        )

    def _public_zone(self) -> pulumi.Output[str]:
        if "hosted_zone_id" in self._args:
            return pulumi.Output.from_input(self._args["hosted_zone_id"])
        ephemeral, region = self._args.get("ephemeral", False), self._args["primary"]["region"]
        accelerated = self._args.get("accelerated_recovery", not ephemeral and partition(region) == "aws")
        comment = f"Public names of {self._name}"
        # False is given too: an argument that is left out doesn't turn it off (pulumi-aws 7.51, route53.Zone).
        return self._zone(f"{self._name}-zone", self._args["domain"], comment, enable_accelerated_recovery=accelerated)

    def _private_zone(self, domain: str, vpcs: Sequence[PrivateZoneVpcArgs]) -> pulumi.Output[str]:
        """The VPCs are part of the zone itself: an association made apart from it would fight with them."""
        associated = [aws.route53.ZoneVpcArgs(vpc_id=each["vpc_id"], vpc_region=each["region"]) for each in vpcs]
        return self._zone(f"{self._name}-private-zone", domain, f"Private names of {self._name}", vpcs=associated)

    def _zone(self, name: str, domain: str, comment: str, **settings: Any) -> pulumi.Output[str]:
        ephemeral = self._args.get("ephemeral", False)
        zone = aws.route53.Zone(
            name,
            name=domain,
            comment=comment,
            force_destroy=ephemeral,
            tags={"Name": name},
            opts=stateful(self, ephemeral=ephemeral),
            **settings,
        )
        return zone.id

    def _names(self, prefix: str, zone_id: pulumi.Output[str], domain: str) -> None:
        service = full_name(domain, self._args["record_name"])
        routed = routed_name(service, self._args["routing"])
        for record_type in ("A", "AAAA") if "target_zone_id" in self._args["primary"] else ("CNAME",):
            records = self._records(prefix, zone_id, routed, record_type)
            aws.route53.Record(
                f"{prefix}-{record_type.lower()}",
                zone_id=zone_id,
                name=service,
                type=record_type,
                aliases=[{"name": routed, "zone_id": zone_id, "evaluate_target_health": False}],
                # What it leads to is there before it is pointed there.
                opts=pulumi.ResourceOptions(parent=self, depends_on=records),
            )

    def _records(
        self, prefix: str, zone_id: pulumi.Output[str], routed: str, record_type: str
    ) -> list[aws.route53.Record]:
        sides: list[tuple[str, DnsSideArgs, aws.Provider | None]] = [("PRIMARY", self._args["primary"], None)]
        if "recovery" in self._args:
            sides.append(("SECONDARY", self._args["recovery"], self._args.get("recovery_provider")))
        return [
            aws.route53.Record(
                f"{prefix}-{self._args['routing']}-{region_code(side['region'])}-{record_type.lower()}",
                zone_id=zone_id,
                name=routed,
                type=record_type,
                set_identifier=side["region"],
                health_check_id=side.get("health_check_id"),
                **self._policy(role, side["region"]),
                **self._answer(side),
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            )
            for role, side, provider in sides
        ]

    def _policy(self, role: str, region: str) -> Mapping[str, Any]:
        if self._args["routing"] == DnsRouting.LATENCY:
            return {"latency_routing_policies": [{"region": region}]}
        return {"failover_routing_policies": [{"type": role}]}

    def _answer(self, side: DnsSideArgs) -> Mapping[str, Any]:
        if "target_zone_id" not in side:
            return {"records": [side["target"]], "ttl": int(self._args.get("ttl_seconds", limits.DNS_TTL_SECONDS.most))}
        alias = {"name": side["target"], "zone_id": side["target_zone_id"], "evaluate_target_health": False}
        return {"aliases": [alias]}


def full_name(domain: str, record_name: str) -> str:
    """The name that clients ask for."""
    return f"{record_name}.{domain}" if record_name else domain


def routed_name(service: str, routing: DnsRouting) -> str:
    """The name of the Regions' records of one routing: `failover.api.example.com`."""
    return f"{DnsRouting(routing).value}.{service}"


def _validate(name: str, args: FailoverDnsArgs) -> None:
    checks = Checks("FailoverDns", name, FailoverDnsArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _check_names(checks, args),
        lambda: _check_ttl(checks, args),
        lambda: _check_private_zone(checks, args),
        lambda: _check_sides(checks, args),
    )


def _check_names(checks: Checks, args: FailoverDnsArgs) -> None:
    domain, record = args["domain"], args["record_name"]
    longest = max((routed_name(full_name(domain, record), each) for each in DnsRouting), key=len)
    checks.require(
        _NAME.fullmatch(domain) is not None and "." in domain,
        "domain",
        got=domain,
        allowed="a domain in lower case without a dot at its end, such as example.com",
        fix="write the zone's domain as Route 53 shows it, without the last dot",
    )
    private_domain = args.get("private_zone", {}).get("domain", domain)
    checks.require(
        _NAME.fullmatch(private_domain) is not None and "." in private_domain,
        "private_zone.domain",
        got=private_domain,
        allowed="a domain in lower case without a dot at its end, such as internal.example.com",
        fix="write such a domain, or leave it out for the public zone's",
    )
    checks.require(
        record == "" or (_NAME.fullmatch(record) is not None and not f".{record}".endswith(f".{domain}")),
        "record_name",
        got=record,
        allowed="labels in lower case below the domain, or nothing for the domain itself",
        fix=f"give only what comes before .{domain}",
    )
    checks.require(
        len(longest) <= limits.DNS_NAME_CHARACTERS,
        "record_name",
        got=longest,
        allowed=f"at most {limits.DNS_NAME_CHARACTERS} characters with the domain and the routing's name before it",
        fix="choose a shorter name",
    )


def _check_ttl(checks: Checks, args: FailoverDnsArgs) -> None:
    ttl = args.get("ttl_seconds", limits.DNS_TTL_SECONDS.most)
    fix = "leave it out for 60: resolvers would go on sending clients to a dead Region"
    _checks.require_between(checks, "ttl_seconds", ttl, limits.DNS_TTL_SECONDS, fix=fix)


def _check_private_zone(checks: Checks, args: FailoverDnsArgs) -> None:
    if "private_zone" in args:
        checks.require(
            len(args["private_zone"]["vpcs"]) > 0,
            "private_zone.vpcs",
            got=[],
            allowed="at least one VPC",
            fix="leave private_zone out where no VPC needs it",
        )


def _check_sides(checks: Checks, args: FailoverDnsArgs) -> None:
    primary, recovery = args["primary"], args.get("recovery")
    alias = "target_zone_id" in primary
    checks.require(
        alias or args["record_name"] != "",
        "primary.target_zone_id",
        got=None,
        allowed="the target's hosted zone, where the records are the domain's own",
        fix="give target_zone_id, or a record_name: a CNAME can't be at the top of a zone",
    )
    checks.require(
        args["routing"] != DnsRouting.FAILOVER or "health_check_id" in primary,
        "primary.health_check_id",
        got=None,
        allowed="a health check, where routing is failover",
        fix="give the traffic switch's check of the primary Region: nothing else moves traffic away from it",
    )
    if recovery is None:
        return
    _checks.require_other_region(checks, "recovery.region", recovery["region"], primary["region"])
    checks.require(
        ("target_zone_id" in recovery) == alias,
        "recovery.target_zone_id",
        got=recovery.get("target_zone_id"),
        allowed="given for both sides or for neither",
        fix="make both records aliases or both CNAMEs: one name can't have both kinds",
    )
