"""Components whose parts come, go and change places while they are in use, in the emulator through the AWS provider."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.emulator import managed_keys
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.program.recorder import record
from haven.program.recording import Recording
from haven.terraform import cli
from haven_components import GlobalTable, GlobalTableArgs
from tests.conformance.live_environment import Living, actions
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(1800)]

ACCOUNT = "000000000000"
"""The emulator's own."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as emulator:
        managed_keys.create(emulator.url, (PRIMARY, RECOVERY))
        yield emulator.url


@pytest.fixture
def living(provider: cli.Terraform, url: str, tmp_path: Path) -> Living:
    return Living(provider, url, tmp_path / "deployed")


def declared(program: Callable[[dict[str, aws.Provider]], None], **tags: str) -> Recording:
    def whole() -> None:
        default_tags = {"tags": {"owner": "test", **tags}}
        program(
            {
                each: aws.Provider(f"aws-{each}", region=each, default_tags=cast("Any", default_tags))
                for each in (PRIMARY, RECOVERY)
            }
        )

    return record(whole, stack="test")


def table(*, replicated: bool, **tags: str) -> Recording:
    def program(providers: dict[str, aws.Provider]) -> None:
        key = {region: f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1" for region in providers}
        args: GlobalTableArgs = {
            "account_id": ACCOUNT,
            "home": {"region": PRIMARY, "kms_key_arn": key[PRIMARY]},
            "hash_key": {"name": "entity"},
            "ephemeral": True,
        }
        if replicated:
            args["replica"] = {"region": RECOVERY, "kms_key_arn": key[RECOVERY]}
            args["recovery_provider"] = providers[RECOVERY]
        GlobalTable("features", args, pulumi.ResourceOptions(providers=[providers[PRIMARY]]))

    return declared(program, **tags)


def test_a_table_s_replica_comes_and_goes_without_touching_the_table(living: Living, url: str) -> None:
    def replicas() -> list[str]:
        found = Clients(url).of("dynamodb", PRIMARY).describe_table(TableName="features")["Table"]
        return [each["RegionName"] for each in found.get("Replicas", []) if each["RegionName"] != PRIMARY]

    living.deploy(table(replicated=False))
    assert actions(living.move(table(replicated=True))) == {"create": {"features-replica"}}
    assert replicas() == [RECOVERY]
    assert actions(living.plan(table(replicated=True, team="research"))) == {"update": {"features", "features-replica"}}
    assert actions(living.move(table(replicated=False))) == {"delete": {"features-replica"}}
    assert replicas() == []
