"""A higher `passwordVersion` gives a system's database user another password, and nothing is replaced or deleted."""

import json
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program.placeholders import unwrapped
from haven.program.recording import REFERENCE, Recording, Resource
from tests.environments import PRIMARY, RECOVERY, ROOT, environment
from tests.infra.test_workloads import FLOWS, kubernetes
from tests.sides import CODES


def at(version: int, **changes: str) -> Recording:
    """Tier warm with an orchestration, and passwords of this version."""
    systems: dict[str, Any] = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    systems["workflows"] = FLOWS
    for each in ("registry", "workflows"):
        systems[each] = systems[each] | ({"passwordVersion": version} if version > 1 else {})
    return environment("warm", systems=json.dumps(systems), **changes)


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _jobs(recording: Recording, region: str, system: str) -> dict[str, Resource]:
    found = kubernetes(recording, region).values()
    return {each.name: each for each in found if each.name.startswith(f"haven-warm-{CODES[region]}-{system}-migration-")
            and each.type.endswith(":Job")}  # fmt: skip


@pytest.mark.parametrize("system", ["registry", "workflows"])
def test_the_secret_has_a_password_of_its_own_for_each_version_and_no_password_goes(system: str) -> None:
    base = f"haven-warm-{system}-database"
    passwords = [each for each in _named(at(3), "RandomPassword") if each.startswith(base)]
    assert passwords == [f"{base}-password", f"{base}-password-2", f"{base}-password-3"]
    assert _named(at(1), "RandomPassword").keys() <= _named(at(2), "RandomPassword").keys()
    before, after = (_named(at(version), "SecretVersion")[f"{base}-secret-value"] for version in (2, 3))
    assert (_value(before, at(2)), _value(after, at(3))) == (f"{base}-password-2", f"{base}-password-3")


def _value(secret: Resource, recording: Recording) -> str:
    """The name of the password in a secret, as the recording wraps it, beside the version."""
    text = str(unwrapped(secret.inputs)["secretString"])
    found = REFERENCE.search(text)
    assert found, text
    name = recording.by_key[found["key"]].name
    assert f'"version": "{name.rpartition("-")[2]}"' in text
    return name


@pytest.mark.parametrize("system", ["registry", "workflows"])
def test_a_migration_of_its_own_sets_it_and_the_servers_start_anew(system: str) -> None:
    (before,), (after,) = (_jobs(at(version), PRIMARY, system) for version in (1, 2))
    assert before != after
    deployments = [_named(at(version), "Deployment")[f"haven-warm-euw1-{system}-server"] for version in (1, 2)]
    first, second = (each.inputs["spec"]["template"]["spec"] for each in deployments)
    for part in ("initContainers", "containers"):
        ((before_env,), (after_env,)) = ([each["env"] for each in pod[part]] for pod in (first, second))
        assert [each for each in after_env if each not in before_env] == [
            {"name": "HAVEN_PASSWORD_VERSION", "value": "2"}
        ]


def test_pods_mount_the_version_beside_the_password() -> None:
    found = {
        each.inputs["metadata"]["name"]: json.loads(each.inputs["spec"]["parameters"]["objects"])[0]["jmesPath"]
        for each in kubernetes(at(2), RECOVERY).values()
        if each.type.endswith(":SecretProviderClass") and each.inputs["metadata"]["namespace"] == "registry"
    }
    assert [each["objectAlias"] for each in found["database"]] == ["username", "password", "version"]
    assert [each["objectAlias"] for each in found["database-administrator"]] == ["username", "password"]


def test_a_failover_after_a_rotation_edits_no_job_and_nothing_of_the_other_region() -> None:
    assert kubernetes(at(2), PRIMARY) == kubernetes(at(2, active=RECOVERY), PRIMARY)
    assert _jobs(at(2), RECOVERY, "registry").keys() == _jobs(at(2, active=RECOVERY), RECOVERY, "registry").keys()
