"""For every valid config the program runs, AWS would accept every name, and stored data is kept."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from haven.base import regions
from haven.model.tiers import Tier
from haven.program.recorder import record
from haven_components import offerings, rds_certificates
from tests import promises
from tests.environments import ALL_EXAMPLES, EVERY_STACK, RECOVERY, ROOT, TIERS, environment
from tests.environments import example as recorded_example

Config = Mapping[str, Any]

PAIRS = [
    ("eu-west-1", "eu-central-1"),
    ("us-east-1", "us-west-2"),
    ("ap-southeast-2", "ap-northeast-1"),
    ("us-gov-east-1", "us-gov-west-1"),
]
LONGEST_STACK = {"us-gov-east-1": 14}
"""Names carry this Region's long code."""


def verified(pair: tuple[str, str]) -> dict[str, Any]:
    """What a database in Regions of which Haven has no root certificates takes."""
    roots = {"certificates": rds_certificates.certificates("us-east-1")}
    return {} if set(pair) <= rds_certificates.REGIONS else {"database": roots}


TAKEN = ["backups", "cache", "cost", "db", "dns", "edge", "euw1", "images", "key", "logs", "switch", "system", "z" * 20]
"""Names that something of the environment's own begins or ends with, and the longest one."""

names = st.sampled_from(TAKEN) | st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True)
short_names = names.filter(lambda name: len(name) <= 9)


def parts(values: st.SearchStrategy[Any], *, reserved: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(names.filter(lambda name: name not in reserved), values, max_size=2)


def fixed(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A map of which any key may be left out."""
    return st.fixed_dictionaries({}, optional=values)


@st.composite
def zones(draw: st.DrawFn, region: str) -> list[str]:
    known = regions.ZONES.get(region) or tuple(f"{region}{letter}" for letter in "abc")
    return list(known[: draw(st.integers(2, 3))])


@st.composite
def tables(draw: st.DrawFn, systems: list[str]) -> dict[str, Any]:
    attribute = st.sampled_from(["id", "day", "score"]).map(lambda name: {"name": name})
    table: dict[str, Any] = {"hashKey": {"name": "entity"}}
    if systems:
        table |= draw(fixed(system=st.sampled_from(systems)))
    return table | draw(fixed(rangeKey=attribute, ttlAttribute=st.just("expires")))


@st.composite
def queues(draw: st.DrawFn) -> dict[str, Any]:
    plain = draw(parts(fixed(fifo=st.booleans(), stream=fixed(retentionHours=st.integers(24, 8760)))))
    on_buses: dict[str, Any] = draw(st.dictionaries(short_names, st.just({"bus": {}}), max_size=1))
    return {**plain, **on_buses}


@st.composite
def gpu_groups(draw: st.DrawFn, systems: list[str]) -> list[dict[str, Any]]:
    group = {"instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "desiredSize": draw(st.integers(1, 4))}
    served = {"system": draw(st.sampled_from(systems))} if systems else {}
    found = draw(st.lists(names.filter(lambda name: name != "system"), max_size=2, unique=True))
    return [{"name": name, **group, **served} for name in found]


@st.composite
def configs(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A stack's name and a valid config."""
    tier = draw(st.sampled_from(Tier))
    pair = draw(st.sampled_from(PAIRS))
    longest = LONGEST_STACK.get(pair[0], 15)
    stack = draw(st.from_regex(rf"[a-z][a-z0-9]{{0,{longest - 1}}}", fullmatch=True))
    lower = st.sampled_from([each.value for each in Tier if each.rank <= tier.rank])
    systems = draw(parts(fixed(tier=lower).map(lambda own: {"kind": "training", **own})))
    config = {
        "account": "111122223333",
        "tier": tier.value,
        "regions": {"primary": pair[0], "recovery": pair[1]},
        **verified(pair),
        "active": draw(st.sampled_from(pair)),
        "zones": {region: draw(zones(region)) for region in pair},
        "systems": systems,
        "cluster": {"gpuNodeGroups": draw(gpu_groups(list(systems)))},
        "tables": draw(parts(tables(list(systems)))),
        "queues": draw(queues()),
        "secrets": draw(parts(st.just({"description": "a token"}), reserved=("cache", "db"))),
        "images": {"repositories": draw(st.lists(names, min_size=1, max_size=2, unique=True))},
        "storage": {"buckets": draw(st.dictionaries(names, fixed(objectLockDays=st.just(30)), min_size=1, max_size=2))},
        "parameters": draw(st.dictionaries(names, st.just("a value"), max_size=1)),
        "ephemeral": draw(st.booleans()),
        "experiments": draw(st.booleans()),
        "watch": draw(fixed(prometheus=st.booleans(), tracing=st.booleans(), grafana=st.just({}))),
        "traffic": {"automatic": draw(st.booleans())},
    }
    config |= draw(fixed(domain=st.just("ai.example.com"), cost=st.just({"monthlyLimitUsd": 100})))
    if not offerings.BUDGETS.covers(pair[0]):
        config.pop("cost", None)
    config["experiments"] = config["experiments"] and "domain" in config
    return stack, config


def extreme(stack: str, primary: str, recovery: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The longest names there are, of everything, in full."""
    long = "n" * 20
    return stack, {
        "account": "111122223333",
        "tier": "active-active",
        "regions": {"primary": primary, "recovery": recovery},
        **verified((primary, recovery)),
        "zones": {region: [f"{region}{letter}" for letter in "ab"] for region in (primary, recovery)},
        "domain": "ai.example.com",
        "systems": {long: {"kind": "training"}},
        "cluster": {"gpuNodeGroups": [{"name": long, "instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "system": long}]},
        "tables": {long: {"hashKey": {"name": "entity"}}},
        "queues": {long: {"fifo": True, "stream": {}}, "n" * (25 - len(stack)): {"bus": {}}},
        "secrets": {long: {"description": "a token"}},
        "images": {"repositories": ["r" * 150]},
        "storage": {"buckets": {long: {}}},
        "cost": {"monthlyLimitUsd": 100},
        "traffic": {"automatic": True},
        "experiments": True,
        "watch": {"prometheus": True, "tracing": True, "grafana": {}},
        **changes,
    }


PLANNED = {
    "objectives": {"rtoMinutes": 1440, "rpoMinutes": 1440},
    "recoveryPlan": {"approvalRoleArn": "arn:aws:iam::111122223333:role/approver"},
    "resilienceHub": True,
}


def generated(count: int) -> settings:
    """This many configs, the same in every run."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # making a failing one simpler takes minutes
    )


@generated(3)
@example(extreme("s" * 15, "ap-southeast-2", "ap-northeast-1", **PLANNED))
@example(extreme("s" * 14, "us-gov-east-1", "us-gov-west-1", tier="backup", active="us-gov-west-1", cost={}))
@given(configs())
def test_any_valid_config_is_declared_as_promised(asked: tuple[str, dict[str, Any]]) -> None:
    assert_declared_as_promised(*asked)


@pytest.mark.exhaustive
@generated(12)
@given(configs())
def test_many_more_valid_configs_are_declared_as_promised(asked: tuple[str, dict[str, Any]]) -> None:
    assert_declared_as_promised(*asked)


def assert_declared_as_promised(stack: str, config: Mapping[str, Any]) -> None:
    values = {f"haven:{name}": value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}
    recording = record(ROOT / "infra", stack=stack, config=values)
    tiers = {name: system.get("tier", config["tier"]) for name, system in config["systems"].items()}
    single = {name for name, table in config["tables"].items() if tiers.get(table.get("system")) == Tier.BACKUP}
    assert promises.name_problems(recording) == []
    assert promises.repeated_names(recording) == []
    assert promises.address_problems(recording) == []
    assert promises.unencrypted(recording) == []
    assert promises.without_backup(recording) == []
    tables = frozenset(f"haven-{stack}-{name}" for name in single)
    assert promises.without_copy(recording, Tier(config["tier"]), config["regions"]["recovery"], tables) == []


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_aws_takes_every_name_of_a_stack(stack: str) -> None:
    assert promises.name_problems(environment(stack)) == []
    assert promises.repeated_names(environment(stack)) == []


@pytest.mark.parametrize("stack", TIERS)
def test_aws_takes_every_name_of_a_stack_after_a_failover(stack: str) -> None:
    assert promises.name_problems(environment(stack, active=RECOVERY)) == []
    assert promises.repeated_names(environment(stack, active=RECOVERY)) == []


@pytest.mark.parametrize("program", ALL_EXAMPLES)
def test_aws_takes_every_name_of_an_example(program: str) -> None:
    assert promises.name_problems(recorded_example(program)) == []
    assert promises.repeated_names(recorded_example(program)) == []
