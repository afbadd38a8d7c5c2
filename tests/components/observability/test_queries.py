"""Every query of an alerting rule or a dashboard reads what something here exports, and Prometheus accepts it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import haven_components
from haven_components.observability._exported import CLOUDWATCH, EXPORTERS
from haven_components.observability._scraper import configuration
from tests.components.observability.watched_environment import COLLECTOR, MESH, declare, of
from tests.components.workloads.serving import declaration as serving
from tests.environments import ROOT

DASHBOARDS = sorted((Path(haven_components.__file__).parent / "observability" / "dashboards").glob("*.json"))
WORDS = {
    *(
        "absent",
        "and",
        "avg",
        "by",
        "changes",
        "count",
        "histogram_quantile",
        "increase",
        "max",
        "max_over_time",
        "min",
    ),
    *("min_over_time", "on", "or", "rate", "sum", "vector"),
}
"""What PromQL itself has, as far as it is used here."""


def metrics(query: str) -> set[str]:
    """Names of the metrics that a query reads: what remains without labels, windows, numbers and PromQL's own words."""
    query = re.sub(r'{__name__="([^"]+)",', r"\1{", query)
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)', " ", re.sub(r'"[^"]*"', "", query))
    return set(re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", bare)) - WORDS


def exported() -> set[str]:
    """Every metric of the table, those of histograms with their suffixes."""
    names = {name for each in EXPORTERS for name in each.metrics}
    return names | {f"{name}_{suffix}" for name in names for suffix in ("bucket", "count", "sum")}


def _rules(chosen: dict[str, Any]) -> str:
    recording = declare(prometheus=chosen, primary_collector=COLLECTOR)
    data = of(recording, "RuleGroupNamespace")["euw1-prometheus-rules"].inputs["data"]
    assert isinstance(data, str)
    return data


def _serving() -> tuple[str, list[str]]:
    """The alerts of one model's serving, and the queries by which KEDA scales it."""
    recording = serving.declare(**serving.EVERYTHING)
    (alerts,) = (each for each in recording.real() if each.type.endswith(":RuleGroupNamespace"))
    triggers = serving.spec(recording, "ScaledObject")["triggers"]
    return str(alerts.inputs["data"]), [str(each["metadata"]["query"]) for each in triggers]


def _panels(dashboard: Path) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(dashboard.read_text())["panels"]
    return panels


def _targets(dashboard: Path) -> Iterator[dict[str, Any]]:
    for panel in _panels(dashboard):
        yield from panel["targets"]


def test_names_of_metrics_are_found_in_queries() -> None:
    query = 'histogram_quantile(0.9, sum by (le, x) (rate(a:b_bucket{c="d(e)"}[5m]))) >= 2 and rate(f_total[1h]) == 0'
    assert metrics(query) == {"a:b_bucket", "f_total"}
    assert metrics('sum({__name__="a:b",pod=~"c"}) > count(d{e="f"})') == {"a:b", "d"}


@pytest.mark.parametrize("chosen", [{}, MESH], ids=["without a mesh", "with a mesh"])
def test_every_alerting_rule_reads_what_is_exported(chosen: dict[str, Any]) -> None:
    rules = [rule for group in yaml.safe_load(_rules(chosen))["groups"] for rule in group["rules"]]
    assert len(rules) > 12
    assert {rule["alert"]: missing for rule in rules if (missing := metrics(rule["expr"]) - exported())} == {}


def test_alerts_and_the_autoscaler_of_a_model_read_what_is_exported() -> None:
    alerts, asked = _serving()
    expressions = [rule["expr"] for group in yaml.safe_load(alerts)["groups"] for rule in group["rules"]]
    read = {name for each in [*expressions, *asked] for name in metrics(each)}
    assert len(read) > 3
    assert read - exported() == set()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.stem)
def test_every_panel_reads_what_is_exported(dashboard: Path) -> None:
    missing = {
        name for each in _targets(dashboard) if "expr" in each for name in metrics(each["expr"]) - exported()
    } | {
        each["metricName"]
        for each in _targets(dashboard)
        if "namespace" in each and each["metricName"] not in CLOUDWATCH.get(each["namespace"], ())
    }
    assert missing == set()


def test_every_metric_of_the_table_is_read_somewhere() -> None:
    queries = [each["expr"] for board in DASHBOARDS for each in _targets(board) if "expr" in each]
    queries += re.findall(r"expr: '(.*)'$", _rules({}) + _rules(MESH), re.MULTILINE)
    alerts, asked = _serving()
    queries += [*asked, *(rule["expr"] for group in json.loads(alerts)["groups"] for rule in group["rules"])]
    read = {re.sub(r"_(bucket|count|sum)$", "", name) for query in queries for name in metrics(query)}
    assert {name for each in EXPORTERS for name in each.metrics} - read == set()


def test_every_exporter_is_collected_by_a_job_of_the_scraper() -> None:
    jobs = {each["job_name"] for each in json.loads(configuration("ai", "eu-west-1"))["scrape_configs"]}
    assert {each.name for each in EXPORTERS} == jobs
    assert all(re.fullmatch(r"2\d{3}-\d\d-\d\d", each.read) and each.source for each in EXPORTERS)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.stem)
def test_a_dashboard_takes_its_data_source_from_whoever_imports_it(dashboard: Path) -> None:
    board = json.loads(dashboard.read_text())
    variables = {f"${{{each['name']}}}" for each in board["templating"]["list"] if each["type"] == "datasource"}
    used = {each["datasource"]["uid"] for each in [*_panels(dashboard), *_targets(dashboard)]}
    assert used == variables
    ids = [each["id"] for each in board["panels"]]
    assert len(set(ids)) == len(ids)


def test_no_two_dashboards_have_one_uid() -> None:
    uids = {json.loads(each.read_text())["uid"] for each in DASHBOARDS}
    assert len(uids) == len(DASHBOARDS) > 3


@pytest.fixture
def promtool() -> str:
    """Prometheus's own check; where it isn't unpacked, the test is skipped."""
    unpacked = ROOT / ".haven" / "prometheus" / "usr" / "bin" / "promtool"
    found = str(unpacked) if unpacked.exists() else shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool: make promtool unpacks it (needs apt-get)")
    return found


def _check(promtool: str, *arguments: str) -> None:
    run = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("chosen", [{}, MESH], ids=["without a mesh", "with a mesh"])
def test_prometheus_accepts_the_rules(promtool: str, tmp_path: Path, chosen: dict[str, Any]) -> None:
    (tmp_path / "rules.yaml").write_text(_rules(chosen))
    _check(promtool, "check", "rules", "--lint-fatal", str(tmp_path / "rules.yaml"))


def test_prometheus_accepts_the_rules_and_the_queries_of_a_model(promtool: str, tmp_path: Path) -> None:
    alerts, asked = _serving()
    (tmp_path / "alerts.yaml").write_text(alerts)
    records = [{"record": f"keda:{index}", "expr": each} for index, each in enumerate(asked)]
    (tmp_path / "keda.yaml").write_text(yaml.safe_dump({"groups": [{"name": "keda", "rules": records}]}))
    _check(promtool, "check", "rules", "--lint-fatal", str(tmp_path / "alerts.yaml"), str(tmp_path / "keda.yaml"))


META = "__meta_kubernetes_"


def _pod(name: str, workload: str, container_port: str, **annotations: str) -> dict[str, str]:
    """A pod as Kubernetes discovery describes it."""
    asked = {f"{META}pod_annotation_prometheus_io_{key}": value for key, value in annotations.items()}
    return asked | {
        f"{META}namespace": "serving",
        f"{META}pod_name": name,
        f"{META}pod_ip": "10.0.0.7",
        f"{META}pod_node_name": "node-1",
        f"{META}pod_container_port_number": container_port,
        f"{META}pod_label_app_kubernetes_io_name": workload,
    }


def test_prometheus_makes_these_targets_of_pods(promtool: str, tmp_path: Path) -> None:
    """Debian's build has no discovery of Kubernetes, so pods are given as they would be discovered."""
    pods = [
        _pod("asks", "chat", "9999", scrape="true", port="8000"),
        _pod("asks-with-a-path", "chat", "9999", scrape="true", port="8000", path="/stats"),
        _pod("doesn-t-ask", "chat", "8000"),
        _pod("state", "kube-state-metrics", "8080"),
        _pod("state-of-itself", "kube-state-metrics", "8081"),
        _pod("gpus", "dcgm-exporter", "9400"),
    ]
    config = json.loads(configuration("ai", "eu-west-1"))
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
        job["static_configs"] = [{"targets": ["10.0.0.7:9999"], "labels": each} for each in pods]
    path = tmp_path / "scrape.yaml"
    path.write_text(json.dumps(config))
    _check(promtool, "check", "config", str(path))
    found = {}
    for job in config["scrape_configs"]:
        command = [promtool, "check", "service-discovery", "--timeout=2s", str(path), job["job_name"]]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        targets = [each for each in json.loads(run.stdout) if each["labels"]]
        found[job["job_name"]] = {
            each["discoveredLabels"][f"{META}pod_name"]: (
                each["labels"]["__address__"],
                each["labels"]["__metrics_path__"],
            )
            for each in targets
        }
    assert found == {
        "kube-state-metrics": {"state": ("10.0.0.7:9999", "/metrics")},
        "dcgm-exporter": {"gpus": ("10.0.0.7:9999", "/metrics")},
        "pods": {"asks": ("10.0.0.7:8000", "/metrics"), "asks-with-a-path": ("10.0.0.7:8000", "/stats")},
    }


def test_prometheus_accepts_every_query_of_a_dashboard(promtool: str, tmp_path: Path) -> None:
    queries = [each["expr"] for board in DASHBOARDS for each in _targets(board) if "expr" in each]
    rules = [{"record": f"query:{index}", "expr": each} for index, each in enumerate(queries)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    _check(promtool, "check", "rules", str(tmp_path / "rules.yaml"))


def _alerts(
    promtool: str, directory: Path, rules: str, series: Mapping[str, str], expected: Mapping[str, Sequence[Any]]
) -> None:
    """Check which alerts go off after 30 minutes, a sample a minute."""
    (directory / "rules.yaml").write_text(rules)
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": "30m", "alertname": name, "exp_alerts": alerts} for name, alerts in expected.items()
        ],
    }
    (directory / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [test]}))
    _check(promtool, "test", "rules", str(directory / "test.yaml"))


def test_a_failed_job_is_told_of_and_not_one_check_or_an_evicted_flow_run(promtool: str, tmp_path: Path) -> None:
    jobs = ["flow-run-x7k2p", "haven-warm-euw1-chat-check-29403921", "haven-warm-euw1-flows-migration-0a1b2c3d"]
    failed = {f'kube_job_failed{{condition="true",namespace="chat",job_name="{each}"}}': "1x40" for each in jobs}
    labels = {"severity": "page", "condition": "true", "namespace": "chat", "job_name": jobs[-1]}
    alert = {"exp_labels": labels, "exp_annotations": {"summary": f"Job chat/{jobs[-1]} has failed."}}
    _alerts(promtool, tmp_path, _rules({}), failed, {"JobFailed": [alert]})


SERVER = f'namespace="{serving.NAMESPACE}",pod="{serving.NAME}-5d4f6b7c9-x7k2p"'
CANARY = f'namespace="{serving.NAMESPACE}",pod="{serving.NAME}-canary-5d4f6b7c9-abcde"'
CHECKS = [f'namespace="{serving.NAMESPACE}",job_name="{serving.NAME}-check-{29403921 + each}"' for each in range(5)]


def _failed(count: int) -> dict[str, str]:
    """Checks of which some have failed, as kube-state-metrics tells of them: a Job that hasn't has no condition."""
    return {
        f'kube_job_failed{{{check},condition="{condition}"}}': f"{value}x40"
        for check in CHECKS[:count]
        for condition, value in (("true", 1), ("false", 0), ("unknown", 0))
    }


@pytest.mark.parametrize(
    ("series", "alert"),
    [
        ({}, "NoServerAnswers"),
        ({f"haven_front_started{{{SERVER}}}": "0x40", f"haven_front_started{{{CANARY}}}": "1x40"}, "NoServerAnswers"),
        ({f"haven_front_started{{{SERVER}}}": "1x40"}, ""),
        (
            {
                f"haven_front_started{{{SERVER}}}": "1x40",
                f"haven_front_started{{{SERVER.replace('x7k2p', 'abcde')}}}": "0x40",
                f"haven_front_golden_failures_total{{{SERVER.replace('x7k2p', 'abcde')}}}": "0+1x40",
            },
            "GoldenPromptsFail",
        ),
        ({f"haven_front_started{{{SERVER}}}": "1x40", **_failed(2)}, ""),
        ({f"haven_front_started{{{SERVER}}}": "1x40", **_failed(3)}, "GoldenCheckFails"),
    ],
    ids=[
        "nothing is there",
        "servers don't start",
        "all is well",
        "one pod starts badly",
        "two checks",
        "three checks",
    ],
)
def test_alerts_of_a_model_go_off_when_they_should(
    promtool: str, tmp_path: Path, series: dict[str, str], alert: str
) -> None:
    rules = _serving()[0]
    for group in (known := json.loads(rules))["groups"]:
        for rule in group["rules"]:
            rule["annotations"] = {}
            rule["expr"] = f"count({rule['expr']})"  # whether, and not for which pod
    _alerts(
        promtool,
        tmp_path,
        json.dumps(known),
        series,
        {
            rule["alert"]: [{"exp_labels": {"severity": "page"}}] if rule["alert"] == alert else []
            for group in known["groups"]
            for rule in group["rules"]
        },
    )


def test_keda_counts_the_requests_of_the_servers_alone(promtool: str, tmp_path: Path) -> None:
    other = SERVER.replace('namespace="', 'namespace="other-')
    gauges = {"vllm:num_requests_waiting": 7, "vllm:num_requests_running": 5}
    series = {
        f"{gauge}{{{pod}}}": f"{value}x40"
        for gauge, own in gauges.items()
        for pod, value in ((SERVER, own), (CANARY, 90), (other, 800))
    }
    expected = [
        {"expr": expression, "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": value}]}
        for expression, value in zip(_serving()[1], gauges.values(), strict=True)
    ]
    test = {
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": expected,
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    _check(promtool, "test", "rules", str(tmp_path / "test.yaml"))


def test_alerts_go_off_when_they_should(promtool: str, tmp_path: Path) -> None:
    """An hour of 10 % failed requests burns the budget; the same share of a moment long past doesn't."""
    (tmp_path / "rules.yaml").write_text(_rules({}))
    labels = 'cluster="ai", workload="chat"'
    minutes = 120
    series = [
        {"series": f'haven_front_requests_total{{{labels}, outcome="answered"}}', "values": f"0+540x{minutes}"},
        {"series": f'haven_front_requests_total{{{labels}, outcome="failed"}}', "values": f"0+60x{minutes}"},
        {"series": 'kube_node_info{cluster="ai"}', "values": f"1x{minutes}"},
    ]
    recovered = [
        series[0],
        {"series": series[1]["series"], "values": f"0+60x60 3600x{minutes - 60}"},
        series[2],
    ]
    alert = {
        "exp_labels": {"severity": "page", "cluster": "ai", "workload": "chat"},
        "exp_annotations": {
            "summary": "chat fails so often that its error budget of 30 days lasts two days.",
        },
    }
    tests = [
        {
            "interval": "1m",
            "input_series": given,
            "alert_rule_test": [{"eval_time": "90m", "alertname": "FastErrorBudgetBurn", "exp_alerts": expected}],
        }
        for given, expected in ((series, [alert]), (recovered, []))
    ]
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": tests}))
    _check(promtool, "test", "rules", str(tmp_path / "test.yaml"))
