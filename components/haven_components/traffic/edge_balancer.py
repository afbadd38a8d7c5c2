"""The entrance of a Region: a load balancer over all zones, with TLS, a firewall, logs and health checks."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.choices import BalancerKind, BalancerProtocol
from haven_components.firewall_rules import BODY_RULES
from haven_components.names import balancer_security_group_name, canary_target_group_name, target_group_name
from haven_components.shared import checks, sdk
from haven_components.shared.security_groups import allow_in, allow_into, allow_out, cidr_label
from haven_components.traffic._access_logs import AccessLogs
from haven_components.traffic._balancer_args import (
    DEREGISTRATION_DELAY_SECONDS,
    HEALTH_ANSWERS,
    HEALTH_INTERVAL_SECONDS,
    HEALTH_TIMEOUT_SECONDS,
    IDLE_TIMEOUT_SECONDS,
    RATE_LIMIT,
    SLOW_START_SECONDS,
    EdgeBalancerArgs,
    check,
)
from haven_components.traffic._certificates import validated_certificate
from haven_components.traffic._web_acl import WebAcl

sdk.load(aws.ec2)

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""What AWS recommends and its console chooses: TLS 1.3 and 1.2, forward secrecy, post-quantum key exchange where the
client can (ELB User Guide, security policies; read 2026-11-21). Other ways of creating a listener default to 2016's."""

HSTS = "max-age=31536000"


class EdgeBalancer(pulumi.ComponentResource):
    """An application or network load balancer, its listeners, its target group and what guards it.

    Targets register themselves, by IP address (on Kubernetes through a TargetGroupBinding). Health decides nothing
    about DNS: a record that is an alias for it has a health check of its own.
    """

    dns_name: pulumi.Output[str]
    """Host name of the load balancer, the target of DNS records."""
    zone_id: pulumi.Output[str]
    """Id of the zone of that name, for records that are aliases."""
    arn: pulumi.Output[str]
    """ARN of the load balancer."""
    arn_suffix: pulumi.Output[str]
    """Last part of that ARN, by which CloudWatch knows the load balancer."""
    target_group_arn: pulumi.Output[str]
    """ARN of the target group, in which targets register."""
    target_group_arn_suffix: pulumi.Output[str]
    """Last part of that ARN, by which CloudWatch knows the target group."""
    canary_target_group_arn: pulumi.Output[str]
    """ARN of the canary's target group; empty without `canary_weight`."""
    security_group_id: pulumi.Output[str]
    """Id of the load balancer's security group: targets let it in."""
    access_logs_bucket: pulumi.Output[str]
    """Name of the bucket that holds the access logs."""

    def __init__(self, name: str, args: EdgeBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:EdgeBalancer", name, {}, opts)
        check(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self._network = args.get("kind", BalancerKind.APPLICATION) == BalancerKind.NETWORK
        group = self._security_group()
        balancer = self._balancer(group)
        targets = self._targets(target_group_name(name))
        canary = self._targets(canary_target_group_name(name)) if "canary_weight" in args else None
        listener = self._listeners(balancer, self._forward(targets, canary), self._certificate())
        self._further_certificates(listener)
        if not self._network:
            self._firewall(balancer)
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.target_group_arn = targets.arn
        self.target_group_arn_suffix = targets.arn_suffix
        self.canary_target_group_arn = canary.arn if canary else pulumi.Output.from_input("")
        self.security_group_id = group.id
        self.register_outputs(
            {
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "target_group_arn": self.target_group_arn,
                "target_group_arn_suffix": self.target_group_arn_suffix,
                "canary_target_group_arn": self.canary_target_group_arn,
                "security_group_id": self.security_group_id,
                "access_logs_bucket": self.access_logs_bucket,
            }
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            balancer_security_group_name(self._name),
            name=balancer_security_group_name(self._name),
            description=f"Clients and targets of {self._name}",
            vpc_id=self._args["vpc_id"],
            tags={"Name": balancer_security_group_name(self._name)},
            opts=self._here(),
        )
        for cidr in self._args["client_cidrs"]:
            for port in (443,) if self._network else (80, 443):
                allow_in(f"{self._name}-from-{cidr_label(cidr)}-{port}", group, cidr, port, self._here())
        ports = {int(self._args["target_port"]), int(self._args["health"].get("port", self._args["target_port"]))}
        for cidr in self._args["target_cidrs"]:
            for port in sorted(ports):
                allow_out(f"{self._name}-to-{cidr_label(cidr)}-{port}", group, cidr, port, self._here())
        if "target_security_group_id" in self._args:
            targets = self._args["target_security_group_id"]
            for port in sorted(ports):
                allow_into(
                    f"{self._name}-into-targets-{port}",
                    targets,
                    whom=f"Load balancer {self._name}",
                    source_security_group_id=group.id,
                    port=port,
                    options=self._here(),
                )
        return group

    def _balancer(self, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        bucket, after = self._logs()
        self.access_logs_bucket = pulumi.Output.from_input(bucket)
        return aws.lb.LoadBalancer(
            self._name,
            name=self._name,
            load_balancer_type="network" if self._network else "application",
            internal=self._args.get("internal", False),
            subnets=self._args["subnet_ids"],
            # A network balancer can be given its first security group only when it is created.
            security_groups=[group.id],
            access_logs={"bucket": bucket, "enabled": True},
            enable_deletion_protection=not self._ephemeral,
            enable_cross_zone_load_balancing=True,
            enable_zonal_shift=True,
            **({} if self._network else self._http()),
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self, protect=not self._ephemeral, depends_on=after),
        )

    def _http(self) -> dict[str, Any]:
        """Options of an application load balancer only."""
        return {
            "drop_invalid_header_fields": True,
            "desync_mitigation_mode": "defensive",
            "enable_http2": True,
            "idle_timeout": int(self._args.get("idle_timeout_seconds", IDLE_TIMEOUT_SECONDS)),
            # A firewall that doesn't answer lets no request in.
            "enable_waf_fail_open": False,
        }

    def _logs(self) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """The bucket of the access logs, and what must be there before a balancer may name it."""
        if "access_logs_bucket" in self._args:
            return self._args["access_logs_bucket"], []
        logs = AccessLogs(
            self,
            f"{self._name}-logs",
            region=self._args["region"],
            account_id=self._args["account_id"],
            network=self._network,
            retention_days=self._retention(),
            ephemeral=self._ephemeral,
        )
        return logs.bucket, [logs.policy]

    def _targets(self, name: str) -> aws.lb.TargetGroup:
        encrypted = self._args.get("target_protocol", BalancerProtocol.PLAIN) == BalancerProtocol.ENCRYPTED
        http, transport = ("HTTPS", "TLS") if encrypted else ("HTTP", "TCP")
        health = self._args["health"]
        return aws.lb.TargetGroup(
            name,
            name=name,
            vpc_id=self._args["vpc_id"],
            target_type="ip",
            port=int(self._args["target_port"]),
            protocol=transport if self._network else http,
            deregistration_delay=int(self._args.get("deregistration_delay_seconds", DEREGISTRATION_DELAY_SECONDS)),
            slow_start=None if self._network else int(self._args.get("slow_start_seconds", SLOW_START_SECONDS)),
            load_balancing_cross_zone_enabled="use_load_balancer_configuration",
            health_check={
                "enabled": True,
                "protocol": http,
                "path": health["path"],
                "port": str(int(health["port"])) if "port" in health else "traffic-port",
                "matcher": "200",
                "interval": int(health.get("interval_seconds", HEALTH_INTERVAL_SECONDS)),
                "timeout": int(health.get("timeout_seconds", HEALTH_TIMEOUT_SECONDS)),
                "healthy_threshold": int(health.get("healthy_after", HEALTH_ANSWERS)),
                "unhealthy_threshold": int(health.get("unhealthy_after", HEALTH_ANSWERS)),
            },
            tags={"Name": name},
            opts=self._here(),
        )

    def _forward(self, targets: aws.lb.TargetGroup, canary: aws.lb.TargetGroup | None) -> Any:
        """What the listener does with a request."""
        if canary is None:
            return {"type": "forward", "target_group_arn": targets.arn}
        weight = int(self._args["canary_weight"])
        groups = [{"arn": targets.arn, "weight": 100 - weight}, {"arn": canary.arn, "weight": weight}]
        return {"type": "forward", "forward": {"target_groups": groups}}

    def _certificate(self) -> pulumi.Input[str]:
        if "certificate" in self._args:
            return validated_certificate(self, self._name, self._args["certificate"])
        return self._args["certificate_arn"]

    def _further_certificates(self, listener: aws.lb.Listener) -> None:
        for index, args in enumerate(self._args.get("further_certificates", []), start=2):
            name = f"{self._name}-{index}"
            aws.lb.ListenerCertificate(
                f"{name}-certificate",
                listener_arn=listener.arn,
                certificate_arn=validated_certificate(self, name, args),
                opts=self._here(),
            )

    def _listeners(
        self, balancer: aws.lb.LoadBalancer, forward: Any, certificate_arn: pulumi.Input[str]
    ) -> aws.lb.Listener:
        headers: Mapping[str, Any] = {
            "routing_http_response_server_enabled": False,
            "routing_http_response_strict_transport_security_header_value": HSTS,
        }
        encrypted = aws.lb.Listener(
            f"{self._name}-443",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="TLS" if self._network else "HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate_arn,
            default_actions=[forward],
            **({} if self._network else headers),
            tags={"Name": f"{self._name}-443"},
            opts=self._here(),
        )
        if not self._network:
            self._redirect(balancer)
        return encrypted

    def _redirect(self, balancer: aws.lb.LoadBalancer) -> None:
        aws.lb.Listener(
            f"{self._name}-80",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}}
            ],
            tags={"Name": f"{self._name}-80"},
            opts=self._here(),
        )

    def _firewall(self, balancer: aws.lb.LoadBalancer) -> None:
        firewall = WebAcl(
            self,
            self._name,
            balancer_arn=balancer.arn,
            rate_limit=int(self._args.get("rate_limit", RATE_LIMIT)),
            counted_rules=self._args.get("counted_rules", list(BODY_RULES)),
        )
        firewall.log(
            region=self._args["region"],
            account_id=self._args["account_id"],
            kms_key_arn=self._args["kms_key_arn"],
            retention_days=self._retention(),
            ephemeral=self._ephemeral,
        )

    def _retention(self) -> int:
        return int(self._args.get("log_retention_days", checks.DEFAULT_LOG_RETENTION_DAYS))

    def _here(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
