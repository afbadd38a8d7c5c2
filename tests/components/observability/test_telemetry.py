import json
import re
from typing import Any

import pulumi
import pytest
import yaml

from haven.program.recording import Recording
from haven_components import GrafanaAuthentication
from tests.components.observability.watched_environment import (
    ACCOUNT,
    CODES,
    COLLECTOR,
    GRAFANA,
    KEYS,
    MESH,
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


def test_rules_watch_gpus_restarts_jobs_nodes_and_queues() -> None:
    rules = _rules(
        declare(prometheus={}, thresholds={"gpu_percent": 80, "restarts": 7, "queue_age_seconds": 9}), "euw1"
    )
    assert {name: rule["expr"] for name, rule in rules.items() if "Budget" not in name} == {
        "GpusBusy": "avg by (cluster) (DCGM_FI_DEV_GPU_UTIL) >= 80",
        "GpuFault": "DCGM_FI_DEV_XID_ERRORS > 0 and changes(DCGM_FI_DEV_XID_ERRORS[10m]) > 0",
        "PodsRestart": "sum by (cluster, namespace, pod) (increase(kube_pod_container_status_restarts_total[5m])) >= 7",
        "JobFailed": 'kube_job_failed{condition="true",job_name!~"flow-run-.+|.+-check-[0-9]+"} > 0',
        "NodeNotReady": 'kube_node_status_condition{condition="Ready",status="true"} == 0',
        "PodsFindNoNode": "sum by (cluster, namespace) (kube_pod_status_unschedulable) > 0",
        "ReplicasMissing": "kube_deployment_status_replicas_available < kube_deployment_spec_replicas",
        "RequestsWait": "histogram_quantile(0.99, sum by (le, cluster, model_name) "
        "(rate(vllm:request_queue_time_seconds_bucket[5m]))) >= 9",
        "EngineStalled": "min_over_time(vllm:num_requests_running[2m]) > 0 "
        "and rate(vllm:generation_tokens_total[2m]) == 0",
        "AnswersDegraded": "max by (cluster, workload) (haven_front_degraded) > 0",
    }


def test_an_error_budget_is_watched_over_a_long_and_a_short_window_at_three_speeds() -> None:
    rules = _rules(declare(prometheus={"available_percent": 99.5}), "euw1")
    per = "sum by (cluster, workload)"

    def share(window: str, most: str) -> str:
        errors = f'{per} (rate(haven_front_requests_total{{outcome=~"cut_off|failed|refused"}}[{window}]))'
        return f"{errors} / {per} (rate(haven_front_requests_total[{window}])) > {most}"

    assert {name: rule["expr"] for name, rule in rules.items() if "ErrorBudget" in name} == {
        "FastErrorBudgetBurn": f"{share('1h', '0.072')} and {share('5m', '0.072')}",
        "SteadyErrorBudgetBurn": f"{share('6h', '0.03')} and {share('30m', '0.03')}",
        "SlowErrorBudgetBurn": f"{share('3d', '0.005')} and {share('6h', '0.005')}",
    }
    assert {name: rule["labels"]["severity"] for name, rule in rules.items() if "ErrorBudget" in name} == {
        "FastErrorBudgetBurn": "page",
        "SteadyErrorBudgetBurn": "page",
        "SlowErrorBudgetBurn": "ticket",
    }


def test_a_latency_budget_is_watched_by_the_quantile_of_the_answers_that_must_be_fast() -> None:
    """A burn of 14.4 means that 14.4 % of the answers are slow, so the 85.6th percentile is."""
    rules = _rules(declare(prometheus={}, thresholds={"latency_p99_milliseconds": 2500}), "euw1")
    quantiles = {
        name: re.findall(r"histogram_quantile\(([\d.]+),.*?\[(\w+)\]\)\)\) >= (\S+)", rule["expr"])
        for name, rule in rules.items()
        if "LatencyBudget" in name
    }
    assert quantiles == {
        "FastLatencyBudgetBurn": [("0.856", "1h", "2.5"), ("0.856", "5m", "2.5")],
        "SteadyLatencyBudgetBurn": [("0.94", "6h", "2.5"), ("0.94", "30m", "2.5")],
        "SlowLatencyBudgetBurn": [("0.99", "3d", "2.5"), ("0.99", "6h", "2.5")],
    }


def test_the_mesh_s_metrics_take_the_place_of_the_model_server_s_by_choice() -> None:
    rules = _rules(declare(prometheus=MESH), "euw1")
    assert 'rate(istio_requests_total{response_code=~"5.."}[1h])' in rules["FastErrorBudgetBurn"]["expr"]
    assert "sum by (cluster, destination_service_name)" in rules["FastErrorBudgetBurn"]["expr"]
    assert rules["FastLatencyBudgetBurn"]["expr"].endswith(">= 5000")


@pytest.mark.parametrize("share", [49.9, 100])
def test_a_share_that_leaves_no_error_budget_or_no_service_is_refused(share: float) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"prometheus\.available_percent"):
        declare(prometheus={"available_percent": share})


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
