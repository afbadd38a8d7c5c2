"""Each command of the runbooks with the operator's role alone: IAM refuses it nothing."""

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from haven.base.exits import FINDINGS, OK
from haven_components.resilience._operator_rights import RIGHTS
from tests.gateway import Answer, Call, Fault
from tests.haven.runbooks.arc.plan_ground import with_plan
from tests.haven.runbooks.failover.as_the_role.role import ACCOUNT, RESTORER, Role, as_the_role, asked_of, without
from tests.haven.runbooks.failover.ground import Ground, manifest
from tests.haven.runbooks.failover.test_rebuild import deploy, members
from tests.haven.runbooks.reconcile.test_in_the_emulator import (
    FUNCTIONS,
    SNAPSHOT,
    activated,
    fill,
    no_tables,
    reconcile,
    wrong,
)
from tests.simulation.aws.region_switch import APPROVED
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
REASON = ("--force", "the provider confirms the loss")
LOST = (*REASON, "--accept-loss", "unknown")
KEY, TABLE, RESTORED = "alias/haven-sim-key", "sessions", "db-restored"


POINTS = "backup:ListRecoveryPointsByBackupVault"
UNGRACEFUL = "arc-region-switch:UpdatePlanExecutionStep"
OF_ARC = {each.action for each in RIGHTS if each.action.startswith("arc-region-switch:")}
OF_QUOTAS = {
    "lambda:GetAccountSettings",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
}


@pytest.fixture
def role(tmp_path: Path) -> Iterator[Role]:
    """That of an environment of tier `warm`."""
    with as_the_role(tmp_path, manifest()) as made:
        yield made


def judged(call: Call) -> bool:
    """Whether the gateway judges a call, and not the emulator."""
    return any(asked_of(call))


def refused_without(role: Role, calls: list[Call]) -> set[str]:
    """The permissions without which one of these calls is refused, as far as the gateway judges them."""
    kept = role.policy
    found = set()
    for right in RIGHTS:
        role.policy = without(right)
        found |= {right.action for each in calls if judged(each) and role.is_denied(each)}
    role.policy = kept
    return found


def test_reconcile_compares_and_keeps_the_old_volume(role: Role) -> None:
    ground = role.ground
    fill(ground)
    for name in FUNCTIONS.values():
        ground.gateway.answers["lambda", f"POST /2015-03-31/functions/{name}/invocations"] = no_tables

    def copied(call: Call) -> Answer:
        ground.aws.of("rds", call.region).create_db_cluster_snapshot(
            DBClusterIdentifier=f"db-{call.region}",
            DBClusterSnapshotIdentifier=call.arguments["TargetDBClusterSnapshotIdentifier"],
        )
        body = "<CopyDBClusterSnapshotResult><DBClusterSnapshot/></CopyDBClusterSnapshotResult>"
        return 200, "text/xml", f"<CopyDBClusterSnapshotResponse>{body}</CopyDBClusterSnapshotResponse>"

    ground.gateway.answers["rds", "CopyDBClusterSnapshot"] = copied
    with ground.beating():
        ground.beat(seconds_ago=0)
        code, text, error = ground.haven("failover", "--to", R, "--planned", "--confirm", "sim")
        assert (code, ground.writer) == (OK, R), text + error
        code, document = reconcile(ground, "--write", changes=[activated(R, P)])
        assert (code, list(wrong(document))) == (FINDINGS, ["config"]), wrong(document)
        source = {"DBClusterIdentifier": f"db-{P}", "DBClusterSnapshotIdentifier": SNAPSHOT}
        ground.aws.of("rds", P).create_db_cluster_snapshot(**source)
        code, document = reconcile(ground, "--keep")
        assert (code, wrong(document)) == (OK, {}), wrong(document)
    assert role.suffices()
    refused = refused_without(role, ground.gateway.calls)
    assert refused == {"lambda:InvokeFunction", "rds:CopyDBClusterSnapshot"}


def test_a_lost_region_is_given_up_and_rebuilt(tmp_path: Path) -> None:
    with as_the_role(tmp_path, manifest("pilot-light")) as role:
        ground = role.ground
        ground.beat(seconds_ago=0)
        ground.gateway.faults[P, "*"] = Fault.REFUSE
        code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *LOST)
        assert (code, ground.writer) == (OK, R), text + error

        def deployed() -> None:
            del ground.gateway.faults[P, "*"]
            deploy(ground)

        code, text, error = ground.rebuild(deployed, "--json", *REASON)
        assert (code, json.loads(text)["state"]) == (OK, "done"), text + error
        assert members(ground) == [R, P]
        assert role.suffices()


def test_a_failover_that_was_killed_is_called_off_by_force(role: Role) -> None:
    ground = role.ground
    ground.beat(seconds_ago=0)
    with ground.beating():
        ground.kill_at("SwitchoverGlobalCluster", done=False)
        ground.gateway.chosen = role.judge
        reason = ("--force", "the trouble is over, nobody has to move")
        code, text, error = ground.haven("failover", "--to", P, "--planned", "--confirm", "sim", *reason)
        assert (code, ground.writer) == (OK, P), text + error
    for region in (P, R):
        code, text, error = ground.haven("audit verify", "--in", region)
        assert code in (OK, FINDINGS), text + error  # the one that was killed closed no audit
    assert role.suffices()


def preflight(ground: Ground) -> None:
    """Ask whether a failover could go on now."""
    words = [*ground.python, "preflight", "--failover", "sim", "--manifest", str(ground.folder / "manifest.json")]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False, env=ground.variables)
    assert done.returncode in (OK, FINDINGS), done.stderr


def test_a_preflight_asks_for_an_account_s_own_quotas_and_for_aws_s(role: Role) -> None:
    ground = role.ground
    document = json.loads((ground.folder / "manifest.json").read_text())
    document["operations"]["heartbeats"]["functions"] = FUNCTIONS
    for region, side in document["sides"].items():
        side["zones"] = [f"{region}a"]
        for group in side["cluster"]["nodeGroups"].values():
            group["types"] = ["g6.xlarge"]
    (ground.folder / "manifest.json").write_text(json.dumps(document))
    kind = "application/x-amz-json-1.1"
    answers = {
        "GetServiceQuota": (400, kind, json.dumps({"__type": "NoSuchResourceException"})),
        "GetAWSDefaultServiceQuota": (200, kind, json.dumps({"Quota": {"Value": 1000}})),
    }
    for operation, answer in answers.items():
        ground.gateway.answers["servicequotas", operation] = partial(_constant, answer)
    preflight(ground)
    assert role.suffices()
    assert refused_without(role, ground.gateway.calls) == {*OF_QUOTAS, POINTS}


def _constant(answer: Answer, _: Call) -> Answer:
    return answer


def test_a_plan_is_started_approved_and_watched_on_after_a_failed_step(role: Role) -> None:
    planned = with_plan(role.ground)
    ground, arc = role.ground, planned.arc
    preflight(ground)
    arc.blocks, arc.broken = APPROVED, {"scale"}
    master, slave = pty.openpty()
    with ground.beating():
        ground.beat(seconds_ago=0)
        with planned.started("--planned", "--confirm", "sim", stdin=slave) as process:
            planned.wait_for(lambda: any("approve" in each.status for each in arc.executions))
            os.write(master, b"sim\n")
            text, error = process.communicate()
        assert (process.returncode, ground.writer) == (FINDINGS, R), text + error
        assert "step scale (scale broke) failed" in text
        arc.broken = set()
        arc.answer("UpdatePlanExecution", {"executionId": arc.executions[0].id, "action": "resume"}, R)
        code, document, error = planned.with_arc("--planned")
        assert (code, document["state"]) == (OK, "done"), error
    os.close(slave)
    os.close(master)
    assert role.suffices()
    assert refused_without(role, ground.gateway.calls) == OF_ARC - {UNGRACEFUL} | {POINTS}


def test_a_plan_s_writer_fails_over_while_the_primary_region_is_silent(role: Role) -> None:
    planned = with_plan(role.ground)
    role.ground.beat(seconds_ago=60)
    role.ground.gateway.faults[P, "*"] = Fault.BLACKHOLE
    code, document, _ = planned.with_arc(*REASON)
    assert (code, document["state"], role.ground.writer) == (OK, "done", R), document
    assert len(planned.asked("UpdatePlanExecutionStep")) == 1
    del role.ground.gateway.faults[P, "*"]
    assert role.suffices()
    assert UNGRACEFUL in refused_without(role, role.ground.gateway.calls)


def of_backups() -> Mapping[str, Any]:
    """The manifest of tier `backup`."""
    document = json.loads(json.dumps(manifest("backup")))
    document |= {"key": KEY, "restoreRole": RESTORER}
    for side in document["sides"].values():
        side["tables"] = {"sessions": TABLE}
    return document  # type: ignore[no-any-return]


def restored_by(ground: Ground) -> None:
    """AWS Backup's part, which the emulator lacks: a job that is done at once, and the deployment after it."""
    rds, tables = ground.aws.of("rds", R), ground.aws.of("dynamodb", R)

    def answer(call: Call) -> Answer:
        tables.create_table(
            TableName=call.arguments["Metadata"]["targetTableName"],
            AttributeDefinitions=[{"AttributeName": "session", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "session", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        name = {"GlobalClusterIdentifier": "db-restored-global"}
        rds.create_global_cluster(**name, Engine="aurora-postgresql")
        rds.create_db_cluster(
            DBClusterIdentifier=RESTORED,
            Engine="aurora-postgresql",
            MasterUsername="root",
            MasterUserPassword="not-a-secret-1",
            **name,
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"{RESTORED}-1",
            DBClusterIdentifier=RESTORED,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
        return 200, "application/json", json.dumps({"RestoreJobId": "job"})

    ground.gateway.answers["backup", "PUT /restore-jobs"] = answer


def copies(ground: Ground) -> None:
    """What the vault of the recovery Region has, which the emulator lists nothing of: two copies."""
    originals = (f"rds:{P}:{ACCOUNT}:cluster:db-{P}", f"dynamodb:{P}:{ACCOUNT}:table/{TABLE}")
    point = {"Status": "COMPLETED", "CreationDate": time.time() - 60}
    points = [
        {
            **point,
            "ResourceArn": f"arn:aws:{each}",
            "RecoveryPointArn": f"arn:aws:backup:{R}:{ACCOUNT}:recovery-point:{place}",
        }
        for place, each in enumerate(originals)
    ]
    listed = 200, "application/json", json.dumps({"RecoveryPoints": points})
    ground.gateway.answers["backup", "GET /backup-vaults/vault/recovery-points/"] = lambda _: listed
    keys = ground.aws.of("kms", R)
    keys.create_alias(AliasName=KEY, TargetKeyId=keys.create_key()["KeyMetadata"]["KeyId"])


def test_tier_backup_is_restored_from_its_copies(tmp_path: Path) -> None:
    with as_the_role(tmp_path, of_backups()) as role:
        ground = role.ground
        kept = ground.folder / "manifest.json"
        document = json.loads(kept.read_text())
        new = {"cluster": RESTORED, "standby": None, "globalCluster": "db-restored-global"}
        document["sides"][R]["database"] |= {**new, "instances": {f"{RESTORED}-1": None}}
        kept.write_text(json.dumps(document))
        copies(ground)
        restored_by(ground)
        ground.beat(seconds_ago=0)
        ground.gateway.faults[P, "*"] = Fault.REFUSE
        code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", "--json", *LOST)
        assert (code, json.loads(text)["state"]) == (OK, "done"), text + error
        assert role.suffices()
        refused = refused_without(role, ground.gateway.calls)
        assert refused == {POINTS, "backup:StartRestoreJob", "iam:PassRole"}
