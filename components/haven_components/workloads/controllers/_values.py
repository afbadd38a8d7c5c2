"""Values of the charts, by the names of their values.yaml: aws-load-balancer-controller 3.5.0, keda 2.20.2, kueue
0.17.0; read 2026-11-26. With the first one, pulumi-kubernetes installed that chart from a package on a real API
server, that day."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from haven_components.names import BALANCER_CONTROLLER
from haven_components.workloads._pods import evenly, in_api_spelling, tolerations
from haven_components.workloads.controllers._charts import by_digest
from haven_components.workloads.controllers._controller_args import BalancerControllerArgs, KedaArgs, KueueArgs

REPLICAS = 2
KUEUE = "kueue"
KEDA_OPERATOR = "keda-operator"
KEDA_METRICS = f"{KEDA_OPERATOR}-metrics-apiserver"
KEDA_WEBHOOKS = "keda-admission-webhooks"
KEDA_SERVICE_ACCOUNT = "keda-operator"

_REQUESTS = {"cpu": "100m", "memory": "200Mi"}


def balancer_values(args: BalancerControllerArgs, cluster_name: str, region: str, zones: Sequence[str]) -> Any:
    """Values of the AWS Load Balancer Controller: it binds target groups, and creates nothing in AWS.

    Whatever would need other permissions than its identity has is off: load balancers of Ingress, Service and Gateway
    objects, Shield, WAF, a security group of its own.
    """
    _, service_account = BALANCER_CONTROLLER
    repository, tag = by_digest(args["image"])
    return {
        "clusterName": cluster_name,
        "region": region,
        "vpcId": args["vpc_id"],
        "replicaCount": REPLICAS,
        "image": {"repository": repository, "tag": tag},
        "serviceAccount": {"create": True, "name": service_account},
        "resources": {"requests": _REQUESTS, "limits": {"memory": "500Mi"}},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": in_api_spelling(
            evenly({"app.kubernetes.io/name": "aws-load-balancer-controller"}, zones)
        ),
        "tolerations": in_api_spelling(tolerations()),
        # While the controller is away no Service could be created in the whole cluster.
        "enableServiceMutatorWebhook": False,
        # A new certificate with every upgrade leaves replicas with the old one that the API server doesn't trust.
        "keepTLSSecret": True,
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "defaultTargetType": "ip",
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "enableBackendSecurityGroup": False,
        "controllerConfig": {
            "featureGates": {"ALBGatewayAPI": False, "EnableServiceController": False, "NLBGatewayAPI": False}
        },
    }


def keda_values(args: KedaArgs, cluster_name: str, zones: Sequence[str]) -> Any:
    """Values of KEDA: two of each part, over the zones."""
    return {
        "clusterName": cluster_name,
        "crds": {"install": True},
        "image": {
            "keda": _image(args["operator_image"]),
            "metricsApiServer": _image(args["metrics_image"]),
            "webhooks": _image(args["webhooks_image"]),
            "pullPolicy": "IfNotPresent",
        },
        "operator": {"name": KEDA_OPERATOR, "replicaCount": REPLICAS},
        "metricsServer": {"replicaCount": REPLICAS},
        "webhooks": {"name": KEDA_WEBHOOKS, "replicaCount": REPLICAS},
        "podDisruptionBudget": {part: {"maxUnavailable": 1} for part in ("operator", "metricServer", "webhooks")},
        "topologySpreadConstraints": {
            "operator": in_api_spelling(evenly({"app": KEDA_OPERATOR}, zones)),
            "metricsServer": in_api_spelling(evenly({"app": KEDA_METRICS}, zones)),
            "webhooks": in_api_spelling(evenly({"app": KEDA_WEBHOOKS}, zones)),
        },
        "tolerations": in_api_spelling(tolerations()),
        "serviceAccount": {"operator": {"create": True, "name": KEDA_SERVICE_ACCOUNT}},
        "priorityClassName": "system-cluster-critical",
    }


def kueue_values(args: KueueArgs, zones: Sequence[str]) -> Any:
    """Values of Kueue: it manages Jobs of some namespaces, and its webhooks are asked about those namespaces alone.

    With the chart's own values it would be asked about every Job of the cluster, and refuse all of them while it is
    away: migrations, which a recovery waits for, among them.
    """
    repository, tag = by_digest(args["image"])
    return {
        "controllerManager": {
            "replicas": REPLICAS,
            "manager": {
                "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
                "priorityClassName": "system-cluster-critical",
                "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
            },
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            "tolerations": in_api_spelling(tolerations()),
            "topologySpreadConstraints": in_api_spelling(
                evenly({"app.kubernetes.io/name": KUEUE, "control-plane": "controller-manager"}, zones)
            ),
        },
        "managerConfig": {"controllerManagerConfigYaml": json.dumps(_kueue_config(args["job_namespaces"]))},
    }


def _kueue_config(namespaces: Sequence[str]) -> Any:
    """Kueue's own configuration, JSON as YAML has it (config.kueue.x-k8s.io/v1beta2, Configuration; read
    2026-11-26)."""
    named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "integrations": {"frameworks": ["batch/job"]},
        "managedJobsNamespaceSelector": {"matchExpressions": [named]},
    }


def _image(image: str) -> Mapping[str, str]:
    repository, tag = by_digest(image)
    registry, _, path = repository.partition("/")
    return {"registry": registry, "repository": path, "tag": tag}


def query_statements(workspace_arn: pulumi.Input[str]) -> list[Mapping[str, Any]]:
    """What KEDA's operator reads: metrics of one workspace."""
    return [{"Effect": "Allow", "Action": ["aps:QueryMetrics"], "Resource": workspace_arn}]
