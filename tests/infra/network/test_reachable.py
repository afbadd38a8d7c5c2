"""Traffic reaches pods in both Regions, and every published name fits a certificate."""

import json
from fnmatch import fnmatchcase

import pytest

from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from tests.environments import PRIMARY, RECOVERY, ROOT, environment, of_type

each_region = pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}


def _named(recording: Recording, type_: str, region: str, part: str) -> Resource:
    (found,) = (each for each in of_type(recording, type_, region) if part in each.name)
    return found


@each_region
def test_the_cluster_lets_its_region_s_balancer_in(region: str) -> None:
    recording = environment("warm")
    rule = _named(recording, aws.EC2_SECURITY_GROUP_RULE, region, "into-targets").inputs
    cluster = _named(recording, aws.EKS_CLUSTER, region, "")
    balancer = _named(recording, aws.EC2_SECURITY_GROUP, region, "-edge")
    (target,) = of_type(recording, aws.LB_TARGET_GROUP, region)
    assert rule["securityGroupId"] == f"@@{cluster.key}.vpcConfig.clusterSecurityGroupId@@"
    assert rule["sourceSecurityGroupId"] == f"@@{balancer.key}.id@@"
    assert rule["fromPort"] == target.inputs["port"] == rule["toPort"]


@each_region
def test_pods_are_registered_in_their_region_s_target_group(region: str) -> None:
    recording = environment("warm")
    (target,) = of_type(recording, aws.LB_TARGET_GROUP, region)
    policy = json.loads(_named(recording, aws.IAM_ROLE_POLICY, region, "-targets").inputs["policy"])
    assert any(f":targetgroup/{target.inputs['name']}/*" in str(each["Resource"]) for each in policy["Statement"])
    _named(recording, aws.EKS_POD_IDENTITY_ASSOCIATION, region, "-targets")


@each_region
def test_outputs_and_manifest_have_what_a_binding_names(region: str) -> None:
    recording = environment("warm")
    (target,) = of_type(recording, aws.LB_TARGET_GROUP, region)
    group = _named(recording, aws.EC2_SECURITY_GROUP, region, "-edge")
    endpoints = recording.outputs["endpoints"]
    assert endpoints["targetGroups"][region] == f"@@{target.key}.arn@@"
    assert endpoints["balancerSecurityGroups"][region] == f"@@{group.key}.id@@"
    assert recording.outputs["manifest"]["sides"][region]["balancer"] == {
        "name": f"haven-warm-{CODES[region]}",
        "targetGroup": target.inputs["name"],
        "securityGroup": group.inputs["name"],
        "targetPort": 8080,
    }


@each_region
def test_pods_let_the_balancer_s_subnets_in_and_the_scraper_s_to_their_metrics(region: str) -> None:
    """Every policy of the namespace counts: what one of them allows, none takes back."""
    recording = environment("warm", watch=json.dumps({"prometheus": True}))
    subnets = of_type(recording, aws.EC2_SUBNET, region)
    blocks = {
        kind: {each.inputs["cidrBlock"] for each in subnets if f"-{kind}-" in each.name}
        for kind in ("public", "private")
    }
    opened: dict[int, set[str]] = {8080: set(), 8002: set()}
    for each in of_type(recording, "kubernetes:networking.k8s.io/v1:NetworkPolicy", region):
        if each.inputs["metadata"]["namespace"] != "serving":
            continue
        for rule in each.inputs["spec"].get("ingress", ()):
            for port in rule.get("ports", ()):
                opened[port["port"]] |= {one["ipBlock"]["cidr"] for one in rule["from"] if "ipBlock" in one}
    assert opened == {8080: blocks["public"], 8002: blocks["private"]}


def test_pods_that_no_balancer_serves_let_no_address_in() -> None:
    systems = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    systems["serving"]["exposed"] = False
    recording = environment("warm", systems=json.dumps(systems))
    policies = of_type(recording, "kubernetes:networking.k8s.io/v1:NetworkPolicy", PRIMARY)
    assert len(policies) > 5
    rules = [rule for each in policies for rule in each.inputs["spec"].get("ingress", ())]
    serving = [
        each.inputs["spec"].get("ingress", ()) for each in policies if each.inputs["metadata"]["namespace"] == "serving"
    ]
    assert rules
    assert "ipBlock" not in json.dumps(serving)


@each_region
def test_every_name_of_the_service_fits_a_certificate(region: str) -> None:
    recording = environment("warm")
    zones = {each.key: each.inputs["name"] for each in recording.real() if each.type == aws.ROUTE53_ZONE}
    assert sorted(zones.values()) == ["internal.warm.example.com", "warm.example.com"]
    names = {f"inference.{zone}" for zone in zones.values()} | {*recording.outputs["endpoints"]["entrances"].values()}
    certificates = [each.inputs["domainName"] for each in of_type(recording, aws.ACM_CERTIFICATE, region)]
    assert [name for name in names if not any(_fits(name, each) for each in certificates)] == []


def _fits(name: str, pattern: str) -> bool:
    """A wildcard stands for one label (RFC 6125, section 6.4.3)."""
    return name.count(".") == pattern.count(".") and fnmatchcase(name, pattern)
