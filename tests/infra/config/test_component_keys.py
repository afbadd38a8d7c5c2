"""What a component refuses is reported by the config key that the value came from."""

import ast
import re
import typing
from collections.abc import Iterator
from typing import Any, NotRequired, Required, get_args, get_origin

import pulumi
import pytest

import haven_components
from haven.base.problems import Problems
from haven_components.limits import DATABASE_INSTANCE_CLASS
from infra.config import component_keys
from infra.config.reader import fields
from infra.config.settings import AccountConfig, EnvironmentConfig
from infra.refusals import Refusals
from tests.environments import ACCOUNT, ROOT, environment

KEYS = {**fields(EnvironmentConfig), **fields(AccountConfig)}
NAMES = {"RequestBuffer": "haven-test-part-euw1"}


def used() -> set[str]:
    """The components that the program imports."""
    found = set()
    for file in (ROOT / "infra").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "haven_components":
                found |= {each.name for each in node.names}
    return found & {each.__name__ for each in haven_components.COMPONENTS}


def properties(kind: Any, path: str = "") -> Iterator[str]:
    """The paths of all arguments of a component, nested ones and entries of lists too."""
    for name, hint in kind.__annotations__.items():
        yield from _paths(hint, f"{path}{name}")


def _paths(hint: Any, path: str) -> Iterator[str]:
    while get_origin(hint) in (NotRequired, Required, typing.Annotated):
        hint = get_args(hint)[0]
    yield path
    if typing.is_typeddict(hint):
        yield from properties(hint, f"{path}.")
    elif get_origin(hint) is list:
        yield from list(_paths(get_args(hint)[0], f"{path}[0]"))[1:]


def arguments(component: str) -> Any:
    return getattr(haven_components, f"{component}Args")


def test_there_is_a_row_for_every_component_that_the_program_uses() -> None:
    assert set(component_keys.PARTS) == used()


@pytest.mark.parametrize("component", sorted(component_keys.PARTS))
def test_every_argument_of_a_component_leads_to_a_config_key(component: str) -> None:
    name = NAMES.get(component, "haven-test-part")
    for path in (*properties(arguments(component)), "name"):
        key = component_keys.config_key(component, name, path, "test")
        top = re.split(r"[.\[]", key.removeprefix("haven:"))[0]
        assert key == component_keys.STACK_NAME or top in KEYS, path


@pytest.mark.parametrize("component", sorted(component_keys.PARTS))
def test_the_table_names_only_arguments_that_there_are(component: str) -> None:
    known = set(properties(arguments(component)))
    assert set(component_keys.PARTS[component].paths) <= known | {"capacity_reservation"}


@pytest.mark.parametrize(
    ("component", "name", "path", "key"),
    [
        ("GlobalDatabase", "haven-test-db", "instance_class", "haven:database.instanceClass"),
        ("GlobalDatabase", "haven-test-db", "master_username", "haven:database.username"),
        ("GlobalDatabase", "haven-test-db", "recovery.instances", "haven:database.instances"),
        ("GlobalDatabase", "haven-test-db", "snapshot", "haven:database.restoreSnapshot"),
        ("GlobalDatabase", "haven-test-db", "name", "the stack's name"),
        ("GlobalCache", "haven-test-cache", "replicas_per_shard", "haven:cache.replicas"),
        (
            "GlobalTable",
            "haven-test-features",
            "indexes[1].hash_key.type",
            "haven:tables.features.indexes[1].hashKey.type",
        ),
        ("GlobalTable", "haven-test-features", "name", "haven:tables.features"),
        (
            "RequestBuffer",
            "haven-test-to-us-euc1",
            "stream.retention_hours",
            "haven:queues.to-us.stream.retentionHours",
        ),
        ("ReplicatedBucket", "haven-test-models", "object_lock_days", "haven:storage.buckets.models.objectLockDays"),
        ("InferenceCluster", "haven-test-euw1", "addons['vpc-cni']", "haven:cluster.addons.vpc-cni"),
        ("InferenceCluster", "haven-test-euw1", "gpu_node_groups[0].labels", "haven:cluster.gpuNodeGroups[0].labels"),
        ("InferenceCluster", "haven-test-euw1", "access_entries[2].principal_arn", "haven:cluster.adminRoleArns[2]"),
        ("BackupVault", "haven-test-backups", "rpo_minutes", "haven:objectives.rpoMinutes"),
        ("EdgeBalancer", "haven-test-euw1", "health.path", "haven:traffic.readinessPath"),
        ("RecoveryPlan", "haven-test-plan", "rto_seconds", "haven:objectives.rtoMinutes"),
        ("ResilienceAssessment", "haven-test-resilience", "primary_region", "haven:regions.primary"),
        ("RegionalNetwork", "haven-test-euw1", "zones[0]", "haven:zones"),
    ],
)
def test_a_property_leads_to_its_config_key(component: str, name: str, path: str, key: str) -> None:
    assert component_keys.config_key(component, name, path, "test") == key


def test_what_several_components_refuse_is_reported_together_in_the_words_of_the_config(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("haven_components.limits.DATABASE_INSTANCE_CLASS", re.compile(r"db\.x2g\.large"))
    monkeypatch.setattr("haven_components.limits.CACHE_NODE_TYPE", re.compile(r"cache\.x2g\.large"))
    assert DATABASE_INSTANCE_CLASS.fullmatch("db.r6g.xlarge")
    with pytest.raises(Problems) as refused:
        environment("warm", database='{"instanceClass": "db.r6g.xlarge"}')
    assert isinstance(refused.value, pulumi.RunError)
    lines = [problem.render() for problem in refused.value.problems]
    assert [each.partition(": got ")[0] for each in lines] == ["haven:database.instanceClass", "haven:cache.nodeType"]
    assert lines[0].startswith('haven:database.instanceClass: got "db.r6g.xlarge"; allowed: ')


def test_an_update_ends_at_the_first_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise pulumi.InputPropertiesError("GlobalCache refuses", [])

    refusals = Refusals("test")
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    assert refusals.attempt(refuse) is None
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: False)
    with pytest.raises(pulumi.InputPropertiesError):
        refusals.attempt(refuse)


def test_what_several_components_of_the_account_refuse_is_reported_together_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("haven_components.limits.BACKUP_SERVICE", re.compile("nothing"))
    monkeypatch.setattr("haven_components.limits.LOG_RETENTION_DAYS", (1, 3))
    with pytest.raises(Problems) as refused:
        environment(ACCOUNT, audit="{}")  # with the component's own days
    assert isinstance(refused.value, pulumi.RunError)
    keys = [problem.what for problem in refused.value.problems]
    assert keys == ["haven:audit.logRetentionDays", "haven:baseline.backupServices"]
