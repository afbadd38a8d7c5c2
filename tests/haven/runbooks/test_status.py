"""`haven status` on an environment in the emulator, with a gateway that silences a Region."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, MISSING_DEPENDENCY
from haven.base.problems import Problems
from haven.base.terminal import Style
from haven.cli.main import main
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.runbooks.clients import clients, signed_in
from haven.runbooks.manifest import Located, locate, parse
from haven.runbooks.status import report
from haven.runbooks.status.readings import Reading, State
from tests.environments import PRIMARY, RECOVERY, ROOT
from tests.gateway import Fault, Gateway, gateway
from tests.haven.runbooks.status_environment import fill, manifest

pytestmark = pytest.mark.timeout(300)


@dataclass
class Ground:
    """An emulator with an environment of tier `warm`, and the gateway before it."""

    gateway: Gateway
    aws: Clients
    within: float = 60

    def status(self) -> report.Status:
        """What is seen through the gateway, however busy this machine is."""
        located = Located(parse(json.dumps(manifest()), "a test"))
        return report.observe(located, clients(self.gateway.url), self.within)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        fill(Clients(running.url))
        yield running.url


@pytest.fixture
def ground(emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with gateway(emulator) as before:
        monkeypatch.setenv("AWS_ENDPOINT_URL", before.url)
        yield Ground(before, Clients(emulator))


def of(status: report.Status, area: str, region: str) -> list[Reading]:
    return [each for each in status.readings if (each.area, each.region) == (area, region)]


def test_the_database_member_that_is_written_is_named(ground: Ground) -> None:
    status = ground.status()
    assert status.writer == PRIMARY
    assert of(status, "database", PRIMARY) == [
        Reading("database", PRIMARY, State.OK, "haven-warm-db-global is written here")
    ]


def test_the_instances_of_the_database_are_held_against_the_tier(ground: Ground) -> None:
    assert instances(ground).state is State.OK
    rds, side = ground.aws.of("rds", RECOVERY), manifest()["sides"][RECOVERY]["database"]
    rds.delete_db_instance(DBInstanceIdentifier=next(iter(side["instances"])), SkipFinalSnapshot=True)
    try:
        assert instances(ground) == Reading(
            "capacity", RECOVERY, State.WRONG, f"{side['cluster']}: 0 of 0 instances available; standby scale: 1"
        )
    finally:
        _database_instance(rds, side)


def instances(ground: Ground) -> Reading:
    """Of the recovery Region's database."""
    (found,) = [each for each in of(ground.status(), "capacity", RECOVERY) if "instances available" in each.description]
    return found


def test_nodes_that_were_asked_for_and_never_came_are_wrong(ground: Ground) -> None:
    """The emulator starts no nodes: a group that asks for three has none."""
    nodes = {
        each.description: each.state
        for each in of(ground.status(), "capacity", RECOVERY)
        if "nodes" in each.description
    }
    (system,) = [name for name in nodes if "-system-" in name]
    assert system.endswith("0 of 3 nodes in service; standby scale: 3, at least 3")
    assert nodes[system] is State.WRONG


def _database_instance(rds: Any, side: Mapping[str, Any]) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=next(iter(side["instances"])),
        DBClusterIdentifier=side["cluster"],
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
    )


def test_the_newest_sample_of_the_lag_is_held_against_the_objective(ground: Ground) -> None:
    _sample(ground, 250, minutes_ago=6)
    assert database_lag(ground).state is State.OK
    _sample(ground, 16 * 60 * 1000, minutes_ago=3)
    late = database_lag(ground)
    assert late.state is State.WRONG
    assert late.description == "haven-warm-db-euc1: 16 min behind; objective: 15 min"


def database_lag(ground: Ground) -> Reading:
    """Of the recovery Region's member."""
    (lag,) = [each for each in of(ground.status(), "replication", RECOVERY) if "-db-" in each.description]
    return lag


def _sample(ground: Ground, milliseconds: int, *, minutes_ago: int) -> None:
    sample = {
        "MetricName": "AuroraGlobalDBReplicationLag",
        "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "haven-warm-db-euc1"}],
        "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes_ago),
        "Value": milliseconds,
    }
    ground.aws.of("cloudwatch", RECOVERY).put_metric_data(Namespace="AWS/RDS", MetricData=[sample])


def test_a_target_group_without_healthy_targets_is_wrong_where_the_tier_serves(ground: Ground) -> None:
    group = manifest()["sides"][RECOVERY]["balancer"]["targetGroup"]
    missing = Reading("serving", RECOVERY, State.WRONG, f"{group}: no such target group")
    assert of(ground.status(), "serving", RECOVERY) == [missing]
    balancers = ground.aws.of("elbv2", RECOVERY)
    (made,) = balancers.create_target_group(Name=group, Protocol="HTTP", Port=80, VpcId="vpc-1")["TargetGroups"]
    try:
        empty = Reading("serving", RECOVERY, State.WRONG, f"{group}: 0 of 0 targets healthy")
        assert of(ground.status(), "serving", RECOVERY) == [empty]
    finally:
        balancers.delete_target_group(TargetGroupArn=made["TargetGroupArn"])


def test_a_lag_without_a_sample_is_unknown_and_not_zero(ground: Ground) -> None:
    reading = of(ground.status(), "replication", RECOVERY)
    tables = [each for each in reading if "haven-warm-features" in each.description]
    assert "no sample of ReplicationLatency in 15 min" in tables[0].description


def test_a_region_whose_switch_was_never_thrown_gets_traffic_though_its_alarm_has_no_data(ground: Ground) -> None:
    for region, switch in manifest()["traffic"].items():
        ground.aws.of("cloudwatch", switch["writeIn"]).set_alarm_state(
            AlarmName=switch["alarm"], StateValue="INSUFFICIENT_DATA", StateReason="no points"
        )
        (reading,) = of(ground.status(), "traffic", region)
        assert (reading.state, "gets traffic" in reading.description) == (State.OK, True)


def test_a_region_that_is_turned_off_is_named_and_both_at_once_are_wrong(ground: Ground) -> None:
    for region, switch in manifest()["traffic"].items():
        ground.aws.of("cloudwatch", switch["writeIn"]).put_metric_data(
            Namespace=switch["namespace"],
            MetricData=[
                {
                    "MetricName": switch["metric"],
                    "Dimensions": [{"Name": name, "Value": value} for name, value in switch["dimensions"].items()],
                    "Value": 1.0,
                }
            ],
        )
        (reading,) = of(ground.status(), "traffic", region)
        assert "is turned off" in reading.description
    (both,) = of(ground.status(), "traffic", "")
    assert both.state is State.WRONG


def test_a_silent_primary_region_hides_nothing_of_the_other_one(ground: Ground) -> None:
    ground.gateway.faults[PRIMARY, "*"] = Fault.BLACKHOLE

    status = replace(ground, within=20).status()
    assert status.writer == PRIMARY  # the other Region knows
    assert of(status, "database", PRIMARY)[0].state in (State.OK, State.UNKNOWN)
    assert {each.state for each in of(status, "capacity", PRIMARY)} == {State.UNKNOWN}
    assert State.UNKNOWN not in {each.state for each in of(status, "capacity", RECOVERY)}
    assert not status.fine


def test_a_permission_that_is_missing_is_unknown_and_named(ground: Ground) -> None:
    ground.gateway.faults[RECOVERY, "eks"] = Fault.DENY
    unknown = [each for each in of(ground.status(), "capacity", RECOVERY) if each.state is State.UNKNOWN]
    assert {each.description for each in unknown} == {"DescribeNodegroup is refused: AccessDenied"}


def test_it_changes_nothing(ground: Ground) -> None:
    ground.status()
    mutating = ("Create", "Delete", "Update", "Put", "Modify", "Set", "Failover", "Start", "Stop")
    operations = [each.operation.rsplit(".", 1)[-1] for each in ground.gateway.calls]
    assert operations
    assert [each for each in operations if each.startswith(mutating)] == []


def test_the_command_works_from_the_manifest_alone_while_the_primary_region_is_dead(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.gateway.faults[PRIMARY, "*"] = Fault.REFUSE
    assert main(["status", "warm", "--region", PRIMARY, "--region", RECOVERY, "--json"]) == FINDINGS
    document = json.loads(capsys.readouterr().out)
    schema = json.loads(files("haven.cli").joinpath("schemas", "status.v1.json").read_text())
    jsonschema.validate(document, schema)
    assert document["environment"] == "warm"
    assert document["fine"] is False


def test_the_screen_begins_with_who_is_written_and_what_is_wrong(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "warm", "--region", RECOVERY]) == FINDINGS
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"warm, tier warm: writes go to {PRIMARY} (at ")
    assert second.startswith("Of ")


def test_while_a_region_is_silent_the_screen_names_the_refresh_of_the_other_one(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    hint = f"haven refresh-command warm --region {RECOVERY}"
    main(["status", "warm", "--region", RECOVERY])
    assert "haven refresh-command" not in capsys.readouterr().out
    ground.gateway.faults[PRIMARY, "*"] = Fault.REFUSE
    main(["status", "warm", "--region", RECOVERY])
    assert hint in capsys.readouterr().out


def test_a_region_that_refuses_is_not_silent_and_where_both_are_no_refresh_helps(ground: Ground) -> None:
    ground.gateway.faults.update({(region, "*"): Fault.DENY for region in (PRIMARY, RECOVERY)})
    refused = ground.status()
    assert refused.silent == []
    assert "refresh" not in report.screen(refused, Style(False))
    ground.gateway.faults.update({(region, "*"): Fault.REFUSE for region in (PRIMARY, RECOVERY)})
    silent = ground.status()
    assert silent.silent == [PRIMARY, RECOVERY]
    assert "refresh" not in report.screen(silent, Style(False))


def test_where_no_region_answers_for_the_manifest_the_machine_lacks_an_answer(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.gateway.faults.update({(region, "*"): Fault.REFUSE for region in (PRIMARY, RECOVERY)})
    assert main(["status", "warm", "--region", PRIMARY, "--region", RECOVERY]) == MISSING_DEPENDENCY
    error = capsys.readouterr().err
    assert "nobody answers for the manifest of warm" in error
    assert "check the environment's name" not in error


def test_a_manifest_in_several_parameters_is_read_as_one_and_a_side_that_is_missing_is_named(ground: Ground) -> None:
    name = "/haven/large/manifest"
    ssm = ground.aws.of("ssm", RECOVERY)
    sides = {region: f"{name}/{region}" for region in (PRIMARY, RECOVERY)}
    for each, document in {
        name: {**manifest(), "sides": sides},
        **{sides[region]: side for region, side in manifest()["sides"].items()},
    }.items():
        ssm.put_parameter(Name=each, Value=json.dumps(document), Type="String")
    client = clients(None, credentials=signed_in([RECOVERY]))
    assert locate("large", [RECOVERY], client).manifest == parse(json.dumps(manifest()), "a test")
    ssm.delete_parameter(Name=sides[PRIMARY])
    with pytest.raises(Problems, match=rf'sides.{PRIMARY}: got "{sides[PRIMARY]}".*run pulumi up'):
        locate("large", [RECOVERY], client)


def test_an_environment_without_a_manifest_is_named_with_each_region(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.gateway.faults[PRIMARY, "*"] = Fault.REFUSE
    assert main(["status", "wram", "--region", PRIMARY, "--region", RECOVERY]) == BAD_INPUT
    error = capsys.readouterr().err
    assert f"{RECOVERY}: no such parameter" in error
    assert "parameter /haven/wram/manifest in one of its Regions" in error


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2}', "[" * 100_000, "null"])
def test_a_manifest_that_is_none_ends_in_a_sentence(
    ground: Ground, text: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    assert main(["status", "warm", "--manifest", str(file)]) == BAD_INPUT
    assert "allowed:" in capsys.readouterr().err


def test_without_credentials_it_says_how_to_get_some(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert main(["status", "warm", "--region", PRIMARY]) == MISSING_DEPENDENCY
    assert "no AWS credentials" in capsys.readouterr().err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["status", "warm", "--region", PRIMARY]) == MISSING_DEPENDENCY
    assert "The config profile (nobody) could not be found" in capsys.readouterr().err


def test_credentials_that_have_ended_are_one_sentence_and_no_list_of_what_is_unknown(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    for region in (PRIMARY, RECOVERY):
        ground.gateway.faults[region, "*"] = Fault.EXPIRED
    for words in (["status", "warm"], ["preflight", "warm", "--to", RECOVERY], ["failover", "warm", "--to", RECOVERY]):
        assert main([*words, "--region", RECOVERY]) == MISSING_DEPENDENCY
        output = capsys.readouterr()
        refused = "AWS refuses this machine's credentials: ExpiredTokenException" in output.err
        assert (output.out, refused, "sign in, and run the same command once more" in output.err) == ("", True, True)


def test_each_shard_and_store_shows_the_age_of_its_newest_heartbeat(ground: Ground) -> None:
    found = [each for each in ground.status().readings if each.area == "heartbeats"]
    assert {each.region for each in found} == {RECOVERY}
    ordered = {each.description.partition(":")[0]: each for each in found}
    assert ordered["cache#0"].state is State.OK
    late = ordered["database"]
    assert late.state is State.WRONG
    assert re.fullmatch(r"database: the newest one is \d\d min old", late.description)
    assert (ordered["cache#1"].state, ordered["cache#1"].description) == (State.WRONG, "cache#1: none")
    (others,) = [each for each in found if "other stores" in each.description]
    assert others.state is State.OK


def test_heartbeats_of_a_silent_region_are_unknown(ground: Ground) -> None:
    ground.gateway.faults[RECOVERY, "dynamodb"] = Fault.REFUSE

    found = [each for each in ground.status().readings if each.area == "heartbeats"]
    assert [each.state for each in found] == [State.UNKNOWN]
