"""What makes one Region hang on the other, or on a control plane in one place."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from haven.program import aws_types as aws
from haven.program import eks_cluster
from haven.program.recording import Recording, Resource, reference
from tests.environments import PRIMARY, RECOVERY
from tests.policies.breaking import Change, Mutation, both, find, putting, replacing, setting, without
from tests.policies.kubernetes import BUDGET, DEPLOYMENT, budget, workload

_ALARM = aws.CLOUDWATCH_METRIC_ALARM
_CHECK = aws.ROUTE53_HEALTH_CHECK
_CLUSTER = aws.EKS_CLUSTER
_KUBERNETES = "pulumi:providers:kubernetes"
_PARAMETER = aws.SSM_PARAMETER
_RECORD = aws.ROUTE53_RECORD
_AUTOMATIC = {"traffic": '{"automatic": true}'}


def _made_from(type_: str, path: str, used: str, output: str, *words: str) -> Change:
    """Makes a resource of the recovery Region from one of the primary Region."""

    def change(recording: Recording) -> Recording:
        other = find(recording, used, region=PRIMARY)
        return setting(type_, path, reference(other.key, output), *words, region=RECOVERY)(recording)

    return change


def _divided(recording: Recording) -> Recording:
    """Keeps each side of the manifest in a parameter of its own, as a manifest that is too large for one is kept."""
    resources = []
    for each in recording.resources:
        name = each.inputs.get("name")
        if each.type != _PARAMETER or not str(name).endswith("/manifest"):
            resources.append(each)
            continue
        document = each.inputs["insecureValue"]
        whole = json.loads(document) if isinstance(document, str) else document
        parts = {region: f"{name}/{region}" for region in whole["sides"]}
        resources.append(replace(each, inputs={**each.inputs, "insecureValue": {**whole, "sides": parts}}))
        for region, part in parts.items():
            inputs = {**each.inputs, "name": part, "insecureValue": whole["sides"][region]}
            own = f"{each.name}-manifest-{region}"
            key = f"{each.key}{region.replace('-', '')}"
            resources.append(replace(each, key=key, name=own, urn=each.urn.replace(each.name, own), inputs=inputs))
    return replace(recording, resources=resources)


def _provider(name: str, path: str, value: Any) -> Change:
    """Gives a provider's property another value; None takes it out."""

    def change(recording: Recording) -> Recording:
        provider = next(each for each in recording.resources if each.is_provider and each.name == name)
        return putting(provider, path, value)(recording)

    return change


def _by_default_provider(type_: str, *words: str) -> Change:
    def change(recording: Recording) -> Recording:
        record = find(recording, type_, *words)
        return replacing(record, replace(record, provider=""))(recording)

    return change


def _on_kubernetes(image: str) -> Change:
    """Adds a workload in the recovery Region's cluster, with a provider made from that cluster."""

    def change(recording: Recording) -> Recording:
        recording = both(workload("server"), budget("server-budget", "server", maxUnavailable=1))(recording)
        provider = _kubernetes_provider(recording)
        for type_ in (DEPLOYMENT, BUDGET):
            found = find(recording, type_, "server")
            recording = replacing(found, replace(found, provider=provider.urn))(recording)
        recording = replace(recording, resources=eks_cluster.placed([*recording.resources, provider]))
        return setting(DEPLOYMENT, "spec.template.spec.containers.0.image", image, "server")(recording)

    return change


def _kubernetes_provider(recording: Recording) -> Resource:
    cluster = find(recording, _CLUSTER, region=RECOVERY)
    access = json.dumps({"server": reference(cluster.key, "endpoint")})
    urn = f"urn:pulumi:{recording.stack}::{recording.project}::{_KUBERNETES}::cluster"
    key = hashlib.sha256(urn.encode()).hexdigest()[:12]
    inputs = {"kubeconfig": access, "skipUpdateUnreachable": "true"}
    return Resource(key, urn, _KUBERNETES, "cluster", True, "", "", None, None, None, inputs)


_IMAGE = f"111122223333.dkr.ecr.{RECOVERY}.amazonaws.com/haven-warm-images/serving:1"
_WORKLOAD = _on_kubernetes(_IMAGE)
_CONTAINER = "spec.template.spec.containers.0.image"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "regions-stand-apart",
        "warm",
        "a balancer's targets are in the other Region's network",
        _made_from(aws.LB_TARGET_GROUP, "vpcId", aws.EC2_VPC, "id"),
    ),
    Mutation(
        "regions-stand-apart",
        "active-active",
        "an alarm notifies the other Region's topic",
        _made_from(_ALARM, "alarmActions.0", aws.SNS_TOPIC, "arn", "database-lag"),
    ),
    Mutation(
        "alarms-tell-at-home",
        "warm",
        "an alarm names the other Region's topic",
        setting(
            _ALARM,
            "alarmActions",
            [f"arn:aws:sns:{PRIMARY}:111122223333:haven-warm-watch-euw1-alarms"],
            "database-lag",
            region=RECOVERY,
        ),
    ),
    Mutation(
        "region-record-has-health-check",
        "pilot-light",
        "nothing turns the recovery Region's record off",
        setting(_RECORD, "healthCheckId", None, "dns-failover-", region=RECOVERY),
    ),
    Mutation(
        "switch-lives-in-other-region",
        "warm",
        "the primary Region's switch is in the primary Region",
        both(
            setting(_CHECK, "cloudwatchAlarmRegion", PRIMARY, "switch-euw1"),
            setting(_CHECK, "cloudwatchAlarmName", "haven-warm-switch-euc1", "switch-euw1"),
        ),
    ),
    Mutation(
        "switch-lives-in-other-region",
        "warm",
        "the switch's alarm is called something else",
        setting(_CHECK, "cloudwatchAlarmName", "haven-warm-switched", "switch-euw1"),
    ),
    Mutation(
        "switch-lives-in-other-region",
        "warm",
        "a healthy endpoint overrides the switch",
        setting(_CHECK, "childHealthThreshold", 1, "switch-euc1", region=PRIMARY),
        config=_AUTOMATIC,
    ),
    Mutation(
        "switch-keeps-last-status",
        "backup",
        "the check is inverted",
        setting(_CHECK, "invertHealthcheck", True, "switch-euw1"),
    ),
    Mutation(
        "switch-keeps-last-status",
        "active-active",
        "without data a Region is off",
        setting(_CHECK, "insufficientDataHealthStatus", "Unhealthy", "switch-euc1"),
    ),
    Mutation(
        "traffic-moves-by-decision",
        "warm",
        "an entrance goes with its balancer's targets",
        setting(_RECORD, "aliases.0.evaluateTargetHealth", True, "entrance", region=RECOVERY),
    ),
    Mutation(
        "region-record-is-short-lived",
        "warm",
        "resolvers keep an answer for five minutes",
        setting(_RECORD, "ttl", 300, "dns-failover-", region=PRIMARY),
    ),
    Mutation(
        "traffic-moves-without-edits",
        "warm",
        "an entrance has a weight",
        setting(_RECORD, "weightedRoutingPolicies", [{"weight": 100}], "entrance", region=PRIMARY),
    ),
    Mutation(
        "manifest-in-both-regions",
        "warm",
        "the recovery Region has no manifest",
        without(_PARAMETER, "manifest", region=RECOVERY),
    ),
    Mutation(
        "manifest-in-both-regions",
        "pilot-light",
        "the manifests name the active Region",
        both(
            setting(_PARAMETER, "insecureValue.active", PRIMARY, "manifest", region=PRIMARY),
            setting(_PARAMETER, "insecureValue.active", PRIMARY, "manifest", region=RECOVERY),
        ),
    ),
    Mutation(
        "manifest-in-both-regions",
        "warm",
        "a side of a divided manifest is missing in one Region",
        both(_divided, without(_PARAMETER, f"manifest-{RECOVERY}", region=RECOVERY)),
    ),
    Mutation(
        "manifest-in-both-regions",
        "warm",
        "a side of a divided manifest differs between the Regions",
        both(_divided, setting(_PARAMETER, "insecureValue.addresses", 99, f"manifest-{RECOVERY}", region=RECOVERY)),
    ),
    Mutation(
        "providers-ask-nobody",
        "backup",
        "the recovery Region's provider asks for the account",
        _provider(f"aws-{RECOVERY}", "skipRequestingAccountId", None),
    ),
    Mutation(
        "provider-is-explicit",
        "warm",
        "a route table is joined by whoever deploys",
        _by_default_provider(aws.EC2_ROUTE_TABLE_ASSOCIATION, "private-a"),
    ),
    Mutation(
        "unreachable-clusters-are-skipped",
        "warm",
        "objects of a lost cluster fail a deployment",
        _provider("cluster", "skipUpdateUnreachable", None),
        base=_WORKLOAD,
    ),
    Mutation(
        "images-of-own-region",
        "warm",
        "pods pull from the other Region",
        setting(DEPLOYMENT, _CONTAINER, _IMAGE.replace(RECOVERY, PRIMARY), "server"),
        base=_WORKLOAD,
    ),
    Mutation(
        "images-of-own-registry",
        "warm",
        "pods pull from the internet",
        setting(DEPLOYMENT, _CONTAINER, "docker.io/library/server:1", "server"),
        base=_WORKLOAD,
    ),
)
