"""What a system may use in a cluster and in AWS."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.workloads.access._access_args import ClusterAccessArgs
from haven_components.workloads.access.cluster_access import ClusterAccess
from haven_components.workloads.kubernetes_provider import kubernetes_provider

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "ai-euw1-chat"
ARN = f"{REGION}:{ACCOUNT}"
KEY = f"arn:aws:kms:{ARN}:key/mrk-1"
USES: dict[str, Any] = {
    "buckets": [
        {"bucket": "models-euw1"},
        {"bucket": "state-euw1", "prefix": "chat/", "write": True},
    ],
    "tables": [{"table": "sessions", "write": True}, {"table": "features"}],
    "queues": [{"queue_arn": f"arn:aws:sqs:{ARN}:requests", "receive": True}],
    "secrets": ["ai-database-secret"],
    "database_users": [{"resource_id": "cluster-ABC", "user": "chat"}],
    "kms_key_arns": [KEY],
}
SERVER: dict[str, Any] = {"name": "server", "uses": USES}
PLAIN: dict[str, Any] = {
    "region": REGION,
    "account_id": ACCOUNT,
    "cluster_name": "ai-euw1",
    "namespace": "chat",
    "quota": {"cpu_cores": 64, "memory_gib": 256, "pods": 40, "gpus": 8},
    "network": {"vpc_cidrs": ["10.20.0.0/16"], "client_cidrs": ["10.20.128.0/20"], "ports": [8000]},
}


def _declare(**changes: Any) -> Recording:
    def program() -> None:
        providers = [aws.Provider(REGION, region=REGION), kubernetes_provider("k8s", "{}", cluster_name="ai-euw1")]
        args = cast("ClusterAccessArgs", PLAIN | changes)
        access = ClusterAccess(NAME, args, pulumi.ResourceOptions(providers=providers))
        pulumi.export("namespace", access.namespace)
        pulumi.export("roles", access.role_arns)

    return record(program, stack="test")


def _kind(recording: Recording, kind: str) -> dict[str, Resource]:
    found = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return {each.name.removeprefix(f"{NAME}-"): each for each in found}


def _spec(recording: Recording, kind: str, name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", _kind(recording, kind)[name].inputs["spec"])


def _refusal(**changes: Any) -> str:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return str(refused.value)


def test_the_namespace_holds_its_pods_to_the_restricted_standard() -> None:
    metadata = _kind(_declare(), "Namespace")["namespace"].inputs["metadata"]
    assert metadata["name"] == "chat"
    levels = {mode: metadata["labels"][f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")}
    assert set(levels.values()) == {"restricted"}
    assert "annotations" not in metadata


def test_an_exception_is_named_with_its_reason_and_still_warns() -> None:
    exception = {"level": "privileged", "reason": "the GPU profiler reads the host's counters"}
    metadata = _kind(_declare(pod_security_exception=exception), "Namespace")["namespace"].inputs["metadata"]
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert metadata["labels"]["pod-security.kubernetes.io/warn"] == "restricted"
    assert exception["reason"] in metadata["annotations"].values()


def test_the_quota_is_what_all_pods_may_request_and_defaults_make_every_container_request_something() -> None:
    recording = _declare()
    hard = _spec(recording, "ResourceQuota", "quota")["hard"]
    assert (hard["requests.cpu"], hard["requests.memory"], hard["pods"]) == ("64", "256Gi", "40")
    assert (hard["requests.nvidia.com/gpu"], hard["services.loadbalancers"]) == ("8", "0")
    (limits,) = _spec(recording, "LimitRange", "limits")["limits"]
    assert limits == {"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "256Mi"}}
    (limits,) = _spec(_declare(defaults={"memory_limit_mib": 512}), "LimitRange", "limits")["limits"]
    assert limits["default"] == {"memory": "512Mi"}


def test_nothing_goes_in_or_out_but_what_is_named() -> None:
    recording = _declare()
    policies = _kind(recording, "NetworkPolicy")
    assert policies.keys() == {"default-deny", "within-namespace", "to-dns", "to-aws", "from-clients"}
    assert all(each.inputs["spec"]["podSelector"] == {} for each in policies.values())
    deny = _spec(recording, "NetworkPolicy", "default-deny")
    assert (deny["policyTypes"], deny.keys() & {"ingress", "egress"}) == (["Ingress", "Egress"], set())
    (clients,) = _spec(recording, "NetworkPolicy", "from-clients")["ingress"]
    assert clients == {
        "from": [{"ipBlock": {"cidr": "10.20.128.0/20"}}],
        "ports": [{"port": 8000, "protocol": "TCP"}],
    }
    assert not any(
        not rule.get("ports") and not any("podSelector" in peer for peer in rule.get("to", []) + rule.get("from", []))
        for each in policies.values()
        for rule in [*each.inputs["spec"].get("egress", []), *each.inputs["spec"].get("ingress", [])]
    )


def test_pods_reach_their_credentials_the_vpc_and_what_has_public_addresses_at_aws() -> None:
    agent, inside, public = _spec(_declare(), "NetworkPolicy", "to-aws")["egress"]
    assert agent == {
        "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
        "ports": [{"port": 80, "protocol": "TCP"}],
    }
    assert [each["port"] for each in inside["ports"]] == [443, 5432, 6379]
    assert public["to"][0]["ipBlock"]["except"] == [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ]
    without = _declare(network=PLAIN["network"] | {"aws_cidrs": []})
    assert len(_spec(without, "NetworkPolicy", "to-aws")["egress"]) == 2


def test_metrics_and_the_kubernetes_api_are_reached_where_they_are_named() -> None:
    more = {"metrics_namespaces": ["telemetry"], "metrics_ports": [9400], "kubernetes_api_cidrs": ["172.20.0.0/16"]}
    recording = _declare(network=PLAIN["network"] | more)
    (metrics,) = _spec(recording, "NetworkPolicy", "from-metrics")["ingress"]
    assert metrics["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "telemetry"}}}]
    assert [each["port"] for each in metrics["ports"]] == [9400]
    (api,) = _spec(recording, "NetworkPolicy", "to-kubernetes-api")["egress"]
    assert api["to"] == [{"ipBlock": {"cidr": "172.20.0.0/16"}}]


def test_groups_see_or_operate_and_nobody_reads_secrets() -> None:
    assert not _kind(_declare(), "RoleBinding")
    recording = _declare(viewer_groups=["chat-viewers"], operator_groups=["chat-operators"])
    bindings = _kind(recording, "RoleBinding")
    assert [each["name"] for each in bindings["viewers"].inputs["subjects"]] == ["chat-operators", "chat-viewers"]
    assert bindings["viewers"].inputs["roleRef"]["name"] == "view"
    assert [each["name"] for each in bindings["operators"].inputs["subjects"]] == ["chat-operators"]
    rules = _kind(recording, "Role")["operators"].inputs["rules"]
    reached = {resource for rule in rules for resource in rule["resources"]}
    assert not reached & {"secrets", "pods/exec", "serviceaccounts/token", "*"}


def test_a_service_account_reaches_its_own_regions_data_and_no_more() -> None:
    recording = _declare(service_accounts=[SERVER])
    account = _kind(recording, "ServiceAccount")["server"].inputs
    assert account["automountServiceAccountToken"] is False
    association = _kind(recording, "PodIdentityAssociation")["server"].inputs
    assert (association["namespace"], association["serviceAccount"]) == ("chat", "server")
    statements = json.loads(_kind(recording, "RolePolicy")["server"].inputs["policy"])["Statement"]
    allowed = {
        action: each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]
        for each in statements
        for action in each["Action"]
    }
    assert allowed["s3:PutObject"] == ["arn:aws:s3:::state-euw1/chat/*"]
    assert allowed["dynamodb:PutItem"] == [
        f"arn:aws:dynamodb:{ARN}:table/sessions",
        f"arn:aws:dynamodb:{ARN}:table/sessions/index/*",
    ]
    assert allowed["secretsmanager:GetSecretValue"] == [
        f"arn:aws:secretsmanager:{ARN}:secret:ai-database-secret-??????"
    ]
    assert allowed["rds-db:connect"] == [f"arn:aws:rds-db:{ARN}:dbuser:cluster-ABC/chat"]
    assert "sqs:SendMessage" not in allowed
    assert not any("*" in action for action in allowed)
    assert not any(action.partition(":")[2].startswith("DeleteObject") for action in allowed)
    (keys,) = (each for each in statements if "kms:Decrypt" in each["Action"])
    assert keys["Resource"] == [KEY]
    assert keys["Condition"]["StringEquals"]["kms:ViaService"] == [
        f"{each}.{REGION}.amazonaws.com" for each in ("dynamodb", "s3", "secretsmanager", "sqs")
    ]
    assert "eu-central-1" not in json.dumps(statements)


def test_an_account_that_uses_nothing_in_aws_has_no_role() -> None:
    recording = _declare(service_accounts=[{"name": "worker", "kubernetes_api": True}])
    assert _kind(recording, "ServiceAccount")["worker"].inputs["automountServiceAccountToken"] is True
    assert not _kind(recording, "Role") | _kind(recording, "PodIdentityAssociation")


def test_secrets_are_read_in_the_own_region_alone_with_the_pods_own_rights() -> None:
    mount = {
        "name": "database",
        "secret": "ai-database-secret",
        "keys": {"password": "password"},
        "environment_secret": "database",
    }
    recording = _declare(service_accounts=[SERVER], mounted_secrets=[mount])
    spec = _kind(recording, "SecretProviderClass")["secret-database"].inputs["spec"]
    parameters = spec["parameters"]
    assert (parameters["region"], parameters["usePodIdentity"]) == (REGION, "true")
    assert "failoverRegion" not in parameters
    (secret,) = json.loads(parameters["objects"])
    assert secret["objectName"] == "ai-database-secret"
    assert secret["jmesPath"] == [{"path": '"password"', "objectAlias": "password"}]
    assert spec["secretObjects"][0]["data"] == [{"objectName": "password", "key": "password"}]


def test_everything_in_the_namespace_comes_after_it() -> None:
    recording = _declare(service_accounts=[SERVER], operator_groups=["operators"])
    (namespace,) = _kind(recording, "Namespace").values()
    inside = [each for each in recording.real() if each.inputs.get("metadata", {}).get("namespace") == "chat"]
    assert len(inside) > 8
    assert all(namespace.urn in each.options.dependencies for each in inside)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"namespace": "kube-system"}, "namespace"),
        ({"namespace": "Chat"}, "namespace"),
        ({"quota": PLAIN["quota"] | {"pods": 0}}, "quota.pods"),
        ({"network": PLAIN["network"] | {"servers": {"registry": 0}}}, "network.servers.registry"),
        ({"network": PLAIN["network"] | {"vpc_cidrs": []}}, "network.vpc_cidrs"),
        ({"network": PLAIN["network"] | {"vpc_cidrs": ["10.20.0.1/16"]}}, "network.vpc_cidrs[0]"),
        ({"network": PLAIN["network"] | {"ports": [70000]}}, "network.ports[0]"),
        ({"network": PLAIN["network"] | {"ports": []}}, "network.ports"),
        ({"pod_security_exception": {"level": "restricted", "reason": "none"}}, "pod_security_exception.level"),
        ({"pod_security_exception": {"level": "baseline", "reason": " "}}, "pod_security_exception.reason"),
        ({"service_accounts": [{"name": "default"}]}, "service_accounts[0].name"),
        ({"service_accounts": [{"name": "a"}, {"name": "a"}]}, "service_accounts"),
        (
            {"service_accounts": [{"name": "a", "uses": {"queues": [{"queue_arn": "arn"}]}}]},
            "service_accounts[0].uses.queues[0]",
        ),
        (
            {"service_accounts": [{"name": "a", "uses": {"kms_key_arns": [KEY]}}]},
            "service_accounts[0].uses.kms_key_arns",
        ),
        ({"mounted_secrets": [{"name": "a", "secret": "b"}] * 2}, "mounted_secrets"),
        (
            {"mounted_secrets": [{"name": "a", "secret": "b", "environment_secret": "c"}]},
            "mounted_secrets[0].environment_secret",
        ),
        ({"account_id": "1"}, "account_id"),
    ],
)
def test_what_kubernetes_or_aws_would_refuse_is_refused_first(changes: dict[str, Any], path: str) -> None:
    assert f"  {path}: got" in _refusal(**changes)


def test_all_problems_are_named_at_once() -> None:
    refusal = _refusal(namespace="default", account_id="1", quota=PLAIN["quota"] | {"cpu_cores": 0})
    assert refusal.count("; allowed: ") == 3
