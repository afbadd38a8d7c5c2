"""Inputs of the models after a failover, from the stack file, and without what only the runbooks use."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.stack_file import load_stack
from haven.model.catalog import Catalog
from haven.model.data_loss import EmptyStore
from haven.model.durations.simulation import Simulation
from haven.model.recovery_time import Store, graphs
from haven.plan.gpu_capacity import gpu_needs, sentence
from haven.plan.model_inputs import ModelInputs, model_inputs
from haven.plan.prediction import as_json, predict_environment
from haven.plan.stated import stated
from haven.program import aws_types as aws
from haven.program.queries import of_type
from tests.environments import PRIMARY, RECOVERY, ROOT, environment

SNAPSHOTS = {PRIMARY: "snap-0123456789abcdef0", RECOVERY: "snap-0123456789abcdef1"}
SNAPSHOT = "arn:aws:rds:eu-central-1:111122223333:cluster-snapshot:awsbackup:copyjob-1"


def _stores(inputs: ModelInputs) -> tuple[Store, Store, Store]:
    return inputs.recovery.database, inputs.recovery.cache, inputs.recovery.tables


@pytest.mark.parametrize("tables", [{}, {"tables": '{"a": {"hashKey": {"name": "k"}, "restored": true}}'}])
def test_stores_of_tier_backup_are_no_replicas_after_a_failover_either(tables: dict[str, str]) -> None:
    database = json.dumps({"restoreSnapshot": SNAPSHOT})
    after = environment("backup", active=RECOVERY, database=database, **tables)
    inputs = model_inputs(after)
    assert _stores(inputs)[0] is Store.BACKUP
    assert _stores(inputs)[2] is Store.BACKUP
    assert EmptyStore("cache") in inputs.stores
    made = predict_environment(after)
    assert made.loss.overall
    assert made.loss.overall.p50 > 3600


@pytest.mark.parametrize("active", [PRIMARY, RECOVERY])
@pytest.mark.parametrize("consistency", ["eventual", "strong"])
def test_tables_with_a_replica_are_replicated_whichever_region_writes(active: str, consistency: str) -> None:
    witness = {"witnessRegion": "eu-west-2"} if consistency == "strong" else {}
    tables = json.dumps({"a": {"hashKey": {"name": "k"}, "consistency": consistency, **witness}})
    assert _stores(model_inputs(environment("warm", active=active, tables=tables)))[2] is Store.REPLICATED


def test_the_minutes_of_a_backup_that_the_stack_file_states_are_the_term() -> None:
    given = stated({"haven:backups": '{"assumedJobMinutes": 600, "assumedCopyMinutes": "600"}'})
    slow = predict_environment(environment("backup"), {"rpoMinutes": 1440}, stated=given)
    assert slow.loss.overall
    assert slow.loss.overall.p50 > 1200 * 60
    (database,) = (each for each in as_json(slow)["dataLoss"]["stores"] if each["name"] == "database")
    assert database["basis"] == "assumed"
    assert "haven:backups.assumedJobMinutes" in database["sources"][0]
    half = stated({"haven:backups": '{"assumedCopyMinutes": 45}'})
    assert half.job_and_copy_seconds == (30 + 45) * 60
    assert stated({}).job_and_copy_seconds is None


def test_numbers_that_the_stack_file_has_as_text_are_numbers() -> None:
    model = {"version": "v1", "versions": {"v1": {"weightsGib": "15"}}}
    text: dict[str, Any] = {
        "haven:systems": {"serving": {"kind": "model-serving", "model": model}},
        "haven:cluster": {"gpuNodeGroups": [{"name": "training", "weightsGib": "7", "imageGib": "30"}]},
        "haven:cost": {"savingsPlanPercent": "20", "outageUsdPerHour": "5e3", "usage": {"aurora-io": "7"}},
    }
    numbers = {key: json.loads(re.sub(r'"(\d[\de]*)"', r"\1", json.dumps(value))) for key, value in text.items()}
    both = [stated({key: json.dumps(value) for key, value in each.items()}) for each in (text, numbers)]
    assert both[0] == both[1]
    assert predict_environment(environment("warm"), stated=both[0]).costs.stated.savings_plan_percent == 20
    with pytest.raises(Problems) as caught:
        stated({"haven:cost": '{"savingsPlanPercent": "many"}'})
    assert caught.value.problems[0].what == "haven:cost.savingsPlanPercent"


def test_the_runbooks_own_stores_are_no_service_on_which_requests_depend() -> None:
    assert "DynamoDB" in model_inputs(environment("warm")).services
    without = environment("warm", tables="{}")
    assert {each.component for each in of_type(without.real(), aws.DYNAMODB_TABLE)} == {"OperationsStore"}
    assert "DynamoDB" not in model_inputs(without).services


def test_what_makes_nodes_start_sooner_is_read_from_the_program_and_shortens_the_recovery() -> None:
    cluster = json.loads(load_stack("warm", ROOT).config["haven:cluster"])
    group = next(each for each in cluster["gpuNodeGroups"] if each["name"] == "serving")
    usual = model_inputs(environment("warm")).recovery.groups
    chosen = {"preparedSize": 3, "parallelPull": True}
    found = {}
    ways: dict[str, dict[str, Any]] = {
        "pool and pull": chosen,
        "images": {"imageSnapshots": SNAPSHOTS, "instanceStore": False},
    }
    for name, change in ways.items():
        groups = [{**each, **(change if each is group else {})} for each in cluster["gpuNodeGroups"]]
        recording = environment("warm", cluster=json.dumps({**cluster, "gpuNodeGroups": groups}))
        inputs = model_inputs(recording)
        found[name] = next(each for each in inputs.recovery.groups if each.name == "serving")
        before, after = (graphs(replace(inputs.recovery, groups=each)) for each in (usual, inputs.recovery.groups))
        assert Simulation(1000).summary(after.full).p95 < Simulation(1000).summary(before.full).p95
        (need,) = (each for each in gpu_needs(recording, inputs, None, Catalog()) if each.group == "serving")
        words = "2 of 3 to get, 2 of them stopped in a warm pool, none reserved"
        assert (words in sentence(need)) is (name == "pool and pull")
    assert (found["pool and pull"].prepared, found["pool and pull"].parallel_pull) == (3, True)
    assert (found["images"].prepared, found["images"].image_present) == (0, True)
    serving = next(each for each in usual if each.name == "serving")
    assert (serving.prepared, serving.parallel_pull, serving.image_present) == (0, False, False)
