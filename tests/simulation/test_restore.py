"""Tier `backup`: a failover restores from copies, on a model of restore jobs whose times are assumptions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.runbooks.failover import assembly
from haven.runbooks.failover.decision import Request
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from haven_components.names import SWITCH_NAMESPACE
from tests.simulation.clock import EPOCH, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import Machine, machine, manifest_document, start
from tests.simulation.regions import Region

TABLE, RESTORED, COPY = "haven-sim-sessions", "db-restored", "arn:aws:rds:eu-central-1:1:cluster-snapshot:awsbackup:c"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1"
HOUR = 3600.0
REASON = "the provider confirms the loss"


class Vault(Model):
    """AWS with a vault in R, in which nothing else is until it is restored or deployed."""

    def __init__(self, *, age_minutes: float = 90, deployed_at: float = 2 * HOUR) -> None:
        super().__init__()
        self.age, self.deployed_at = timedelta(minutes=age_minutes), deployed_at
        self.jobs: dict[str, Any] = {}
        """Idempotency token to the job."""
        self.fails = False
        self.backup_took = timedelta(0)
        """From the beginning of the backup job until AWS has the recovery point."""
        self.earlier: list[Answer] = []
        """Restore jobs that are listed before this workflow's."""
        self.describes_late = False
        """Whether a table that is restored shows after ten minutes only."""
        self.balanced_after = 0.0
        """Seconds from the deployment of the database until there is a target group."""
        self.listed_after = 0.0
        """Seconds after which a job is listed."""

    @property
    def deployed(self) -> bool:
        return self._time >= self.deployed_at

    def _list_recovery_points_by_backup_vault(self, call: Call, region: Region) -> Answer:
        base = datetime.fromtimestamp(EPOCH, UTC) - self.age
        database, table = f"arn:aws:rds:{P}:1:cluster:db-{P}", f"arn:aws:dynamodb:{P}:1:table/{TABLE}"

        def point(resource: str, arn: str, status: str, later: int = 0) -> Answer:
            made = base + timedelta(minutes=later)
            begun = made - self.backup_took
            return {
                "ResourceArn": resource,
                "RecoveryPointArn": arn,
                "Status": status,
                "CreationDate": made,
                "InitiationDate": begun,
            }

        if "NextToken" not in call.arguments:
            return {"RecoveryPoints": [point(database, COPY, "COMPLETED")], "NextToken": "2"}
        points = [point(table, "older", "COMPLETED", -60), point(table, "newest", "COMPLETED")]
        return {"RecoveryPoints": [*points, point(table, "partial", "PARTIAL", 5)]}

    def _describe_key(self, call: Call, region: Region) -> Answer:
        return {"KeyMetadata": {"Arn": KEY}}

    def _start_restore_job(self, call: Call, region: Region) -> Answer:
        token = call.arguments["IdempotencyToken"]
        self.jobs.setdefault(token, {"begun": self._time, **call.arguments})
        return {"RestoreJobId": token}

    def _list_restore_jobs(self, call: Call, region: Region) -> Answer:
        status = "FAILED" if self.fails else "RUNNING"
        jobs = [
            {
                "RestoreJobId": token,
                "RecoveryPointArn": each["RecoveryPointArn"],
                "Status": status,
                "StatusMessage": "no",
                "CreationDate": datetime.fromtimestamp(EPOCH + each["begun"], UTC),
            }
            for token, each in self.jobs.items()
            if self._time >= each["begun"] + self.listed_after
        ]
        if "NextToken" not in call.arguments:
            return {"RestoreJobs": self.earlier, "NextToken": "2"}
        return {"RestoreJobs": jobs}

    def _describe_table(self, call: Call, region: Region) -> Answer:
        begun = [each["begun"] for each in self.jobs.values()]
        if not begun or self.fails or self._time < begun[0] + (600 if self.describes_late else 120):
            raise RefusedError("ResourceNotFoundException")
        return {"Table": {"TableStatus": "ACTIVE" if self._time > begun[0] + 1200 else "CREATING"}}

    def _describe_global_clusters(self, call: Call, region: Region) -> Answer:
        if call.arguments["GlobalClusterIdentifier"] != "db-restored-global":
            return super()._describe_global_clusters(call, region)
        if not self.deployed:
            raise RefusedError("GlobalClusterNotFoundFault")
        arn = f"arn:aws:rds:{R}:111122223333:cluster:{RESTORED}"
        return {"GlobalClusters": [{"Status": "available", "GlobalClusterMembers": [
            {"DBClusterArn": arn, "IsWriter": True}]}]}  # fmt: skip

    def _describe_target_groups(self, call: Call, region: Region) -> Answer:
        if self._time < self.deployed_at + self.balanced_after:
            raise RefusedError("TargetGroupNotFound")
        return super()._describe_target_groups(call, region)

    def _describe_db_clusters(self, call: Call, region: Region) -> Answer:
        if call.arguments["DBClusterIdentifier"] == RESTORED and not self.deployed:
            raise RefusedError("DBClusterNotFoundFault")
        return super()._describe_db_clusters(call, region)


def backup_document(rpo_minutes: float = 240) -> dict[str, Any]:
    """The simulator's environment in tier backup."""
    document = json.loads(json.dumps(manifest_document(rpo_minutes=rpo_minutes)))
    document |= {"tier": "backup", "key": "alias/haven-sim-key", "restoreRole": "arn:aws:iam::1:role/restore"}
    for side in document["sides"].values():
        side["tables"] = {"sessions": TABLE}
    new = {"cluster": RESTORED, "standby": None, "globalCluster": "db-restored-global"}
    document["sides"][R]["database"] |= new
    for switch in document["traffic"].values():
        switch["namespace"] = SWITCH_NAMESPACE
    return dict(document)


def manifest(rpo_minutes: float = 240) -> RecoveryManifest:
    """The same as the runbooks read it."""
    return parse(json.dumps(backup_document(rpo_minutes)), "a test")


def test_a_region_that_comes_back_while_its_copies_are_restored_keeps_its_traffic() -> None:
    model = Vault()
    model.at(HOUR, model.revive)
    found = report(failed_over(model, force=REASON))
    assert (found.state, found.endings["await-serving"]) == (State.UNDONE, "done")
    assert f"{P} was unreachable from here when this was decided, and is up now" in " ".join(found.why)
    assert "put_metric_data" not in [operation for _, _, operation, _ in model.effects]
    assert model.regions[R].mode == "read-write"


def test_a_writer_that_somebody_opens_while_its_copies_are_restored_keeps_its_traffic() -> None:
    model = Vault()
    model.at(HOUR, lambda _: model.regions[P].closed.clear())
    simulation = Simulation(model)
    made = machine(simulation, "operator", manifest=manifest(240))
    start(simulation, made, Request(planned=False, force=REASON), 400)
    simulation.run()
    found = report(made)
    assert (found.state, f"somebody has opened {P} to clients again" in " ".join(found.why)) == (State.UNDONE, True)


def failed_over(
    model: Vault, *, rpo_minutes: float = 240, planned: bool = False, force: str = "", accept_loss: str = ""
) -> Machine:
    """One run after the primary Region was lost."""
    simulation = Simulation(model)
    model.at(100, model.kill)
    made = machine(simulation, "operator", manifest=manifest(rpo_minutes))
    start(simulation, made, Request(planned, force, accept_loss), 400)
    simulation.run()
    return made


def report(made: Machine) -> Report:
    (found,) = made.outcome
    assert isinstance(found, Report), found
    return found


def test_a_failover_restores_the_newest_complete_copies_and_ends_when_pulumi_has_deployed() -> None:
    model = Vault()
    found = report(failed_over(model, force=REASON))
    assert (found.state, found.divergence.startswith("possible")) == (State.DONE, True)
    assert found.endings.keys() >= {"choose-backups", f"restore-table:{TABLE}", "deploy-recovery-side", "throw-switch"}
    (job,) = model.jobs.values()
    assert job["RecoveryPointArn"] == "newest"
    assert job["Metadata"] == {"targetTableName": TABLE, "encryptionType": "KMS", "kmsMasterKeyArn": KEY}
    operations = [operation for _, _, operation, _ in model.effects]
    assert operations.index("start_restore_job") < operations.index("put_metric_data")
    assert "failover_global_cluster" not in operations
    assert {region for _, _, _, region in model.effects} == {R}


def test_the_queues_of_a_region_that_answers_are_closed_to_consumers_and_stay_so() -> None:
    model = Vault()
    simulation = Simulation(model)
    made = machine(simulation, "operator", manifest=manifest(240))
    start(simulation, made, Request(planned=False, force=REASON), 400)
    simulation.run()
    assert report(made).state is State.DONE
    assert [each.queue.denied for each in (model.regions[P], model.regions[R])] == [True, False]


def test_while_pulumi_has_not_deployed_the_progress_names_the_snapshot() -> None:
    model = Vault(deployed_at=100 * HOUR)
    found = report(failed_over(model, force=REASON))
    assert found.state is State.UNDONE
    assert f"haven:database.restoreSnapshot: {COPY}" in " ".join(found.why)


def test_a_target_group_that_comes_later_than_the_database_is_waited_for() -> None:
    model = Vault()
    model.balanced_after = 900
    assert report(failed_over(model, force=REASON)).state is State.DONE


@pytest.mark.parametrize("accepted", ["", "95m"])
def test_copies_older_than_the_objective_or_than_what_is_accepted_restore_nothing(accepted: str) -> None:
    model = Vault()
    found = report(failed_over(model, rpo_minutes=60, force=REASON, accept_loss=accepted))
    assert (found.state, model.jobs) == (State.UNDONE, {})
    limit = "what is accepted (95m)" if accepted else "the objective"
    assert f"older than {limit}: database: 97 min old" in found.why[0]
    assert f"types: haven failover sim --to {R} --force '{REASON}' --accept-loss 105m (--force doesn't)" in found.why[0]


@pytest.mark.parametrize("accepted", ["105m", "2h", "unknown"])
def test_copies_that_are_accepted_are_restored(accepted: str) -> None:
    assert report(failed_over(Vault(), rpo_minutes=60, force=REASON, accept_loss=accepted)).state is State.DONE


def test_a_restore_job_that_fails_ends_it() -> None:
    model = Vault()
    model.fails = True
    found = report(failed_over(model, force=REASON))
    assert (found.state, "FAILED: no" in " ".join(found.why)) == (State.UNDONE, True)


def test_a_job_that_failed_for_an_earlier_workflow_fails_no_later_one_whose_own_is_listed_late() -> None:
    model = Vault()
    model.listed_after = 1000
    created = datetime.fromtimestamp(EPOCH + 300, UTC)  # a hundred seconds before this one began
    model.earlier = [{"RestoreJobId": "e", "RecoveryPointArn": "newest", "Status": "FAILED", "CreationDate": created}]
    model.describes_late = True
    assert report(failed_over(model, force=REASON)).state is State.DONE
    assert len(model.jobs) == 1


def test_the_age_of_a_copy_counts_from_the_beginning_of_the_backup_job_where_aws_gives_it() -> None:
    model = Vault()
    model.backup_took = timedelta(minutes=30)
    found = report(failed_over(model, rpo_minutes=120, force=REASON))
    assert (found.state, "database: 127 min old" in found.why[0]) == (State.UNDONE, True)


def test_a_planned_failover_is_refused_for_a_copy_is_never_up_to_date() -> None:
    found = report(failed_over(Vault(), planned=True))
    assert (found.state, "leave --planned out" in found.why[0]) == (State.REFUSED, True)


def test_the_way_home_is_by_hand(tmp_path: Any) -> None:
    with pytest.raises(Problems, match="bring the data home"):
        assembly.operator(manifest(), P, lambda *_: None, tmp_path, lambda _: None)
