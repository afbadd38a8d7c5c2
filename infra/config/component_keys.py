"""From what a component refuses to the config key that the value came from: one row for each component."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pydantic.alias_generators import to_camel

from haven.base.problems import Problem, shown
from haven.config.refusals import Schema
from infra.config import reader
from infra.config.settings import AccountConfig, EnvironmentConfig

if TYPE_CHECKING:
    import pulumi

_REASON = re.compile(r"got (.*); allowed: (.*); fix: (.*)", re.DOTALL)
_STEP = re.compile(r"\[(\d+|'[^']*'|\"[^\"]*\")\]|\.?([^.\[\]]+)")
STACK_NAME = "the stack's name"

_EVERYWHERE = {
    "account_id": "haven:account",
    "active_region": "haven:active",
    "ephemeral": "haven:ephemeral",
    "home.region": "haven:regions.primary",
    "other_region": "haven:regions",
    "primary.client_cidrs": "haven:network.cidrs",
    "primary.region": "haven:regions.primary",
    "primary.zones": "haven:zones",
    "primary_region": "haven:regions.primary",
    "recovery.client_cidrs": "haven:network.cidrs",
    "recovery.region": "haven:regions.recovery",
    "recovery.zones": "haven:zones",
    "recovery_region": "haven:regions.recovery",
    "recovery_secret.region": "haven:regions.recovery",
    "region": "haven:regions",
    "replica.region": "haven:regions.recovery",
    "zones": "haven:zones",
}
"""Property paths that mean the same in every component -> config key."""


@dataclass(frozen=True)
class Part:
    """Where a component's arguments come from."""

    key: str
    """The config key whose nested keys are called like its properties, in camelCase; {item} is the part's own name."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Property paths that are called otherwise -> nested key, or a full key. Longer paths come first."""
    item: str = ""
    """Where the part's own name is in the component's, after `haven-<stack>-`, as a regular expression."""


_SYSTEM = "haven:systems.{item}"
_OF_SYSTEM = "[a-z0-9]+-(.+)"
"""A system's components are called after the Region's code and the system."""
_VERIFIED = {"database.certificates": "haven:database.certificates"}

PARTS: Mapping[str, Part] = {
    "AccountBaseline": Part("haven:baseline"),
    "AuditTrail": Part("haven:audit"),
    "BackupVault": Part(
        "haven:backups",
        {
            "max_retention_days": "monthlyDays",
            "min_retention_days": "hourlyDays",
            "rpo_minutes": "haven:objectives.rpoMinutes",
        },
    ),
    "ClusterAccess": Part(_SYSTEM, {"service_accounts": "uses"}, item=f"{_OF_SYSTEM}-access"),
    "ClusterControllers": Part("haven:controllers"),
    "ClusterTelemetry": Part("haven:controllers.telemetry"),
    "CostGuard": Part("haven:cost"),
    "EdgeBalancer": Part(
        "haven:edge",
        {
            "certificate.domain": "haven:domain",
            "certificate": "certificates",
            "certificate_arn": "certificates",
            "further_certificates": "haven:domain",
            "health": "haven:traffic.readinessPath",
            "target_cidrs": "haven:network.cidrs",
            "target_protocol": "encryptedTargets",
        },
    ),
    "FailoverDns": Part("haven:domain", {"hosted_zone_id": "haven:hostedZoneId"}),
    "FaultExperiments": Part("haven:experiments"),
    "GlobalCache": Part("haven:cache", {"replicas_per_shard": "replicas"}),
    "GlobalDatabase": Part(
        "haven:database",
        {
            "database_name": "name",
            "master_username": "username",
            "primary.instances": "instances",
            "recovery.instances": "instances",
            "snapshot": "restoreSnapshot",
        },
    ),
    "GlobalTable": Part("haven:tables.{item}", item="(.+)"),
    "HeadroomNodes": Part("haven:cluster.headroom", {"pools": "gpus"}),
    "Heartbeat": Part("haven:storage", {"tables": "haven:tables", **_VERIFIED}),
    "InferenceCluster": Part(
        "haven:cluster",
        {
            "access_entries": "adminRoleArns",
            "capacity_reservation": "capacityReservations",
            "kubernetes_version": "version",
            "target_groups": "haven:domain",
        },
    ),
    "ModelRegistry": Part(_SYSTEM, {"bucket": "artifacts", "scale": "replicas", **_VERIFIED}, item=_OF_SYSTEM),
    "ModelServing": Part(
        _SYSTEM,
        {"scale": "replicas", "prometheus": "haven:watch.prometheus", "target": "haven:edge"},
        item=_OF_SYSTEM,
    ),
    "MultiRegionAccessPoint": Part("haven:storage.buckets.{item}", item="(.+)"),
    "MultiRegionKey": Part("haven:regions", {"backup_account_ids": "haven:backups.isolatedVaultArn"}),
    "NetworkPeering": Part("haven:network", {"primary.cidr": "cidrs.primary", "recovery.cidr": "cidrs.recovery"}),
    "Observability": Part(
        "haven:watch",
        {
            **{f"{side}.{name}": f"haven:{name}" for side in ("primary", "recovery") for name in ("cache", "tables")},
            "systems": "haven:systems",
        },
    ),
    "OperationsStore": Part("haven:operations", {"audit.retention_days": "auditDays"}),
    "OperatorRole": Part("haven:operations", {"principal_arns": "operatorArns"}),
    "RecoveryPlan": Part(
        "haven:recoveryPlan",
        {"rto_seconds": "haven:objectives.rtoMinutes"},
    ),
    "RegionalNetwork": Part("haven:network", {"cidr": "cidrs"}),
    "ReplicatedBucket": Part("haven:storage.buckets.{item}", item="(.+)"),
    "ReplicatedRegistry": Part("haven:images", {"kept_images": "kept"}),
    "ReplicatedSecret": Part("haven:secrets.{item}", item="(.+)"),
    "RequestBuffer": Part("haven:queues.{item}", item="(.+)-[a-z0-9]+"),
    "StateBackend": Part("haven:stateBackend"),
    "ResilienceAssessment": Part("haven:resilienceHub", {"primary_region": "haven:regions.primary"}),
    "ServiceMesh": Part(_SYSTEM, item=f"{_OF_SYSTEM}-mesh"),
    "TrafficSwitch": Part("haven:traffic", {"endpoints": "readinessPath"}),
    "TrainingJobs": Part(_SYSTEM, {"scale": "replicas"}, item=_OF_SYSTEM),
    "WorkflowOrchestrator": Part(_SYSTEM, {"scale": "replicas", **_VERIFIED}, item=_OF_SYSTEM),
}
"""Component -> where its arguments come from."""


def problems(error: "pulumi.InputPropertiesError", stack: str) -> Iterator[Problem]:
    """What a component refuses, in the words of the config."""
    component, name = getattr(error, "component", ""), getattr(error, "name", "")
    for each in error.errors or ():
        key, reason = config_key(component, name, each["property_path"], stack), each["reason"]
        parts = _REASON.fullmatch(reason)
        if parts:
            got, allowed, fix = parts.groups()
            yield Problem(key, _as_config(got), allowed, fix)
        else:
            yield Problem(key, reason, f"what {component} accepts", f"change {key}")


def _as_config(got: str) -> str:
    """What a component got, which it shows as Python writes it, as the config does."""
    try:
        return shown(ast.literal_eval(got))
    except (ValueError, SyntaxError):
        return got


def config_key(component: str, name: str, path: str, stack: str) -> str:
    """The config key behind a property of a component; the nearest one above it where it has none of its own."""
    part = PARTS[component]
    base = part.key
    if part.item:
        found = re.fullmatch(part.item, name.removeprefix(f"haven-{stack}-"))
        base = base.replace("{item}", found[1] if found else name)
    if path == "name":
        return base if part.item else STACK_NAME
    for known, key in {**part.paths, **_EVERYWHERE}.items():
        if path == known or path.startswith((f"{known}.", f"{known}[")):
            own = key if key.startswith("haven:") else f"{base}.{key}"
            return _deepest(own + _camel(path.removeprefix(known)))
    return _deepest(f"{base}.{_camel(path)}")


def _camel(path: str) -> str:
    """A property path with camelCase names, and `.name` in the place of `['name']`."""
    found = ""
    for index, name in _STEP.findall(path):
        if index.isdigit():
            found += f"[{index}]"
        else:
            found += f".{index.strip(chr(39) + chr(34)) or to_camel(name)}"
    return found.removeprefix(".") if not path.startswith((".", "[")) else found


def _deepest(key: str) -> str:
    """The part of a key, from its beginning, that the config has."""
    top = re.split(r"[.\[]", key, maxsplit=1)[0]
    schema = _schemas()[top.removeprefix("haven:")]
    rest = key[len(top) :]
    known, steps = top, []
    for index, name in _STEP.findall(rest):
        steps.append(int(index) if index else name)
        if not schema.at(steps):
            break
        known += f"[{index}]" if index else f".{name}"
    return known


@cache
def _schemas() -> Mapping[str, Schema]:
    fields = {**reader.fields(AccountConfig), **reader.fields(EnvironmentConfig)}
    return {name: reader.schema(each) for name, each in fields.items()}
