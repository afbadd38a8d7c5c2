"""The tier's decisions as plain functions of the settings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.model.tiers import Tier
from infra import scale
from infra.config import stack_kinds
from infra.config.settings import Settings

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
GROUPS = (
    '[{"name": "serving", "instanceTypes": ["g5.4xlarge", "g5.2xlarge"], "desiredSize": 6, "maxSize": 9},'
    ' {"name": "training", "instanceTypes": ["g5.4xlarge", "g5.2xlarge"], "maxSize": 9, "system": "training"}]'
)


def _settings(tier: Tier, **changes: str) -> Settings:
    config = {
        "account": "111122223333",
        "tier": tier.value,
        "regions": f'{{"primary": "{PRIMARY}", "recovery": "{RECOVERY}"}}',
        "cluster": f'{{"gpuNodeGroups": {GROUPS}}}',
        "systems": '{"training": {"kind": "training", "tier": "backup"}}',
        "tables": '{"features": {"hashKey": {"name": "id"}}, '
        '"runs": {"hashKey": {"name": "id"}, "system": "training"}}',
        **changes,
    }
    settings = stack_kinds.load("test", {f"haven:{name}": value for name, value in config.items()})
    assert isinstance(settings, Settings)
    return settings


def _parts(one: scale.Scale) -> list[int]:
    """How much a Region has of everything, comparable part by part."""
    sizes = [one.system_nodes, *one.gpu_nodes.values()]
    return [
        *map(int, (one.network, one.nat, one.cluster, one.cache, one.database, one.database_instances)),
        *(each.desired_size for each in sizes),
    ]


@given(tier=st.sampled_from(Tier))
def test_a_failover_enlarges_the_recovery_region_and_leaves_the_primary_one_alone(tier: Tier) -> None:
    before, after = scale.scales(_settings(tier)), scale.scales(_settings(tier, active=RECOVERY))
    assert after[PRIMARY] == before[PRIMARY]
    assert after[RECOVERY].full
    assert all(now >= then for then, now in zip(_parts(before[RECOVERY]), _parts(after[RECOVERY]), strict=True))


@given(tier=st.sampled_from(Tier))
def test_extremes_do_not_depend_on_the_active_region(tier: Tier) -> None:
    assert scale.extremes(_settings(tier)) == scale.extremes(_settings(tier, active=RECOVERY))


@given(tier=st.sampled_from(Tier))
def test_demoting_the_primary_region_brings_it_to_its_standby_scale_and_deletes_no_cluster(tier: Tier) -> None:
    settings = _settings(tier, active=RECOVERY, demote=PRIMARY)
    assert scale.scales(settings)[PRIMARY] == replace(scale.extremes(settings)[PRIMARY][1], forced=True)
    assert scale.scales(settings)[PRIMARY].cluster


@given(tier=st.sampled_from(Tier))
def test_only_a_region_that_is_brought_down_by_name_takes_back_what_was_scaled(tier: Tier) -> None:
    """A standby by default refuses to: until `active` is changed, it may be what serves."""
    for changes in ({}, {"active": RECOVERY}, {"demote": PRIMARY}, {"active": RECOVERY, "demote": RECOVERY}):
        assert not any(each.forced for each in scale.scales(_settings(tier, **changes)).values()), changes
    assert scale.scales(_settings(tier, demote=RECOVERY))[RECOVERY].forced


@pytest.mark.parametrize("tier", Tier)
def test_a_table_is_replicated_by_the_tier_of_its_system(tier: Tier) -> None:
    assert scale.replication(_settings(tier)).tables == (frozenset() if tier is Tier.BACKUP else {"features"})


def test_a_standby_region_runs_a_third_of_the_gpu_nodes_of_a_warm_system_and_none_of_a_backup_system() -> None:
    standby = scale.scales(_settings(Tier.WARM))[RECOVERY]
    assert {name: nodes.desired_size for name, nodes in standby.gpu_nodes.items()} == {"serving": 2, "training": 0}
