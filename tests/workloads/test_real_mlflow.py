"""Real MLflow, as `ModelRegistry` declares it, on a real PostgreSQL; artifacts in a folder instead of S3."""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording
from haven_components import ModelRegistry, ModelRegistryArgs, kubernetes_provider
from haven_components.workloads.scripts import model_aliases
from tests.workloads.pods import Node, Process
from tests.workloads.stores import ADMINISTRATOR, Postgres, certificates, installed, postgres

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(1800)]
OWN_USER = "haven_mlflow"
NAME, REGION, ACCOUNT = "models", "eu-west-1", "123456789012"
CLIENT = Path(__file__).with_name("registered_models.py")


def _recorded(database: Postgres, name: str, *, read_only: bool = False, roots: str = "") -> Recording:
    args = {
        "region": REGION,
        "account_id": ACCOUNT,
        "cluster_name": "test",
        "namespace": "models",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "scale": {"minimum": 2, "maximum": 2},
        "image": f"mlflow@sha256:{'a' * 64}",
        "database": {
            "host": "127.0.0.1",
            "port": database.port,
            "name": name,
            "secret_name": "database",
            "administrator_secret_name": "administrator",
            "certificates": roots or database.roots,
        },
        "bucket": {"name": "artifacts", "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"},
        "network_cidrs": ["10.0.0.0/16"],
        "allowed_hosts": ["127.0.0.1:*"],
    } | ({"reader_host": "127.0.0.1"} if read_only else {})

    def program() -> None:
        provider = aws.Provider(REGION, region=REGION)
        cluster = kubernetes_provider("cluster", "{}", cluster_name="test")
        ModelRegistry(NAME, cast("ModelRegistryArgs", args), pulumi.ResourceOptions(providers=[cluster, provider]))

    return record(program, stack="test")


class Registry:
    """MLflow's pods of one Region."""

    def __init__(self, database: Postgres, name: str, home: Path, *, read_only: bool = False, roots: str = "") -> None:
        self.bucket = home / "bucket"
        self.bucket.mkdir(parents=True, exist_ok=True)
        secrets = {"database": {"username": OWN_USER, "password": "0wn"}, "administrator": ADMINISTRATOR}
        recording = _recorded(database, name, read_only=read_only, roots=roots)
        self.node = Node(recording, installed("mlflow"), home, secrets, {"s3://artifacts": str(self.bucket)})
        self.home = home

    def start(self) -> Process:
        """A server, once what it waits for is there."""
        self.node.start("Deployment", f"{NAME}-server", init=True).succeed()
        server = self.node.start("Deployment", f"{NAME}-server")
        server.wait_until_ready("/health")
        return server

    def client(self, server: Process, *arguments: str) -> str:
        """Run a client of MLflow; returns what it prints."""
        folder = self.home / f"client-{len(self.node.started)}"
        folder.mkdir()
        environment = {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{server.port}",
            "HOME": str(folder),
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        }
        process = self.node.execute(["python", str(CLIENT), *arguments], environment, folder)
        return process.succeed().strip().splitlines()[-1]


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        server.ask_for_passwords()
        server.encrypt()
        yield server


@pytest.fixture(scope="module")
def registry(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that two migrations at once have created, with its user."""
    here = Registry(database, "mlflow", tmp_path_factory.mktemp("registry"))
    try:
        for init in (True, False):
            for each in [here.node.start("Job", f"{NAME}-migration", init=init) for _ in range(2)]:
                each.succeed()
        yield here
    finally:
        here.node.stop()


@pytest.fixture(scope="module")
def server(registry: Registry) -> Process:
    return registry.start()


def _aliases(server: Process, *arguments: str) -> str:
    url = f"http://127.0.0.1:{server.port}"
    script = [sys.executable, model_aliases.__file__, url, *arguments]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_bad_version_is_rolled_back_by_one_command(registry: Registry, server: Process) -> None:
    assert registry.client(server, "register", "chat", "first answer") == "1"
    assert _aliases(server, "rollback", "chat").startswith("model chat has no version with the alias known-good")
    assert _aliases(server, "promote", "chat", "1") == "serving: 1\nknown-good: none\n"
    assert registry.client(server, "register", "chat", "second answer") == "2"
    assert _aliases(server, "promote", "chat", "3").startswith("model chat has no version 3")
    for _ in range(2):
        assert _aliases(server, "promote", "chat", "2") == "serving: 2\nknown-good: 1\n"
    assert registry.client(server, "load", "chat", "serving") == "second answer"
    assert _aliases(server, "rollback", "chat") == "serving: 1\nknown-good: 1\n"
    assert registry.client(server, "load", "chat", "serving") == "first answer"


def test_a_second_server_serves_the_same_from_a_restored_copy_that_can_only_be_read(
    registry: Registry, server: Process, database: Postgres, tmp_path: Path
) -> None:
    assert registry.client(server, "load", "chat", "serving") == "first answer"
    database.copy("mlflow", "restored", OWN_USER)
    database.set_read_only("restored", read_only=True)
    other = Registry(database, "restored", tmp_path, read_only=True)
    shutil.copytree(registry.bucket, other.bucket, dirs_exist_ok=True)
    registry.bucket.rename(registry.bucket.with_name("lost"))
    try:
        standby = other.start()
        assert other.client(standby, "load", "chat", "serving") == "first answer"
        refused = _aliases(standby, "promote", "chat", "2")
        assert "read-only transaction" in refused
    finally:
        other.node.stop()
        registry.bucket.with_name("lost").rename(registry.bucket)


def test_servers_act_as_a_user_that_owns_their_database_and_nothing_else(server: Process, database: Postgres) -> None:
    assert server.get("/health") == 200
    users = "select distinct usename from pg_stat_activity where datname = 'mlflow' and pid <> pg_backend_pid()"
    assert database.sql("mlflow", users) == OWN_USER
    rights = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    assert database.sql("postgres", f"select {rights} from pg_roles where rolname = '{OWN_USER}'") == "f|f|f|f|f"
    database.sql("postgres", "create role another login")
    for user, may in ((OWN_USER, "t"), ("another", "f")):
        assert database.sql("postgres", f"select has_database_privilege('{user}', 'mlflow', 'connect')") == may
    kept = database.sql("postgres", f"select rolpassword from pg_authid where rolname = '{OWN_USER}'")
    assert kept.startswith("SCRAM-SHA-256$4096:")


def test_a_user_that_is_there_gets_the_password_that_is_declared(registry: Registry, database: Postgres) -> None:
    database.sql("postgres", f"alter role {OWN_USER} password 'as in the snapshot'")
    wait = registry.node.start("Deployment", f"{NAME}-server", init=True)
    wait.wait_for(lambda: "password authentication failed" in wait.log.read_text())
    registry.node.start("Job", f"{NAME}-migration", init=True).succeed()
    wait.succeed()


def test_a_database_whose_certificate_another_authority_signed_gets_no_password(
    registry: Registry, server: Process, database: Postgres, tmp_path: Path
) -> None:
    certificates(tmp_path)
    other = Registry(database, "mlflow", tmp_path / "other", roots=(tmp_path / "root.crt").read_text())
    try:
        wait = other.node.start("Deployment", f"{NAME}-server", init=True)
        wait.wait_for(lambda: "certificate verify failed" in wait.log.read_text())
    finally:
        other.node.stop()
    assert registry.client(server, "load", "chat", "serving") == "first answer"
    encrypted = f"select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = '{OWN_USER}'"
    assert database.sql("postgres", encrypted) == "t"


def test_a_host_that_is_not_allowed_is_refused(server: Process) -> None:
    url = f"http://127.0.0.1:{server.port}/api/2.0/mlflow/registered-models/search"
    request = urllib.request.Request(url, headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert answer.code == 403
    assert server.get("/health") == 200
