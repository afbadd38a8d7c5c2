"""A managed scraper: Prometheus collects the metrics of a cluster without an agent in it."""

import json
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.observability._exported import DCGM_EXPORTER, KUBE_STATE_METRICS, Exporter
from haven_components.observability._telemetry import RegionalScope

INTERVAL = "30s"
"""Between two scrapes. AWS charges by the sample."""
TIMEOUT = "10s"
HISTOGRAM = "(_bucket|_count|_sum)?"


class ScraperArgs(TypedDict):
    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster, which must be there first, with a private endpoint and authentication mode API. AWS
    makes the access entry of the scraper itself and refuses anybody else's."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The cluster's subnets, of two zones at least, in which the scraper gets network interfaces."""
    security_group_ids: NotRequired[list[pulumi.Input[str]]]
    """Security groups of those interfaces, which must reach the pods. Omitted: the cluster's own."""


def scraper(place: RegionalScope, args: ScraperArgs, workspace_arn: pulumi.Output[str]) -> aws.amp.Scraper:
    """Collects what rules and dashboards read, and every pod that asks for it by annotations, into the own Region's
    workspace."""
    name = f"{place.name}-scraper"
    cluster = pulumi.Output.from_input(args["cluster_name"])
    return aws.amp.Scraper(
        name,
        alias=name,
        scrape_configuration=cluster.apply(lambda known: configuration(known, place.region)),
        source={
            "eks": {
                "cluster_arn": pulumi.Output.concat(place.arn("eks", "cluster/"), cluster),
                "subnet_ids": args["subnet_ids"],
                "security_group_ids": args.get("security_group_ids"),
            }
        },
        destination={"amp": {"workspace_arn": workspace_arn}},
        tags={"Name": name},
        opts=place.beside(),
    )


def configuration(cluster: str, region: str) -> str:
    """Prometheus's configuration, in the part of YAML that is JSON.

    Args:
        cluster: the label `cluster` of every series.
        region: their label `region`.
    """
    return json.dumps(
        {
            "global": {
                "scrape_interval": INTERVAL,
                "scrape_timeout": TIMEOUT,
                "external_labels": {"cluster": cluster, "region": region},
            },
            # kube-state-metrics reports other pods, whose labels are its own pod's too.
            "scrape_configs": [
                _labelled(KUBE_STATE_METRICS, port=8080, honor_labels=True),
                _labelled(DCGM_EXPORTER, port=9400),
                _annotated(),
            ],
        },
        indent=1,
    )


def _labelled(exporter: Exporter, *, port: int, **more: Any) -> dict[str, Any]:
    """The pods of one exporter, and of its metrics those that are read here."""
    names = "|".join(sorted(exporter.metrics))
    return {
        "job_name": exporter.name,
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [
            _keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", exporter.name),
            _keep("__meta_kubernetes_pod_container_port_number", str(port)),
            _label("__meta_kubernetes_pod_node_name", "node"),
        ],
        "metric_relabel_configs": [_keep("__name__", f"({names}){HISTOGRAM}")],
        **more,
    }


def _annotated() -> dict[str, Any]:
    """Pods with the annotation `prometheus.io/scrape`, at their `prometheus.io/port` and `prometheus.io/path`."""
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io_"
    return {
        "job_name": "pods",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [
            _keep(f"{annotation}scrape", "true"),
            # One target for each pod, whatever ports its containers have.
            {
                "action": "replace",
                "source_labels": ["__meta_kubernetes_pod_ip", f"{annotation}port"],
                "separator": ":",
                "regex": "(.+:[0-9]+)",
                "target_label": "__address__",
            },
            {**_label(f"{annotation}path", "__metrics_path__"), "regex": "(.+)"},
            _label("__meta_kubernetes_namespace", "namespace"),
            _label("__meta_kubernetes_pod_name", "pod"),
            _label("__meta_kubernetes_pod_label_app_kubernetes_io_name", "workload"),
        ],
    }


def _keep(label: str, regex: str) -> dict[str, Any]:
    return {"action": "keep", "source_labels": [label], "regex": regex}


def _label(source: str, target: str) -> dict[str, Any]:
    return {"action": "replace", "source_labels": [source], "target_label": target}
