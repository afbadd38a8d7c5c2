"""A member without an instance: the runbook makes one and promotes it, the state adopts it, and all of it is destroyed.

In the emulator, through the AWS provider. The emulator also promotes a member without an instance, which AWS refuses.
"""

import json
from collections.abc import Iterator

import pytest

from haven.emulator import managed_keys
from haven.emulator.ministack import Emulator
from haven.terraform import cli
from haven_components.names import cluster_name, instance_name, subnet_group_name
from tests.conformance.promotion.failed_over_environment import DATABASE, INSTANCE_CLASS, ROLES, Environment
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive]

MISSING = instance_name(DATABASE, RECOVERY, 1)
ADDRESS = f"aws_rds_cluster_instance.{MISSING}"


@pytest.fixture(scope="module")
def environment(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Deployed with the primary Region writing and no instance in the other one."""
    place = tmp_path_factory.mktemp("headless")
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        managed_keys.create(emulator.url, (PRIMARY, RECOVERY))
        environment = Environment(provider, emulator.url, place / "deployed")
        environment.follow(PRIMARY, headless=True)
        yield environment


def make_the_missing_instance(environment: Environment) -> None:
    """What a runbook asks AWS for, with the manifest's words and nothing else."""
    environment.rds(RECOVERY).create_db_instance(
        DBInstanceIdentifier=MISSING,
        DBClusterIdentifier=cluster_name(DATABASE, RECOVERY),
        DBInstanceClass=INSTANCE_CLASS,
        DBSubnetGroupName=subnet_group_name(DATABASE, RECOVERY),
        Engine="aurora-postgresql",
        PromotionTier=0,
    )


def test_the_instance_that_the_runbook_made_is_adopted(environment: Environment) -> None:
    exported = environment.declare(RECOVERY)
    assert [(each.address, each.action) for each in environment.plan(exported)] == [(ADDRESS, "create")]

    make_the_missing_instance(environment)
    environment.fail_over(RECOVERY)
    adoption = environment.folder / "adopt.tf.json"
    adoption.write_text(json.dumps({"import": [{"to": ADDRESS, "id": MISSING}]}))
    assert [(each.address, each.action) for each in environment.plan(exported)] == [(ADDRESS, "update")]
    environment.provider.apply(environment.folder)
    adoption.unlink()

    assert environment.plan(exported) == []
    assert environment.roles() == ROLES[RECOVERY]
    assert environment.instances() == {instance_name(DATABASE, PRIMARY, 1), MISSING}


def test_once_active_says_so_an_environment_that_was_promoted_can_be_destroyed(environment: Environment) -> None:
    if environment.roles() != ROLES[RECOVERY]:
        environment.fail_over(RECOVERY)
    environment.follow(RECOVERY)
    assert environment.roles() == ROLES[RECOVERY]
    assert environment.obstacles(RECOVERY) == []
    environment.destroy()
    assert environment.is_gone()
