"""What `haven reconcile` makes of config, previews and snapshots, without AWS."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.project import read_project
from haven.config.stack_file import Stack, read_stack
from haven.gate import preview_reader
from haven.program.recording import Options, Recording, Resource
from haven.runbooks.failover.consumers import queues
from haven.runbooks.manifest import parse
from haven.runbooks.observation import Answer
from haven.runbooks.reconcile import deployment, leftovers, proposal
from haven.runbooks.status.closed import ACLS
from haven.runbooks.status.readings import State
from tests.haven.gate.change_sets import HERE, Made, digest
from tests.simulation.model import P, R
from tests.simulation.operators import manifest_document
from tests.simulation.regions import OF_ITS_OWNER

MANIFEST = parse(json.dumps(manifest_document()), "a test")
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
UNREACHABLE = "warning: Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...\n"
SNAPSHOT, COPY = "rds:unplanned-global-failover-db-1", "haven-kept-db-1"


def stack(tmp_path: Path, *lines: str) -> Stack:
    (tmp_path / "Pulumi.yaml").write_text("name: haven\nmain: program/\nruntime: python\n")
    file = tmp_path / "Pulumi.sim.yaml"
    file.write_text("\n".join(["config:", *lines, ""]))
    return read_stack(file.read_bytes(), file, read_project(tmp_path / "Pulumi.yaml"))


@pytest.mark.parametrize(
    ("active", "demote", "writer", "now", "later"),
    [
        (None, None, P, {}, {}),
        (None, None, R, {"haven:active": R}, {"haven:demote": P}),
        (P, P, R, {"haven:active": R, "haven:demote": R}, {"haven:demote": P}),
        (R, None, P, {"haven:active": P, "haven:demote": P}, {"haven:demote": R}),
        (R, P, P, {"haven:active": P}, {"haven:demote": R}),
        (R, P, R, {}, {}),
    ],
)
def test_config_follows_the_writer_and_leaves_the_other_region_as_it_is_until_later(
    active: str | None, demote: str | None, writer: str, now: dict[str, str], later: dict[str, str]
) -> None:
    given = {"haven:active": active, "haven:demote": demote}
    config = {key: value for key, value in given.items() if value}
    assert proposal.proposed(config, MANIFEST, writer) == now
    assert proposal.afterwards(config | now, MANIFEST, writer) == later


def test_a_stack_file_is_changed_line_by_line_and_keeps_everything_else(tmp_path: Path) -> None:
    before = stack(tmp_path, "  # the environment", "  haven:tier: warm", f'  "haven:active": {P} # the usual one')
    text = proposal.changed(before, {"haven:active": R, "haven:demote": R})
    assert text.splitlines() == [
        "config:",
        "  # the environment",
        f"  haven:demote: {R}",
        "  haven:tier: warm",
        f"  haven:active: {R}",
    ]


def test_a_stack_file_that_is_written_in_another_way_is_changed_by_hand(tmp_path: Path) -> None:
    before = stack(tmp_path, "  haven:tier: warm")
    before.file.write_text("config: {haven:tier: warm}\n")
    before = read_stack(before.file.read_bytes(), before.file, before.project)
    with pytest.raises(Problems, match="set haven:active by hand"):
        proposal.changed(before, {"haven:active": R})


def test_applications_that_are_still_asked_not_to_write_are_found_with_the_command() -> None:
    answers = {("write mode", P): Answer("read-only"), ("write mode", R): Answer("read-write")}
    (check,) = leftovers.still_read_only(MANIFEST, answers)
    assert (check.region, check.state) == (P, State.WRONG)
    assert check.commands == [
        f"aws ssm put-parameter --region {P} --name /haven/sim/write-mode --value read-write --type String --overwrite"
    ]


def test_the_writer_s_own_data_subnets_are_opened_at_once_and_the_other_side_s_when_it_takes_no_writes() -> None:
    answers = {(ACLS, region): Answer([("acl-data", 1)]) for region in (P, R)}
    one, other = leftovers.still_closed(MANIFEST, answers, P)
    assert "open them now, for nobody else can write; where a failover is open, end it instead" in one.description
    assert "open them once this side takes no writes" in other.description


def test_a_queue_that_is_still_closed_is_found_with_the_command_that_opens_it() -> None:
    url, name = f"https://sqs.{P}.amazonaws.com/111122223333/jobs-{P}-queue", f"jobs-{P}-queue"
    policy = queues.Policy(f"arn:aws:sqs:{P}:111122223333:{name}", json.loads(OF_ITS_OWNER))
    closed = queues.Policy(policy.arn, json.loads(policy.closing()))
    answers = {("queues", P): Answer({name: (url, closed)}), ("queues", R): Answer({})}
    one, other = leftovers.still_stopped(MANIFEST, answers)
    assert (one.region, one.state, other.region, other.state) == (P, State.WRONG, R, State.OK)
    assert f"closed to consumers: {name}" in one.description
    (command,) = one.commands
    words = shlex.split(command)
    assert words[:7] == ["aws", "sqs", "set-queue-attributes", "--region", P, "--queue-url", url]
    assert json.loads(words[-1]) == {"Policy": OF_ITS_OWNER}
    answers[("queues", R)] = Answer(unknown="no answer within 7 s")
    assert [each.state for each in leftovers.still_stopped(MANIFEST, answers)] == [State.WRONG, State.UNKNOWN]
    none = MANIFEST.model_copy(
        update={"sides": {region: each.model_copy(update={"queues": {}}) for region, each in MANIFEST.sides.items()}}
    )
    nothing = {("queues", region): Answer({}) for region in (P, R)}
    assert list(leftovers.still_stopped(none, nothing)) == []


@pytest.mark.parametrize(
    "document",
    [
        {"steps": [], "diagnostics": [{"urn": "urn:pulumi:a::b::c::model", "message": UNREACHABLE}]},
        {"sequence": 1, "diagnosticEvent": {"urn": "urn:pulumi:a::b::c::model", "message": UNREACHABLE}},
    ],
)
def test_an_object_that_a_deployment_skipped_is_found_in_every_kind_of_log(document: Any) -> None:
    text = json.dumps(document)
    lines = f'{{"sequence": 0}}\n{text}\n{{"cut off'
    for data in (text, lines):
        assert skipped(data) == ["model"]
    (check,) = deployment.clusters({"up.log": skipped(lines)})
    assert (check.state, "model stayed as it was" in check.description) == (State.WRONG, True)
    assert skipped(json.dumps({"steps": [], "diagnostics": []})) == []


def skipped(text: str) -> list[str]:
    return deployment.skipped(deployment.objects_of(text.encode()))


def judged(*made: Made, existing: dict[str, str] | None = None, **proposed: str) -> list[Any]:
    change_set = preview_reader.read(json.dumps(digest(*made)).encode(), "a preview")
    declared = Resource(
        "k", "urn:it", INSTANCE, "it", True, "urn:database", "urn:provider", R, None, None,
        {"identifier": "db-1"}, Options(),
    )  # fmt: skip
    recording = Recording("haven", "sim", [declared], {})
    found = deployment.checks(
        change_set,
        "a preview",
        proposed={f"haven:{key}": each for key, each in proposed.items()},
        existing=existing or {},
        recorded=lambda: recording,
        stack="sim",
    )
    return list(found)


@pytest.mark.parametrize("operation", ["replace", "delete"])
def test_whatever_a_preview_replaces_or_deletes_is_wrong_stateful_or_not(operation: str) -> None:
    (check,) = judged(Made("aws:sns/topic:Topic", operation, {"name": "a"}, {"name": "b"}))
    assert (check.area, check.region, check.state) == ("preview", HERE, State.WRONG)
    assert check.description.startswith(f"{operation} it")


def test_a_preview_without_the_proposed_region_proves_nothing() -> None:
    checks = judged(active=R)
    assert [each.state for each in checks] == [State.WRONG, State.OK]
    assert f"doesn't make {R} the active Region" in checks[0].description


def test_what_a_preview_creates_although_aws_has_it_is_imported_with_parent_and_provider() -> None:
    made = Made(INSTANCE, "create", {}, {"identifier": "db-1", "engine": "aurora-postgresql"}, region=R)
    adoption, preview = judged(made, existing={"db-1": R})
    assert (adoption.area, adoption.state, preview.state) == ("adoption", State.WRONG, State.OK)
    assert adoption.commands == [
        f"pulumi import --stack sim {INSTANCE} it db-1 --parent parent=urn:database --provider provider=urn:provider"
        " --protect=false --generate-code=false"
    ]
    assert [each.area for each in judged(made)] == ["preview"]


@pytest.mark.parametrize(
    ("snapshots", "unplanned", "without", "state", "words"),
    [
        ({}, False, "", State.OK, "no unplanned failover"),
        ({}, True, "", State.WRONG, "Aurora kept no snapshot"),
        ({}, None, "", State.UNKNOWN, "isn't known"),
        ({}, True, "nothing in the gateways' logs", State.OK, "accepted: nothing in the gateways' logs"),
        ({SNAPSHOT: "available"}, True, "", State.WRONG, "nobody has copied it"),
        ({SNAPSHOT: "available", COPY: "creating"}, True, "", State.UNKNOWN, "is creating"),
        ({SNAPSHOT: "available", COPY: "available"}, True, "", State.OK, f"is kept as {COPY}"),
        ({COPY: "available"}, True, "", State.OK, f"{COPY} has what an old volume had"),
    ],
)
def test_what_only_the_old_side_has_is_kept_or_it_is_a_finding(
    snapshots: dict[str, str], unplanned: bool | None, without: str, state: State, words: str
) -> None:
    listed = [{"DBClusterSnapshotIdentifier": name, "Status": each} for name, each in snapshots.items()]
    answers = {("divergence", P): Answer(listed), ("divergence", R): Answer([])}
    (check,) = leftovers.old_volume(MANIFEST, answers, R, unplanned=unplanned, without=without)
    assert (check.region, check.state, words in check.description) == (P, state, True), check.description


def test_a_region_that_does_not_answer_leaves_the_old_volume_unknown() -> None:
    answers = {("divergence", P): Answer(unknown="no answer within 7 s"), ("divergence", R): Answer([])}
    (check,) = leftovers.old_volume(MANIFEST, answers, R, unplanned=False, without="")
    assert check.state is State.UNKNOWN


@pytest.mark.parametrize("copied", [True, False])
def test_what_an_unplanned_failover_did_not_copy_in_its_own_region_is_a_finding(copied: bool) -> None:
    names = [SNAPSHOT, COPY] if copied else [SNAPSHOT]
    listed = [{"DBClusterSnapshotIdentifier": name, "Status": "available"} for name in names]
    answers = {("divergence", P): Answer([]), ("divergence", R): Answer(listed)}
    found = [
        each for each in leftovers.old_volume(MANIFEST, answers, R, unplanned=False, without="") if each.region == R
    ]
    assert [(each.state, each.commands[0].startswith("aws rds copy-db-cluster-snapshot")) for each in found] == (
        [] if copied else [(State.WRONG, True)]
    )
