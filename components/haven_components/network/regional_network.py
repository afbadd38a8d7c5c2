"""One Region's network: public, private and data subnets in two or three zones, and how each gets out."""

import re
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import FlowLogTraffic
from haven_components.names import partition
from haven_components.network import _subnets
from haven_components.network._data_acl import own_acl
from haven_components.network._endpoints import INTERFACE_ENDPOINTS, security_group
from haven_components.shared import checks as _checks
from haven_components.shared import sdk
from haven_components.shared.support import Checks, assume_role_policy, policy_document, stateful

sdk.load(aws.ec2)

GATEWAY_ENDPOINTS = ("dynamodb", "s3")

MOST_NAME_CHARACTERS = 54
"""IAM role names have at most 64 characters (IAM quotas, read 2026-11-21); the role's suffix takes ten of them."""


class RegionalNetworkArgs(TypedDict):
    region: str
    """The Region that the component's AWS provider works in, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    zones: list[str]
    """Two or three zones of the Region, for example `eu-west-1a`. A zone's place in the list decides its address
    blocks, so add a third one at the end and never reorder them."""
    cidr: str
    """The network's IPv4 block, /16 to /22, in a private range. It can't be changed later."""
    nat: bool
    """Whether each zone has a NAT gateway, so that private subnets reach the internet. False: no private subnet does.
    Turning it on only adds resources."""
    interface_endpoints: NotRequired[bool]
    """Whether the AWS services that a private cluster needs are reached inside the network, at an hourly price for
    each endpoint and zone. Omitted: true."""
    endpoint_services: NotRequired[list[str]]
    """Those services: autoscaling, ec2, ecr.api, ecr.dkr, eks, eks-auth, elasticloadbalancing, kms, logs,
    secretsmanager, sqs, ssm, sts. Without a NAT gateway nodes and pods start with ec2, ecr.api, ecr.dkr and eks-auth.
    Adding one adds a resource. Omitted: all."""
    endpoint_zones: NotRequired[list[str]]
    """The zones whose subnets hold the endpoints, of `zones`; the other zones reach them across. Adding one changes
    the endpoints in place. Omitted: every zone."""
    flow_log_traffic: NotRequired[FlowLogTraffic]
    """Which traffic the flow logs hold. A change replaces the flow log and keeps its records. Omitted: rejected
    traffic, which shows wrong rules and scans; GuardDuty reads all flows from a stream of its own, at no charge for
    these logs (GuardDuty User Guide, foundational data sources, read 2026-11-26)."""
    flow_log_seconds: NotRequired[int]
    """The longest time that one record covers, 60 or 600 seconds. A change replaces the flow log. Omitted: 600, which
    makes fewer records."""
    log_kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts the flow logs; its policy must let `logs.<region>.amazonaws.com` use it. Omitted:
    CloudWatch's own key."""
    log_retention_days: NotRequired[int]
    """How long flow logs are kept, in days: a number that CloudWatch Logs accepts. Omitted: 90."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose flow logs may be deleted with it. Omitted: false."""


class RegionalNetwork(pulumi.ComponentResource):
    """A VPC over two or three zones, each with a public, a private and an isolated data subnet.

    Growing from two zones to three moves nothing. Public subnets hold load balancers and NAT gateways, private ones
    nodes and pods, data subnets databases and caches without a route to the internet. The data subnets have a network
    ACL of their own, so that what a failover closes there reaches nobody else.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    cidr_block: pulumi.Output[str]
    """The VPC's IPv4 block."""
    public_subnet_ids: pulumi.Output[list[str]]
    """Ids of the public subnets, in the order of the zones."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the private subnets, in the order of the zones."""
    data_subnet_ids: pulumi.Output[list[str]]
    """Ids of the data subnets, in the order of the zones."""
    endpoint_security_group_id: pulumi.Output[str]
    """Id of the security group of the interface endpoints; empty where there are none."""

    def __init__(self, name: str, args: RegionalNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:RegionalNetwork", name, {}, opts)
        _validate(name, args)
        self._base = name
        self._args = args
        self._region = args["region"]
        blocks = _subnets.subnet_layout(args["cidr"], len(args["zones"]))
        self._zones = {
            zone.removeprefix(self._region): (zone, block) for zone, block in zip(args["zones"], blocks, strict=True)
        }
        self._vpc = self._network()
        self._subnets = {kind: self._subnets_of(kind) for kind in ("public", "private", "data")}
        public_table = self._public_routes()
        self._private_tables = self._tables("private")
        self._data_tables = self._tables("data")
        if args["nat"]:
            self._nat_gateways(public_table)
        own_acl(self, name, self._vpc.id, self._subnets["data"])
        self._gateway_endpoints()
        self.endpoint_security_group_id = self._interface_endpoints()
        self._flow_logs()
        self.route_table_ids: list[pulumi.Output[str]] = [
            table.id for zone in self._zones for table in (self._private_tables[zone], self._data_tables[zone])
        ]
        """Ids of every private and data route table, zone by zone: what a peering adds its routes to."""
        self.vpc_id = self._vpc.id
        self.cidr_block = self._vpc.cidr_block
        self.public_subnet_ids = self._ids("public")
        self.private_subnet_ids = self._ids("private")
        self.data_subnet_ids = self._ids("data")
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "cidr_block": self.cidr_block,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "data_subnet_ids": self.data_subnet_ids,
                "endpoint_security_group_id": self.endpoint_security_group_id,
            }
        )

    def _here(self, parent: pulumi.Resource | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=parent or self)

    def _ids(self, kind: str) -> pulumi.Output[list[str]]:
        return pulumi.Output.all(*(subnet.id for subnet in self._subnets[kind].values())).apply(list)

    def _network(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            f"{self._base}-vpc",
            cidr_block=self._args["cidr"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": f"{self._base}-vpc"},
            opts=self._here(),
        )
        # Without rules it lets nothing in or out: what names no security group is cut off, not open.
        aws.ec2.DefaultSecurityGroup(
            f"{self._base}-default",
            vpc_id=vpc.id,
            tags={"Name": f"{self._base}-default"},
            opts=self._here(),
        )
        return vpc

    def _subnets_of(self, kind: str) -> dict[str, aws.ec2.Subnet]:
        # Load balancers find their subnets by these tags (EKS User Guide, load balancing, read 2026-11-21).
        balancers = {"public": {"kubernetes.io/role/elb": "1"}, "private": {"kubernetes.io/role/internal-elb": "1"}}
        return {
            suffix: aws.ec2.Subnet(
                f"{self._base}-{kind}-{suffix}",
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=getattr(block, kind),
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._base}-{kind}-{suffix}", **balancers.get(kind, {})},
                opts=self._here(),
            )
            for suffix, (zone, block) in self._zones.items()
        }

    def _table(self, suffix: str) -> aws.ec2.RouteTable:
        logical = f"{self._base}-{suffix}"
        return aws.ec2.RouteTable(logical, vpc_id=self._vpc.id, tags={"Name": logical}, opts=self._here())

    def _associate(self, kind: str, zone: str, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._base}-{kind}-{zone}",
            subnet_id=self._subnets[kind][zone].id,
            route_table_id=table.id,
            opts=self._here(),
        )

    def _tables(self, kind: str) -> dict[str, aws.ec2.RouteTable]:
        """One route table for each zone, so that a zone's traffic never depends on another zone."""
        tables = {zone: self._table(f"{kind}-{zone}") for zone in self._zones}
        for zone, table in tables.items():
            self._associate(kind, zone, table)
        return tables

    def _public_routes(self) -> aws.ec2.Route:
        gateway = aws.ec2.InternetGateway(
            f"{self._base}-internet",
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._base}-internet"},
            opts=self._here(),
        )
        table = self._table("public")
        for zone in self._zones:
            self._associate("public", zone, table)
        return aws.ec2.Route(
            f"{self._base}-public-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._here(),
        )

    def _nat_gateways(self, internet: aws.ec2.Route) -> None:
        for zone in self._zones:
            logical = f"{self._base}-nat-{zone}"
            address = aws.ec2.Eip(logical, domain="vpc", tags={"Name": logical}, opts=self._here())
            gateway = aws.ec2.NatGateway(
                logical,
                subnet_id=self._subnets["public"][zone].id,
                allocation_id=address.id,
                tags={"Name": logical},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
            aws.ec2.Route(
                logical,
                route_table_id=self._private_tables[zone].id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateway.id,
                opts=self._here(),
            )

    def _gateway_endpoints(self) -> None:
        tables = [*self._private_tables.values(), *self._data_tables.values()]
        for service in GATEWAY_ENDPOINTS:
            self._endpoint(service, vpc_endpoint_type="Gateway", route_table_ids=[table.id for table in tables])

    def _interface_endpoints(self) -> pulumi.Output[str]:
        if not self._args.get("interface_endpoints", True):
            return pulumi.Output.from_input("")
        group = security_group(self, self._base, self._vpc.id, self._args["cidr"])
        subnets = self._subnets["private"]
        zones = self._args.get("endpoint_zones", self._args["zones"])
        inside = [subnets[zone.removeprefix(self._region)].id for zone in zones]
        for service in self._args.get("endpoint_services", INTERFACE_ENDPOINTS):
            self._endpoint(
                service,
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=inside,
                security_group_ids=[group.id],
            )
        return group.id

    def _endpoint(self, service: str, **kind: Any) -> None:
        name = f"{self._base}-{service.replace('.', '-')}"
        aws.ec2.VpcEndpoint(
            name,
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._region}.{service}",
            tags={"Name": name},
            opts=self._here(),
            **kind,
        )

    def _flow_logs(self) -> None:
        logical = f"{self._base}-flow-logs"
        group = aws.cloudwatch.LogGroup(
            logical,
            name=logical,
            retention_in_days=int(self._args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)),
            kms_key_id=self._args.get("log_kms_key_arn"),
            tags={"Name": logical},
            opts=stateful(self, ephemeral=self._args.get("ephemeral", False)),
        )
        role, policy = self._flow_log_role(logical)
        aws.ec2.FlowLog(
            logical,
            vpc_id=self._vpc.id,
            traffic_type=FlowLogTraffic(self._args.get("flow_log_traffic", FlowLogTraffic.REJECT)).value,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=int(self._args.get("flow_log_seconds", limits.FLOW_LOG_SECONDS[-1])),
            tags={"Name": logical},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _flow_log_role(self, logical: str) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        account, prefix = self._args["account_id"], f"arn:{partition(self._region)}"
        role = aws.iam.Role(
            logical,
            name=logical,
            description="Lets VPC flow logs write to their log group",
            # Both conditions: no other account, and nothing but a flow log, can make the service use this role
            # (VPC User Guide, IAM role for publishing flow logs, read 2026-11-21).
            assume_role_policy=assume_role_policy(
                "vpc-flow-logs.amazonaws.com",
                account_id=account,
                source_arn=f"{prefix}:ec2:{self._region}:{account}:vpc-flow-log/*",
            ),
            opts=self._here(),
        )
        log_group = f"{prefix}:logs:{self._region}:{account}:log-group:{logical}"
        policy = aws.iam.RolePolicy(
            logical,
            name=logical,
            role=role.name,
            policy=policy_document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    "Resource": [log_group, f"{log_group}:*"],
                },
                {"Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": ["*"]},
            ),
            opts=self._here(),
        )
        return role, policy


def _validate(name: str, args: RegionalNetworkArgs) -> None:
    checks = Checks("RegionalNetwork", name, RegionalNetworkArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _validate_zones(checks, args["region"], args["zones"]),
        lambda: _validate_cidr(checks, args),
        lambda: _validate_endpoints(checks, args),
        lambda: _validate_flow_logs(checks, args),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
    )


def _validate_cidr(checks: Checks, args: RegionalNetworkArgs) -> None:
    wrong = _subnets.problem(args["cidr"])
    checks.require(
        wrong is None,
        "cidr",
        got=args["cidr"],
        allowed=f"a private IPv4 block from /{limits.VPC_PREFIX.least} to /{limits.VPC_PREFIX.most}",
        fix=f"choose another block: {wrong}",
    )


def _validate_flow_logs(checks: Checks, args: RegionalNetworkArgs) -> None:
    traffic = [each.value for each in FlowLogTraffic]
    chosen = args.get("flow_log_traffic", FlowLogTraffic.REJECT)
    checks.require(
        chosen in traffic, "flow_log_traffic", got=chosen, allowed=", ".join(traffic), fix="leave it out for REJECT"
    )
    seconds = args.get("flow_log_seconds", limits.FLOW_LOG_SECONDS[-1])
    checks.require(
        seconds in limits.FLOW_LOG_SECONDS,
        "flow_log_seconds",
        got=seconds,
        allowed=" or ".join(map(str, limits.FLOW_LOG_SECONDS)),
        fix=f"leave it out for {limits.FLOW_LOG_SECONDS[-1]}",
    )


def _validate_endpoints(checks: Checks, args: RegionalNetworkArgs) -> None:
    given = (
        ("endpoint_services", args.get("endpoint_services"), list(INTERFACE_ENDPOINTS)),
        ("endpoint_zones", args.get("endpoint_zones"), list(args["zones"])),
    )
    for name, chosen, allowed in given:
        checks.require(
            chosen is None or (bool(chosen) and len(set(chosen)) == len(chosen) and set(chosen) <= set(allowed)),
            name,
            got=chosen,
            allowed=f"one or more of {', '.join(allowed)}, each once",
            fix="leave it out for all of them",
        )


def _validate_zones(checks: Checks, region: str, zones: list[str]) -> None:
    checks.require(
        limits.ZONES.holds(len(zones)) and len(set(zones)) == len(zones),
        "zones",
        got=zones,
        allowed=f"{limits.ZONES.least} or {limits.ZONES.most} different zones",
        fix="name two or three zones, each once",
    )
    for index, zone in enumerate(zones):
        _checks.require_match(
            checks,
            f"zones[{index}]",
            zone,
            rf"{re.escape(region)}[a-z]",
            allowed=f"a zone of {region}, such as {region}a",
            fix="name zones of the component's own Region",
        )
