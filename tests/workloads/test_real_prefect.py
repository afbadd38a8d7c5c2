"""Real Prefect, as `WorkflowOrchestrator` declares it, on a real PostgreSQL and a real Redis."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pulumi
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording
from haven_components import WorkflowOrchestrator, WorkflowOrchestratorArgs, kubernetes_provider
from tests.ports import free_port
from tests.workloads.pods import Node, Process
from tests.workloads.service import service
from tests.workloads.stores import ADMINISTRATOR, TOKEN, Postgres, certificates, installed, postgres, redis

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(1800)]
NAME = "workflows"
AUTH = "operator:pass-word"
SECRETS = {
    "database": {"username": "haven_prefect", "password": "0wn"},
    "administrator": ADMINISTRATOR,
    "messages": {"token": TOKEN},
    "prefect-auth": {"auth-string": AUTH},
}
FLOW = Path(__file__).with_name("flows.py")


def _recorded(database: Postgres, cache_port: int) -> Recording:
    image = f"prefect@sha256:{'a' * 64}"
    args = {
        "namespace": "workflows",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "scale": {"minimum": 2, "maximum": 10},
        "image": image,
        "cluster_name": "test",
        "database": {
            "host": "127.0.0.1",
            "port": database.port,
            "name": "prefect",
            "secret_name": "database",
            "administrator_secret_name": "administrator",
            "certificates": database.roots,
        },
        "messaging": {"host": "127.0.0.1", "port": cache_port, "secret_name": "messages", "tls": False},
        "auth_secret_name": "prefect-auth",
        "network_cidrs": ["10.0.0.0/16"],
        "pools": {"training": {"namespace": "training", "image": image, "service_account": "flow-runs"}},
    }

    def program() -> None:
        cluster = kubernetes_provider("cluster", "{}", cluster_name="test")
        WorkflowOrchestrator(NAME, cast("WorkflowOrchestratorArgs", args), pulumi.ResourceOptions(providers=[cluster]))

    return record(program, stack="test")


@dataclass
class Region:
    """Prefect's pods of one Region, and what reaches them."""

    node: Node
    database: Postgres
    port: int
    """Of the Service in front of the servers."""
    servers: list[int]
    """Ports of the servers behind it."""
    processes: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The API."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Two API servers and two background services at the same moment."""
        servers = [self.node.start("Deployment", f"{NAME}-server") for _ in range(2)]
        self.processes = [*servers, *(self.node.start("Deployment", f"{NAME}-services") for _ in range(2))]
        for each in servers:
            each.wait_until_ready("/api/ready")
            self.servers.append(each.port)

    def client(self, folder: Path, *command: str, **more: str) -> Process:
        """A program of Prefect's environment that calls the API."""
        folder.mkdir(parents=True)
        environment = {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": AUTH,
            "PREFECT_HOME": str(folder),
            "HOME": str(folder),
            "PYTHONPATH": str(FLOW.parent),
            **more,
        }
        return self.node.execute(list(command), environment, folder)

    def state(self, run: str) -> str:
        """A flow run's state in the database."""
        return self.database.sql("prefect", f"select state_name from flow_run where id = '{run}'")


def _region(stack: ExitStack, database: Postgres, home: Path) -> Region:
    cache = stack.enter_context(redis())
    servers: list[int] = []
    port = stack.enter_context(service(servers))
    api = {"workflows.workflows.svc.cluster.local:4200": f"127.0.0.1:{port}"}
    node = Node(_recorded(database, cache), installed("prefect"), home, SECRETS, api)
    stack.callback(node.stop)
    return Region(node, database, port, servers)


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        server.ask_for_passwords()
        server.encrypt()
        yield server


@pytest.fixture(scope="module")
def region(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A Region whose database two migrations at once have created."""
    with ExitStack() as stack:
        here = _region(stack, database, tmp_path_factory.mktemp("region"))
        database.sql("postgres", f"create database prefect owner {ADMINISTRATOR['username']}")
        for each in [here.node.start("Job", f"{NAME}-migration", init=True) for _ in range(2)]:
            each.succeed()
        database.set_read_only("prefect", read_only=True)
        yield here


def test_nothing_starts_while_the_database_can_only_be_read_and_two_migrations_at_once_are_safe(
    region: Region, database: Postgres
) -> None:
    waiting = region.node.start("Deployment", f"{NAME}-server", init=True)
    waiting.wait_for(lambda: "can't be written to" in waiting.log.read_text())
    assert waiting.run.poll() is None
    database.set_read_only("prefect", read_only=False)
    migrations = [region.node.start("Job", f"{NAME}-migration") for _ in range(2)]
    for each in migrations:
        assert "upgraded!" in each.succeed()
    waiting.succeed()
    assert int(database.sql("prefect", "select count(*) from block_type")) > 10


def test_pods_start_on_a_schema_that_a_newer_image_has_migrated(region: Region, database: Postgres) -> None:
    """Those of the last image do, during a rollout and after a rollback."""
    known = database.sql("prefect", "select version_num from alembic_version")
    database.sql("prefect", "update alembic_version set version_num = 'fffffffffffe'")
    try:
        assert "doesn't know" in region.node.start("Deployment", f"{NAME}-server", init=True).succeed()
        migration = region.node.start("Job", f"{NAME}-migration").succeed()
        assert "goes on with it" in migration
        assert "upgraded!" not in migration
        server = region.node.start("Deployment", f"{NAME}-server")
        server.wait_until_ready("/api/ready")
        server.kill()
    finally:
        database.sql("prefect", f"update alembic_version set version_num = '{known}'")


def test_two_servers_at_once_start_and_work_pools_and_automations_are_as_declared(
    region: Region, database: Postgres
) -> None:
    region.start()
    for outcome in ("created", "updated"):
        log = region.node.start("Job", f"{NAME}-settings").succeed()
        assert log.count(f": {outcome}") == 3
    template = json.loads(database.sql("prefect", "select base_job_template from work_pool where name = 'training'"))
    assert template["job_configuration"]["job_manifest"]["spec"]["backoffLimit"] == 0
    assert database.sql("prefect", "select count(*) from automation where enabled") == "2"
    assert region.processes[0].get("/api/flows/count") in (401, 405)


def test_a_database_whose_certificate_another_authority_signed_gets_no_password(region: Region, tmp_path: Path) -> None:
    certificates(tmp_path)
    waiting = region.node.start("Deployment", f"{NAME}-server", init=True, PGSSLROOTCERT=str(tmp_path / "root.crt"))
    waiting.wait_for(lambda: "certificate verify failed" in waiting.log.read_text().lower())
    encrypted = (
        "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'haven_prefect'"
    )
    assert region.database.sql("postgres", encrypted) == "t"


def test_frozen_services_fail_their_liveness_probe_and_pass_it_once_they_go_on(region: Region) -> None:
    services = region.processes[2]
    services.wait_for(services.alive)
    os.kill(services.run.pid, signal.SIGSTOP)
    (sign,) = services.log.parent.rglob("services-alive")
    os.utime(sign, (0, 0))
    assert not services.alive()
    os.kill(services.run.pid, signal.SIGCONT)
    services.wait_for(services.alive, seconds=30)


def test_services_end_where_one_of_them_does_and_stop_on_sigterm(region: Region) -> None:
    alone = region.node.start(
        "Deployment", f"{NAME}-services", PREFECT_SERVER_DATABASE_PORT=str(free_port()), PGPORT="1"
    )
    assert alone.run.wait(240) == 1, alone.log.read_text()[-4000:]
    assert "stopping: ReactiveTriggers failed" in alone.log.read_text()
    stopped = region.node.start("Deployment", f"{NAME}-services")
    stopped.wait_for(stopped.alive)
    stopped.run.terminate()
    assert "stopping: SIGTERM" in stopped.succeed()


def test_a_flow_completes_although_a_server_is_killed_in_the_middle(
    region: Region, tmp_path: Path, database: Postgres
) -> None:
    flow = region.client(tmp_path / "flow", "python", str(FLOW), "counting", "40")
    finished = "select count(*) from task_run where state_type = 'COMPLETED'"
    flow.wait_for(lambda: int(database.sql("prefect", finished)) >= 8)
    region.processes[0].kill()
    region.servers.remove(region.processes[0].port)
    killed_at = int(database.sql("prefect", finished))
    assert "counted 40" in flow.succeed()
    assert killed_at < 40
    assert database.sql("prefect", "select state_type from flow_run where name = 'counting'") == "COMPLETED"
    region.processes[-1].wait_for(lambda: int(database.sql("prefect", finished)) >= 40)


def test_a_flow_run_that_was_lost_with_its_region_starts_again_in_the_other_one(
    region: Region, tmp_path: Path, database: Postgres
) -> None:
    marker = tmp_path / "marker"
    created = region.client(tmp_path / "deploy", "python", str(FLOW), "deploy").succeed()
    run = created.split("flow run ")[1].split()[0]
    execute = ("prefect", "flow-run", "execute", run)
    more = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30", "MARKER": str(marker)}
    first = region.client(tmp_path / "first", *execute, **more)
    heartbeats = f"select count(*) from events where event = 'prefect.flow-run.heartbeat' and resource_id like '%{run}'"
    waiting = "select count(*) from automation_bucket"
    first.wait_for(lambda: database.sql("prefect", heartbeats) != "0")
    first.wait_for(lambda: database.sql("prefect", waiting) != "0")
    first.kill()
    region.node.stop()
    assert region.state(run) == "Running"
    with ExitStack() as stack:
        other = _region(stack, database, tmp_path / "other")
        other.start()
        other.processes[2].wait_for(lambda: other.state(run) == "Rescheduled", seconds=600)
        marker.touch()
        other.client(tmp_path / "second", *execute, **more).succeed()
        assert other.state(run) == "Completed"
