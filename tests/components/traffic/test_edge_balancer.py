import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import BalancerKind, BalancerProtocol, EdgeBalancerArgs
from haven_components.firewall_rules import BODY_RULES, RULES
from haven_components.traffic.edge_balancer import TLS_POLICY, EdgeBalancer

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "haven-test-edge-euw1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
SUBNETS = ["subnet-1", "subnet-2", "subnet-3"]
REQUESTED = {"domain": "api.example.com", "hosted_zone_id": "Z1", "creates_validation_record": True}


def _declare(name: str = NAME, *, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(REGION, region=REGION)
        args = {
            "region": REGION,
            "account_id": ACCOUNT,
            "vpc_id": "vpc-1",
            "subnet_ids": SUBNETS,
            "client_cidrs": ["0.0.0.0/0"],
            "target_cidrs": ["10.20.0.0/16"],
            "target_port": 8080,
            "health": {"path": "/ready"},
            "certificate_arn": CERTIFICATE,
            "kms_key_arn": KEY,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        edge = EdgeBalancer(name, cast("EdgeBalancerArgs", given), pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("target", [edge.dns_name, edge.zone_id])
        pulumi.export("group", edge.target_group_arn)

    return record(program, stack="test")


def _requested(**certificate: Any) -> Recording:
    return _declare(without=("certificate_arn",), certificate=REQUESTED | certificate)


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = _named(recording, kind).values()
    return found


def _refused(*args: Any, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(*args, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


@pytest.mark.parametrize("internal", [False, True])
def test_the_balancer_stands_in_every_subnet_and_faces_whom_it_should(internal: bool) -> None:
    balancer = _only(_declare(internal=internal), "LoadBalancer").inputs
    assert (balancer["name"], balancer["loadBalancerType"]) == (NAME, "application")
    assert balancer["subnets"] == SUBNETS
    assert balancer["internal"] is internal


def test_a_zone_can_be_shifted_away_and_traffic_crosses_zones() -> None:
    for kind in BalancerKind:
        balancer = _only(_declare(kind=kind), "LoadBalancer").inputs
        assert (balancer["enableZonalShift"], balancer["enableCrossZoneLoadBalancing"]) == (True, True)


def test_requests_that_could_be_read_in_two_ways_are_not_passed_on() -> None:
    balancer = _only(_declare(), "LoadBalancer").inputs
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "defensive"
    assert balancer["enableWafFailOpen"] is False


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_balancer_and_its_logs_are_protected_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    balancer = _only(recording, "LoadBalancer")
    assert balancer.inputs["enableDeletionProtection"] is not ephemeral
    kept = [balancer, _only(recording, "Bucket"), _only(recording, "LogGroup")]
    assert {each.options.protect for each in kept} == {not ephemeral}
    assert _only(recording, "Bucket").inputs["forceDestroy"] is ephemeral


def test_clients_meet_tls_1_3_and_are_pinned_to_it() -> None:
    recording = _declare()
    secure = _named(recording, "Listener")[f"{NAME}-443"].inputs
    assert (secure["port"], secure["protocol"]) == (443, "HTTPS")
    assert secure["sslPolicy"] == TLS_POLICY
    assert TLS_POLICY.startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert secure["certificateArn"] == CERTIFICATE
    assert secure["routingHttpResponseStrictTransportSecurityHeaderValue"] == "max-age=31536000"
    (action,) = secure["defaultActions"]
    assert action == {"type": "forward", "targetGroupArn": f"@@{_only(recording, 'TargetGroup').key}.arn@@"}


def test_whoever_comes_without_tls_is_sent_to_it() -> None:
    plain = _named(_declare(), "Listener")[f"{NAME}-80"].inputs
    assert plain["defaultActions"] == [
        {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}
    ]


def test_only_clients_get_in_and_only_targets_are_reached() -> None:
    recording = _declare(client_cidrs=["10.0.0.0/8", "192.0.2.0/24"], health={"path": "/ready", "port": 9090})
    into = {
        (each.inputs["cidrIpv4"], each.inputs["fromPort"])
        for each in _named(recording, "SecurityGroupIngressRule").values()
    }
    out = {
        (each.inputs["cidrIpv4"], each.inputs["fromPort"])
        for each in _named(recording, "SecurityGroupEgressRule").values()
    }
    assert into == {(cidr, port) for cidr in ("10.0.0.0/8", "192.0.2.0/24") for port in (80, 443)}
    assert out == {("10.20.0.0/16", 8080), ("10.20.0.0/16", 9090)}
    group = _only(recording, "SecurityGroup")
    assert _only(recording, "LoadBalancer").inputs["securityGroups"] == [f"@@{group.key}.id@@"]


def test_a_target_gets_traffic_when_it_says_that_it_is_ready() -> None:
    group = _only(_declare(), "TargetGroup").inputs
    assert group["healthCheck"] == {
        "enabled": True,
        "protocol": "HTTP",
        "path": "/ready",
        "port": "traffic-port",
        "matcher": "200",
        "interval": 10,
        "timeout": 5,
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
    }
    assert (group["targetType"], group["protocol"], group["port"]) == ("ip", "HTTP", 8080)


def test_targets_come_slowly_and_leave_when_they_are_done() -> None:
    group = _only(_declare(), "TargetGroup").inputs
    assert (group["slowStart"], group["deregistrationDelay"]) == (30, 120)
    changed = _only(_declare(slow_start_seconds=0, deregistration_delay_seconds=900.0), "TargetGroup").inputs
    assert (changed["slowStart"], changed["deregistrationDelay"]) == (0, 900)


@pytest.mark.parametrize(
    ("kind", "protocol", "expected"),
    [
        ("application", BalancerProtocol.ENCRYPTED, ("HTTPS", "HTTPS")),
        ("network", BalancerProtocol.PLAIN, ("TCP", "HTTP")),
        ("network", BalancerProtocol.ENCRYPTED, ("TLS", "HTTPS")),
    ],
)
def test_targets_are_spoken_to_as_asked(kind: str, protocol: BalancerProtocol, expected: tuple[str, str]) -> None:
    group = _only(_declare(kind=kind, target_protocol=protocol), "TargetGroup").inputs
    assert (group["protocol"], group["healthCheck"]["protocol"]) == expected


def test_the_firewall_refuses_what_aws_recognises_and_whoever_asks_too_often() -> None:
    recording = _declare(rate_limit=500.0)
    acl = _only(recording, "WebAcl")
    rules = {each["name"]: each for each in acl.inputs["rules"]}
    assert rules["rate"]["statement"]["rateBasedStatement"]["limit"] == 500
    assert "block" in rules["rate"]["action"]
    for group in ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"):
        assert rules[group]["overrideAction"] == {"none": {}}
    assert len({each["priority"] for each in rules.values()}) == 3
    association = _only(recording, "WebAclAssociation").inputs
    assert association["resourceArn"] == f"@@{_only(recording, 'LoadBalancer').key}.arn@@"
    assert association["webAclArn"] == f"@@{acl.key}.arn@@"


def _counted(recording: Recording) -> dict[str, list[str]]:
    """Managed rule group -> its rules that only count."""
    groups = [each["statement"].get("managedRuleGroupStatement") for each in _only(recording, "WebAcl").inputs["rules"]]
    found = {each["name"]: each.get("ruleActionOverrides", []) for each in groups if each}
    assert all(rule["actionToUse"] == {"count": {}} for rules in found.values() for rule in rules)
    return {group: [rule["name"] for rule in rules] for group, rules in found.items()}


def test_rules_that_read_bodies_count_and_all_others_refuse() -> None:
    assert _counted(_declare()) == {
        group: [rule for rule in BODY_RULES if rule in rules] for group, rules in RULES.items()
    }
    assert set(BODY_RULES) == {rule for rules in RULES.values() for rule in rules if rule.endswith("_BODY")}


def test_only_the_rules_that_are_named_count_each_in_its_group() -> None:
    assert _counted(_declare(counted_rules=["Log4JRCE_BODY", "SizeRestrictions_BODY"])) == {
        "AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"],
        "AWSManagedRulesKnownBadInputsRuleSet": ["Log4JRCE_BODY"],
    }


def test_a_rule_that_no_group_has_is_refused_because_aws_ignores_it() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"counted_rules.*SizeRestriction_BODY"):
        _declare(counted_rules=["SizeRestriction_BODY"])


def test_the_firewall_s_log_is_encrypted_and_holds_no_credentials() -> None:
    recording = _declare(log_retention_days=30)
    group = _only(recording, "LogGroup")
    assert group.inputs["name"] == f"aws-waf-logs-{NAME}"
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 30)
    logging = _only(recording, "WebAclLoggingConfiguration")
    assert logging.inputs["logDestinationConfigs"] == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-{NAME}"]
    assert [each["singleHeader"]["name"] for each in logging.inputs["redactedFields"]] == ["authorization", "cookie"]
    assert group.urn in logging.options.dependencies


def test_access_logs_go_into_a_bucket_of_s3_s_own_keys_that_only_the_balancer_writes() -> None:
    recording = _declare()
    bucket = _only(recording, "Bucket").inputs["bucket"]
    assert bucket == f"{NAME}-logs-{ACCOUNT}"
    assert _only(recording, "LoadBalancer").inputs["accessLogs"] == {"bucket": bucket, "enabled": True}
    (rule,) = _only(recording, "BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    statements = {
        each["Sid"]: each for each in json.loads(_only(recording, "BucketPolicy").inputs["policy"])["Statement"]
    }
    assert statements["OnlyTls"]["Effect"] == "Deny"
    assert statements["WriteLogs"]["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statements["WriteLogs"]["Resource"] == f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"
    block = _only(recording, "BucketPublicAccessBlock").inputs
    assert [value for name, value in block.items() if name != "bucket"] == [True] * 4


def test_the_balancer_waits_for_the_policy_that_lets_it_write() -> None:
    recording = _declare()
    assert _only(recording, "BucketPolicy").urn in _only(recording, "LoadBalancer").options.dependencies


def test_a_network_balancer_s_logs_come_from_this_account_alone() -> None:
    policy = _only(_declare(kind=BalancerKind.NETWORK), "BucketPolicy").inputs["policy"]
    allowed = [each for each in json.loads(policy)["Statement"] if each["Effect"] == "Allow"]
    assert {each["Action"] for each in allowed} == {"s3:GetBucketAcl", "s3:PutObject"}
    for each in allowed:
        assert each["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_a_bucket_that_is_given_is_used_and_none_is_created() -> None:
    recording = _declare(access_logs_bucket="logs")
    assert not _named(recording, "Bucket")
    assert _only(recording, "LoadBalancer").inputs["accessLogs"]["bucket"] == "logs"


def test_a_network_balancer_passes_tls_and_has_neither_firewall_nor_redirect() -> None:
    recording = _declare(kind=BalancerKind.NETWORK)
    assert not _named(recording, "WebAcl")
    listener = _only(recording, "Listener").inputs
    assert (listener["port"], listener["protocol"], listener["sslPolicy"]) == (443, "TLS", TLS_POLICY)
    assert "slowStart" not in _only(recording, "TargetGroup").inputs
    assert {each.inputs["fromPort"] for each in _named(recording, "SecurityGroupIngressRule").values()} == {443}


@pytest.mark.parametrize("creates", [False, True])
def test_exactly_the_chosen_instance_creates_the_record_that_validates_both_certificates(
    creates: bool,
) -> None:
    recording = _requested(creates_validation_record=creates)
    certificate = _only(recording, "Certificate")
    assert (certificate.inputs["domainName"], certificate.inputs["validationMethod"]) == ("api.example.com", "DNS")
    records = _named(recording, "Record")
    option = f"@@{certificate.key}.domainValidationOptions.resourceRecord"
    assert [dict(each.inputs) for each in records.values()] == [
        {
            "zoneId": "Z1",
            "name": f"{option}Name@@",
            "type": f"{option}Type@@",
            "records": [f"{option}Value@@"],
            "ttl": 300,
            "allowOverwrite": True,
        }
    ] * creates
    validation = _only(recording, "CertificateValidation")
    assert validation.inputs["certificateArn"] == f"@@{certificate.key}.arn@@"
    assert {each.urn for each in records.values()} <= set(validation.options.dependencies)


def test_the_listener_waits_until_a_requested_certificate_is_valid() -> None:
    recording = _requested()
    listener = _named(recording, "Listener")[f"{NAME}-443"]
    assert _only(recording, "CertificateValidation").urn in listener.options.dependencies


def test_what_dns_aliases_need_is_an_output() -> None:
    recording = _declare()
    key = _only(recording, "LoadBalancer").key
    assert recording.outputs["target"] == [f"@@{key}.dnsName@@", f"@@{key}.zoneId@@"]
    assert recording.outputs["group"] == f"@@{_only(recording, 'TargetGroup').key}.arn@@"


@pytest.mark.parametrize("name", ["internal-edge", "edge-", "n" * 30, "Edge"])
def test_a_name_that_elb_would_refuse_is_refused_first(name: str) -> None:
    assert set(_refused(name)) == {"name"}


def test_the_longest_name_leaves_room_for_the_target_group_s() -> None:
    assert len(_only(_declare("n" * 29), "TargetGroup").inputs["name"]) == 32


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"without": ("certificate_arn",)}, "certificate_arn"),
        ({"certificate": REQUESTED}, "certificate_arn"),
        ({"without": ("certificate_arn",), "certificate": REQUESTED | {"domain": "API"}}, "certificate.domain"),
        ({"subnet_ids": ["subnet-1"]}, "subnet_ids"),
        ({"client_cidrs": []}, "client_cidrs"),
        ({"client_cidrs": ["10.0.0.1/8"]}, "client_cidrs"),
        ({"target_cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}, "target_cidrs"),
        ({"target_port": 0}, "target_port"),
        ({"health": {"path": "ready"}}, "health.path"),
        ({"health": {"path": "/ready", "timeout_seconds": 10}}, "health.timeout_seconds"),
        ({"health": {"path": "/ready", "healthy_after": 1}}, "health.healthy_after"),
        ({"slow_start_seconds": 29}, "slow_start_seconds"),
        ({"deregistration_delay_seconds": 3601}, "deregistration_delay_seconds"),
        ({"idle_timeout_seconds": 0}, "idle_timeout_seconds"),
        ({"rate_limit": 9}, "rate_limit"),
        ({"log_retention_days": 91}, "log_retention_days"),
        ({"kind": BalancerKind.NETWORK, "slow_start_seconds": 30}, "slow_start_seconds"),
        ({"kind": BalancerKind.NETWORK, "counted_rules": []}, "counted_rules"),
        ({"account_id": "12"}, "account_id"),
    ],
)
def test_what_aws_would_refuse_is_refused_first(changes: dict[str, Any], path: str) -> None:
    assert _refused(**changes) == [path]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("Edge", account_id="1", target_port=70000, rate_limit=1) == [
        "name",
        "account_id",
        "target_port",
        "rate_limit",
    ]


def test_the_targets_let_the_balancer_in_on_the_ports_of_traffic_and_health_check() -> None:
    assert not _named(_declare(), "SecurityGroupRule")
    recording = _declare(target_security_group_id="sg-1", health={"path": "/ready", "port": 9090})
    rules = _named(recording, "SecurityGroupRule")
    group = _only(recording, "SecurityGroup")
    assert rules.keys() == {f"{NAME}-into-targets-{port}" for port in (8080, 9090)}
    for port in (8080, 9090):
        rule = rules[f"{NAME}-into-targets-{port}"].inputs
        assert (rule["type"], rule["securityGroupId"]) == ("ingress", "sg-1")
        assert rule["sourceSecurityGroupId"] == f"@@{group.key}.id@@"
        assert (rule["fromPort"], rule["toPort"]) == (port, port)
        assert "cidrBlocks" not in rule


def test_a_further_certificate_joins_the_listener_once_it_is_valid() -> None:
    recording = _declare(further_certificates=[{**REQUESTED, "domain": "*.internal.example.com"}])
    certificate = _only(recording, "Certificate").inputs
    joined = _only(recording, "ListenerCertificate")
    assert certificate["domainName"] == "*.internal.example.com"
    listener = _named(recording, "Listener")[f"{NAME}-443"]
    assert joined.inputs["listenerArn"] == f"@@{listener.key}.arn@@"
    validation = _only(recording, "CertificateValidation")
    assert validation.urn in joined.options.property_dependencies["certificateArn"]


@pytest.mark.parametrize("weight", [0, 10, 100])
def test_a_canary_gets_its_share_on_a_target_group_of_its_own(weight: int) -> None:
    recording = _declare(canary_weight=weight)
    groups = {
        each.inputs["name"]: f"@@{each.key}.arn@@" for each in recording.real() if each.type.endswith("TargetGroup")
    }
    secure = next(
        each for each in recording.real() if each.inputs.get("port") == 443 and "defaultActions" in each.inputs
    )
    (action,) = secure.inputs["defaultActions"]
    shares = {each["arn"]: each["weight"] for each in action["forward"]["targetGroups"]}
    assert shares == {groups[f"{NAME}-tg"]: 100 - weight, groups[f"{NAME}-cg"]: weight}


def test_a_canary_s_share_is_a_percentage() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="canary_weight"):
        _declare(canary_weight=101)
