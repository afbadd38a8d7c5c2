"""The entrance of each Region: its load balancer and its DNS name."""

import pulumi
import pulumi_aws as aws

from haven_components import BalancerCertificateArgs, BalancerProtocol, EdgeBalancer, EdgeBalancerArgs
from haven_components.names import region_code
from infra.config.rules.systems import exposed
from infra.environment import Environment
from infra.names import PRIVATE
from infra.parts.traffic import Service


def balancer(environment: Environment, region: str, domain: str, service: Service) -> EdgeBalancer:
    """Declare the balancer of a Region, and publish it under the Region's entrance."""
    settings, network = environment.settings, environment.networks[region]
    chosen = settings.edge
    args: EdgeBalancerArgs = {
        "region": region,
        "account_id": settings.account,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.private_subnet_ids if chosen.internal else network.public_subnet_ids,
        "internal": chosen.internal,
        "client_cidrs": list(chosen.client_cidrs),
        "target_cidrs": [environment.cidr(region)],
        "target_port": chosen.target_port,
        "target_protocol": BalancerProtocol.ENCRYPTED if chosen.encrypted_targets else BalancerProtocol.PLAIN,
        "health": {"path": settings.traffic.readiness_path},
        "kms_key_arn": environment.region_key(region),
        "rate_limit": chosen.rate_limit,
        "counted_rules": list(chosen.counted_rules),
        "idle_timeout_seconds": chosen.idle_timeout_seconds,
        "deregistration_delay_seconds": chosen.deregistration_delay_seconds,
        "ephemeral": settings.ephemeral,
    }
    if region in environment.clusters:
        args["target_security_group_id"] = environment.clusters[region].cluster_security_group_id
    served = settings.systems[name].model if (name := exposed(settings.systems)) else None
    if served is not None and served.canary is not None:
        args["canary_weight"] = served.canary.percent
    if chosen.certificates:
        args["certificate_arn"] = chosen.certificates[region]
    else:
        # One name in both Regions, so one record shows that it is ours: the primary Region's is there in every tier.
        args["certificate"] = {
            "domain": f"*.{domain}",
            "hosted_zone_id": service.dns.zone_id,
            "creates_validation_record": region == environment.primary,
        }
        # A wildcard stands for one label, and private names have one more (RFC 6125, section 6.4.3).
        private: BalancerCertificateArgs = {**args["certificate"], "domain": f"*.{PRIVATE}.{domain}"}
        args["further_certificates"] = [private]
    found = EdgeBalancer(environment.cluster_name(region), args, environment.options(region))
    _entrance(environment, region, service, found)
    return found


def _entrance(environment: Environment, region: str, service: Service, found: EdgeBalancer) -> None:
    aws.route53.Record(
        f"{environment.name}-entrance-{region_code(region)}",
        zone_id=service.dns.zone_id,
        name=service.entrances[region],
        type="A",
        # Which Region answers is decided one name above, by the switch.
        aliases=[{"name": found.dns_name, "zone_id": found.zone_id, "evaluate_target_health": False}],
        opts=pulumi.ResourceOptions(provider=environment.providers[region]),
    )
