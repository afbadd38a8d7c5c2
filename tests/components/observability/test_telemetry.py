import json
import re
from typing import Any

import yaml

from haven.program.recording import Recording
from haven_components import GrafanaAuthentication
from tests.components.observability.watched_environment import (
    ACCOUNT,
    CODES,
    COLLECTOR,
    GRAFANA,
    KEYS,
    NAME,
    PRIMARY,
    SAML,
    declare,
    of,
    statements_of,
    workspaces,
)


def test_prometheus_is_encrypted_notifies_the_topic_and_logs_what_it_could_not_evaluate() -> None:
    recording = declare(prometheus={})
    for region, code in CODES.items():
        workspace = workspaces(recording)[f"{code}-prometheus"]
        topic = of(recording, "Topic")[f"{code}-alarms"]
        assert (workspace.region, workspace.inputs["kmsKeyArn"]) == (region, KEYS[region])
        group = of(recording, "LogGroup")[f"{code}-prometheus-logs"]
        assert group.inputs["name"] == f"/aws/vendedlogs/prometheus/{NAME}-{code}"
        assert workspace.inputs["loggingConfiguration"]["logGroupArn"].endswith(":*")
        definition = yaml.safe_load(
            of(recording, "AlertManagerDefinition")[f"{code}-prometheus-alerts"].inputs["definition"]
        )
        (receiver,) = yaml.safe_load(definition["alertmanager_config"].replace("@", ""))["receivers"]
        (sns,) = receiver["sns_configs"]
        assert sns["topic_arn"] == f"{topic.key}.arn"
        assert sns["sigv4"] == {"region": region}


def _rules(recording: Recording, code: str) -> dict[str, Any]:
    data = yaml.safe_load(of(recording, "RuleGroupNamespace")[f"{code}-prometheus-rules"].inputs["data"])
    return {rule["alert"]: rule for group in data["groups"] for rule in group["rules"]}


def test_rules_watch_gpus_restarts_jobs_nodes_and_latency() -> None:
    rules = _rules(declare(prometheus={}, thresholds={"gpu_percent": 80, "restarts": 7}), "euw1")
    assert {name: rule["expr"] for name, rule in rules.items()} == {
        "GpusBusy": "avg by (cluster) (DCGM_FI_DEV_GPU_UTIL) >= 80",
        "GpuFault": "DCGM_FI_DEV_XID_ERRORS > 0 and changes(DCGM_FI_DEV_XID_ERRORS[10m]) > 0",
        "PodsRestart": "sum by (cluster, namespace, pod) (increase(kube_pod_container_status_restarts_total[5m])) >= 7",
        "JobFailed": 'kube_job_failed{condition="true"} > 0',
        "NodeNotReady": 'kube_node_status_condition{condition="Ready",status="true"} == 0',
        "AnswersSlow": "histogram_quantile(0.99, sum by (le, destination_service_name) "
        "(rate(istio_request_duration_milliseconds_bucket[5m]))) >= 5000",
    }


def test_a_histogram_in_seconds_is_compared_with_seconds() -> None:
    chosen = {"latency_histogram": "vllm:e2e_request_latency_seconds", "latency_label": "model_name"}
    rule = _rules(declare(prometheus=chosen, thresholds={"latency_p99_milliseconds": 2500}), "euw1")["AnswersSlow"]
    assert rule["expr"] == (
        "histogram_quantile(0.99, sum by (le, model_name) (rate(vllm:e2e_request_latency_seconds_bucket[5m]))) >= 2.5"
    )


def test_silence_is_an_alert_only_where_somebody_collects() -> None:
    recording = declare(prometheus={}, primary_collector=COLLECTOR)
    assert _rules(recording, "euw1")["NothingIsCollected"]["expr"] == "absent(kube_node_info)"
    assert "NothingIsCollected" not in _rules(recording, "euc1")


def test_grafana_reads_both_workspaces_and_the_environment_s_logs_and_writes_nothing() -> None:
    recording = declare(prometheus={}, grafana=GRAFANA)
    arns = {f"@@{each.key}.arn@@" for each in workspaces(recording).values()}
    statements = statements_of(of(recording, "RolePolicy")["euw1-grafana-permissions"])
    assert set(statements["Prometheus"]["Resource"]) == arns
    assert statements["Logs"]["Resource"][0] == f"arn:aws:logs:{PRIMARY}:{ACCOUNT}:log-group:/haven/test/*"
    actions = [action for each in statements.values() for action in each["Action"]]
    assert not [
        each for each in actions if not re.fullmatch(r"\w+:(BatchGet|Describe|Get|List|Query|Start|Stop)\w+", each)
    ]


def test_only_grafana_workspaces_of_the_account_take_grafana_s_role() -> None:
    trust = json.loads(of(declare(grafana=GRAFANA), "Role")["euw1-grafana-role"].inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "grafana.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:grafana:{PRIMARY}:{ACCOUNT}:/workspaces/*"},
    }


def test_people_come_to_grafana_through_identity_center_or_an_identity_provider() -> None:
    by_group = declare(grafana=GRAFANA | {"admin_group_ids": ["group-1"]})
    association = of(by_group, "RoleAssociation")["euw1-grafana-admins"].inputs
    assert (association["role"], association["groupIds"]) == ("ADMIN", ["group-1"])
    by_saml = declare(grafana={"authentication": GrafanaAuthentication.SAML, "saml": SAML})
    saml = of(by_saml, "WorkspaceSamlConfiguration")["euw1-grafana-saml"].inputs
    assert (saml["idpMetadataUrl"], saml["roleAssertion"]) == ("https://idp.example.com/metadata", "role")
    assert (saml["adminRoleValues"], saml["editorRoleValues"]) == (["admins"], ["editors"])
    assert of(by_saml, "Workspace")["euw1-grafana"].inputs["authenticationProviders"] == ["SAML"]


def test_traces_of_the_environment_are_a_group_and_its_services_are_sampled() -> None:
    recording = declare(tracing={"sampled_percent": 10})
    group, rule = of(recording, "Group")["euc1-traces"].inputs, of(recording, "SamplingRule")["euc1-sampling"].inputs
    assert group["filterExpression"] == 'annotation.deployment_environment = "test"'
    assert (rule["serviceName"], rule["fixedRate"], rule["reservoirSize"]) == ("test-*", 0.1, 1)
    assert len(group["groupName"]) <= 32 >= len(rule["ruleName"])


def test_a_collector_writes_to_what_is_there_and_nowhere_else() -> None:
    recording = declare(primary_collector=COLLECTOR, prometheus={}, systems=["serving"], tracing={})
    statements = statements_of(of(recording, "RolePolicy")["euw1-collector-permissions"])
    group = f"arn:aws:logs:{PRIMARY}:{ACCOUNT}:log-group:/haven/test/serving"
    assert statements["Metrics"]["Resource"] == f"@@{workspaces(recording)['euw1-prometheus'].key}.arn@@"
    assert statements["Metrics"]["Action"] == "aps:RemoteWrite"
    assert statements["Logs"]["Resource"] == [group, f"{group}:*"]
    assert set(statements) == {"Metrics", "Logs", "Traces"}
    alone = statements_of(
        of(declare(primary_collector=COLLECTOR, tracing={}), "RolePolicy")["euw1-collector-permissions"]
    )
    assert set(alone) == {"Traces"}


def test_only_pods_of_the_one_cluster_take_the_collector_s_role() -> None:
    recording = declare(primary_collector=COLLECTOR, prometheus={})
    role = of(recording, "Role")["euw1-collector"]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":{ACCOUNT}:cluster/haven-test-euw1")
    identity = of(recording, "PodIdentityAssociation")["euw1-collector-identity"].inputs
    assert (identity["namespace"], identity["serviceAccount"]) == ("observability", "collector")
    assert recording.outputs["primary_collector_role_arn"] == f"@@{role.key}.arn@@"
    assert recording.outputs["recovery_collector_role_arn"] == ""
