"""Alerts of one model, beside those that `Observability` has for all."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components.workloads.serving._args import ModelServingArgs
from haven_components.workloads.serving._names import check_name
from haven_components.workloads.serving._scaling import server_pods
from haven_components.workloads.serving._synthetic import counted_minutes

FAILED_CHECKS = 3
"""[assumption] How many of the last checks fail by no accident."""


def alert(parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
    """Rules in the own Region's workspace. Where nothing runs there is nothing to alert about."""
    if "prometheus" not in args or args["scale"]["minimum"] == 0:
        return
    aws.amp.RuleGroupNamespace(
        f"{name}-alerts",
        name=name,
        workspace_id=args["prometheus"]["workspace_id"],
        data=rules(name, args),
        tags={"Name": f"{name}-alerts"},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def rules(name: str, args: ModelServingArgs) -> str:
    """A Prometheus rules file, in the part of YAML that is JSON."""
    pods = server_pods(name, args)
    started = f"haven_front_started{{{pods}}}"
    jobs = f'namespace="{args["namespace"]}",job_name=~"{check_name(name)}-.*"'
    degraded = "the fallback answers" if "fallback" in args else "nothing answers"
    found = [
        _rule(
            "NoServerAnswers",
            f"(sum({started}) or vector(0)) == 0",
            "2m",
            f"No server of {name} has started: GPUs may be refused, or its version is bad; {degraded}.",
        ),
        _rule(
            "GoldenPromptsFail",
            f"max by (pod) (haven_front_golden_failures_total{{{pods}}}) > 0 and max by (pod) ({started}) == 0",
            "5m",
            f"{{{{ $labels.pod }}}} of {name} gives wrong or late answers and doesn't start: set model.version to the "
            "last known-good one.",
        ),
        _rule(
            "GoldenCheckFails",
            f"count(kube_job_failed{{{jobs}}} == 1) >= {FAILED_CHECKS}",
            "0m",
            f"{name} failed {FAILED_CHECKS} checks of its golden prompts in the last {counted_minutes(args)} minutes: "
            "wrong or late answers, or the fallback's.",
        ),
    ]
    return json.dumps({"groups": [{"name": name, "rules": found}]}, indent=1)


def _rule(alert_name: str, expression: str, duration: str, summary: str) -> dict[str, Any]:
    return {
        "alert": alert_name,
        "expr": expression,
        "for": duration,
        "labels": {"severity": "page"},
        "annotations": {"summary": summary},
    }
