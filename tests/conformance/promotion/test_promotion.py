"""A promotion made behind the engine's back, and what the next deployment makes of it.

The AWS provider plans and applies for real, into the embedded emulator, which fails a global cluster over as a runbook
would ask AWS to. Rows can't be written there, for it runs no PostgreSQL; objects and items can.
"""

from collections.abc import Iterator

import pytest

from haven.base.deployment_error import DeploymentError
from haven.emulator import managed_keys
from haven.emulator.ministack import Emulator
from haven.terraform import cli
from haven_components.names import instance_name
from tests.conformance.promotion.failed_over_environment import DATABASE, ROLES, Environment
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def environment(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    place = tmp_path_factory.mktemp("promotion")
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        managed_keys.create(emulator.url, (PRIMARY, RECOVERY))
        yield Environment(provider, emulator.url, place / "deployed")


@pytest.fixture
def standing(environment: Environment) -> Environment:
    """The environment with an instance on both sides, the primary Region writing; made or mended where it isn't so."""
    environment.follow(PRIMARY)
    if environment.roles() != ROLES[PRIMARY]:
        environment.fail_over(PRIMARY)
    assert environment.roles() == ROLES[PRIMARY]
    return environment


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.exhaustive)])
def test_a_promotion_and_the_way_back_are_not_undone_by_the_next_deployment(standing: Environment, rounds: int) -> None:
    written: set[str] = set()
    for turn in range(rounds):
        for region in (RECOVERY, PRIMARY):
            standing.fail_over(region)
            assert standing.roles() == ROLES[region]
            written.add(f"{turn}-{region}")
            standing.write(region, f"{turn}-{region}")

            exported = standing.declare(region)
            if turn == 0:
                assert standing.plan(exported, refresh=False) == []
            assert standing.plan(exported) == []
            if turn == 0:
                standing.provider.apply(standing.folder)
            assert standing.roles() == ROLES[region]
            for side in (PRIMARY, RECOVERY):
                assert standing.held(side) == (written, written)


def test_destroying_right_after_a_promotion_is_refused_and_there_is_a_way_out(standing: Environment) -> None:
    standing.fail_over(RECOVERY)
    assert [each.what for each in standing.obstacles(PRIMARY)] == ["the database"]
    with pytest.raises(DeploymentError, match="Cannot remove the writer DB cluster while reader members remain"):
        standing.destroy()
    assert standing.roles() == ROLES[RECOVERY]
    assert standing.instances() == {instance_name(DATABASE, PRIMARY, 1)}

    standing.fail_over(PRIMARY)
    assert standing.obstacles(PRIMARY) == []
    standing.destroy()
    assert standing.is_gone()
