import json
import re
from typing import Any

import pulumi
import pytest

from haven.program.recording import Recording
from haven_components.observability._exported import DCGM_EXPORTER, KUBE_STATE_METRICS
from tests.components.observability.watched_environment import ACCOUNT, CODES, PRIMARY, declare, of, workspaces

SCRAPER = {"cluster_name": "ai-euw1", "subnet_ids": ["subnet-1", "subnet-2"]}


def _jobs(recording: Recording) -> dict[str, dict[str, Any]]:
    configuration = json.loads(of(recording, "Scraper")["euw1-scraper"].inputs["scrapeConfiguration"])
    return {each["job_name"]: each for each in configuration["scrape_configs"]}


def _rules(job: dict[str, Any]) -> dict[str, str]:
    return {",".join(each["source_labels"]): each.get("regex", "") for each in job["relabel_configs"]}


def test_each_region_s_scraper_writes_from_its_own_cluster_into_its_own_workspace() -> None:
    other = SCRAPER | {"cluster_name": "ai-euc1", "security_group_ids": ["sg-1"]}
    recording = declare(prometheus={}, primary_scraper=SCRAPER, recovery_scraper=other)
    for region, code in CODES.items():
        scraper = of(recording, "Scraper")[f"{code}-scraper"]
        workspace = workspaces(recording)[f"{code}-prometheus"]
        assert scraper.region == region
        assert scraper.inputs["destination"]["amp"]["workspaceArn"] == f"@@{workspace.key}.arn@@"
        assert scraper.inputs["source"]["eks"]["clusterArn"] == f"arn:aws:eks:{region}:{ACCOUNT}:cluster/ai-{code}"
    assert of(recording, "Scraper")["euc1-scraper"].inputs["source"]["eks"]["securityGroupIds"] == ["sg-1"]


def test_every_series_carries_cluster_and_region() -> None:
    recording = declare(prometheus={}, primary_scraper=SCRAPER)
    configuration = json.loads(of(recording, "Scraper")["euw1-scraper"].inputs["scrapeConfiguration"])
    assert configuration["global"]["external_labels"] == {"cluster": "ai-euw1", "region": PRIMARY}


@pytest.mark.parametrize(("exporter", "port"), [(KUBE_STATE_METRICS, "8080"), (DCGM_EXPORTER, "9400")])
def test_of_an_exporter_only_the_metrics_that_are_read_are_stored(exporter: Any, port: str) -> None:
    job = _jobs(declare(prometheus={}, primary_scraper=SCRAPER))[exporter.name]
    assert _rules(job)["__meta_kubernetes_pod_label_app_kubernetes_io_name"] == exporter.name
    assert _rules(job)["__meta_kubernetes_pod_container_port_number"] == port
    (kept,) = job["metric_relabel_configs"]
    assert all(re.fullmatch(kept["regex"], each) for each in exporter.metrics)
    assert not re.fullmatch(kept["regex"], "kube_secret_info")


def test_any_pod_is_collected_that_asks_for_it_by_annotations() -> None:
    job = _jobs(declare(prometheus={}, primary_scraper=SCRAPER))["pods"]
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io_"
    assert _rules(job)[f"{annotation}scrape"] == "true"
    targets = {each["target_label"] for each in job["relabel_configs"] if "target_label" in each}
    assert targets == {"__address__", "__metrics_path__", "namespace", "pod", "workload"}


def test_a_scraper_needs_a_workspace_and_subnets_of_two_zones() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        declare(primary_scraper=SCRAPER | {"subnet_ids": ["subnet-1"]})
    assert {each["property_path"] for each in caught.value.errors or []} == {
        "primary_scraper",
        "primary_scraper.subnet_ids",
    }


def test_silence_is_an_alert_where_a_scraper_collects() -> None:
    recording = declare(prometheus={}, primary_scraper=SCRAPER)
    rules = of(recording, "RuleGroupNamespace")
    assert "NothingIsCollected" in rules["euw1-prometheus-rules"].inputs["data"]
    assert "NothingIsCollected" not in rules["euc1-prometheus-rules"].inputs["data"]
