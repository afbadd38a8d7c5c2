"""The check every minute: the golden prompts, from outside of the pods that answer them."""

from math import ceil
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.workloads import _pods
from haven_components.workloads._objects import dns_ports, tcp
from haven_components.workloads.serving import _documents
from haven_components.workloads.serving._args import ModelServingArgs, traffic_port
from haven_components.workloads.serving._metadata import metadata
from haven_components.workloads.serving._names import (
    GOLDEN,
    GOLDEN_FILE,
    PROGRAMS,
    check_name,
)
from haven_components.workloads.serving._roles import served

START_SECONDS = 40
"""[assumption] What the check's pod takes beside its prompts: a node, the image, Python."""
COUNTED_CHECKS = 5
"""How many of the last checks the alert looks at: failed ones are kept for as long."""


def deadline_seconds(args: ModelServingArgs) -> int:
    """How long a check may take: every prompt may take its time, one after the other."""
    prompts = args["model"]["versions"][args["model"]["version"]]["golden_prompts"]
    return ceil(START_SECONDS + sum(float(each["within_seconds"]) for each in prompts))


def counted_minutes(args: ModelServingArgs) -> int:
    """How long the last checks take together. A check starts every minute, or when the one before it has ended."""
    return COUNTED_CHECKS * ceil(deadline_seconds(args) / 60)


def check_every_minute(parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
    """A CronJob whose Job fails when an answer is wrong or late; suspended where nothing runs."""
    check = check_name(name)
    named = metadata(name, args, "check", check)
    labels = named["labels"]
    kubernetes.batch.v1.CronJob(
        check,
        metadata=named,
        spec={
            "schedule": "* * * * *",
            "suspend": args["scale"]["minimum"] == 0,
            "concurrency_policy": "Forbid",
            "starting_deadline_seconds": 30,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": COUNTED_CHECKS,
            "job_template": {
                "metadata": {"labels": labels},
                "spec": {
                    "active_deadline_seconds": deadline_seconds(args),
                    "backoff_limit": 0,
                    "ttl_seconds_after_finished": counted_minutes(args) * 60,
                    "template": {"metadata": {"labels": labels}, "spec": _pod(name, args)},
                },
            },
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )
    kubernetes.networking.v1.NetworkPolicy(
        f"{check}-policy",
        metadata=named,
        spec={
            "pod_selector": {"match_labels": _pods.selecting(labels)},
            "policy_types": ["Ingress", "Egress"],
            "egress": [
                {"ports": dns_ports()},
                {
                    "to": [{"pod_selector": {"match_labels": {"app.kubernetes.io/name": name}}}],
                    "ports": [tcp(traffic_port(args))],
                },
            ],
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _pod(name: str, args: ModelServingArgs) -> Any:
    golden = served(name, args, args["model"]["version"], args.get("engine", {})).golden_map
    return {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "restart_policy": "Never",
        "security_context": _pods.restricted_pod(),
        "tolerations": _pods.tolerations(),
        "containers": [
            {
                "name": "check",
                "image": args["tools_image"],
                "working_dir": "/opt/haven",
                "command": [
                    *("python3", "-m", "front", "check"),
                    f"--url=http://{args.get('service_name', name)}:{traffic_port(args)}",
                    f"--golden={GOLDEN}/{GOLDEN_FILE}",
                    *(["--fallback"] if args.get("fallback", {}).get("always", False) else []),
                ],
                "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "security_context": _pods.restricted_container(),
                "volume_mounts": [
                    {"name": "front", "mount_path": PROGRAMS, "read_only": True},
                    {"name": "golden", "mount_path": GOLDEN, "read_only": True},
                ],
            }
        ],
        "volumes": [
            {"name": "front", "config_map": {"name": _documents.front_map(name)}},
            {"name": "golden", "config_map": {"name": golden}},
        ],
    }
