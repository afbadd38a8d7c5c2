"""Runs in the images of Prefect and MLflow: migrates their database, or waits until it is migrated.

    python database_schema.py prefect|mlflow user|migrate|wait|wait-readable|register

The database comes from libpq's environment variables. `user`, as an administrator, waits until the database server
takes writes, and creates the program's own user, with HAVEN_DATABASE_USER and HAVEN_DATABASE_PASSWORD, and the
database, which that user owns and nobody else may connect to; a user that is there gets the password. `migrate` waits
until the database can be written to, creates it if it is missing and migrates it under an advisory lock, so that two at
once are safe; Prefect's also registers the types of blocks, which servers that start together would trip over. `wait`
ends when the schema is that of this image and can be written to, `wait-readable` also on a database that can only be
read. A schema that the image doesn't know is a newer image's: Prefect runs on it, so that an image can be rolled back
and pods of the last one may start during a rollout; nothing of it is migrated.

Where secrets are mounted, their passwords count: the Kubernetes secrets behind environment variables follow them after
minutes. With HAVEN_PASSWORD_VERSION nothing happens until the mounted secret has that version.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

LOCK = 4_248_202
"""Key of the advisory lock: any number that nothing else locks."""
PAUSE_SECONDS = 2
MAINTENANCE_DATABASE = "postgres"
REVISION = "select version_num from alembic_version"
SECRETS = Path("/run/secrets/haven")
"""Where the pod mounts its secrets, a folder for each with a file for each of its keys."""
PASSWORDS = {
    "PGUSER": ("PGPASSWORD", "PREFECT_SERVER_DATABASE_PASSWORD"),
    "HAVEN_DATABASE_USER": ("HAVEN_DATABASE_PASSWORD",),
}
"""Variable with a user -> those with its password."""


class AsyncpgSession:
    """A session of Prefect's driver."""

    def __init__(self, database: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(import_module("asyncpg").connect(database=database))

    def value(self, statement: str) -> Any:
        return self._loop.run_until_complete(self._connection.fetchval(statement))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


class PsycopgSession:
    """A session of MLflow's driver."""

    def __init__(self, database: str) -> None:
        self._connection = import_module("psycopg2").connect(dbname=database)
        self._connection.autocommit = True

    def value(self, statement: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def close(self) -> None:
        self._connection.close()


class Revisions(NamedTuple):
    """The schemas that an image knows."""

    head: str
    """Its own."""
    known: frozenset[str]
    """That one and those before it: of any other, a newer image is the author."""


def _revisions(script: Any) -> Revisions:
    return Revisions(str(script.get_current_head()), frozenset(each.revision for each in script.walk_revisions()))


def _prefect_revisions() -> Revisions:
    database = import_module("prefect.server.database")
    interface = database.provide_database_interface()
    config = import_module("prefect.server.database.alembic_commands").alembic_config()
    script = import_module("alembic.script").ScriptDirectory.from_config(config)
    script.version_locations = [str(interface.orm.versions_dir)]
    return _revisions(script)


def _mlflow_revisions() -> Revisions:
    config = import_module("mlflow.store.db.utils")._get_alembic_config(db_url="")
    return _revisions(import_module("alembic.script").ScriptDirectory.from_config(config))


def _mlflow_url() -> str:
    return f"postgresql+psycopg2:///{os.environ['PGDATABASE']}"


PROGRAMS: dict[str, tuple[type[Any], Callable[[], Revisions], Callable[[], list[list[str]]]]] = {
    "prefect": (
        AsyncpgSession,
        _prefect_revisions,
        lambda: [
            ["prefect", "server", "database", "upgrade", "--yes"],
            [sys.executable, __file__, "prefect", "register"],
        ],
    ),
    "mlflow": (PsycopgSession, _mlflow_revisions, lambda: [["mlflow", "db", "upgrade", _mlflow_url()]]),
}
"""Program -> its driver, the schema's revisions in this image, the commands that migrate."""
RUN_ON_NEWER = ("prefect",)
"""Programs that start on a newer schema than their own: MLflow 3.17 verifies it and refuses, Prefect 3.9 doesn't look
(both read 2026-11-26). [assumption] Prefect's releases add tables and columns, which older ones pass over."""


def _mounted(user: str, key: str) -> str:
    """A key of the mounted secret of a user; empty where none is mounted."""
    for each in SECRETS.glob("*/username"):
        file = each.with_name(key)
        if each.read_text() == user and file.is_file():
            return file.read_text()
    return ""


def take_mounted_passwords() -> bool:
    """Wait for the version of the password that is asked for, and take the mounted passwords.

    Returns:
        Whether the environment had another one: what starts after this still gets that.
    """
    own, wanted = os.environ.get("HAVEN_DATABASE_USER", os.environ["PGUSER"]), os.environ.get("HAVEN_PASSWORD_VERSION")
    printed = False
    while wanted and _mounted(own, "password") and _mounted(own, "version") != wanted:
        if not printed:
            print(f"waiting for version {wanted} of the mounted password of {own}", flush=True)
            printed = True
        time.sleep(PAUSE_SECONDS)
    differs = False
    for user, passwords in PASSWORDS.items():
        mounted = _mounted(os.environ[user], "password") if user in os.environ else ""
        for each in passwords:
            if mounted and each in os.environ and os.environ[each] != mounted:
                os.environ[each], differs = mounted, True
    return differs


def _attempt(session: type[Any], database: str, condition: Callable[[Any], str]) -> str:
    """Why the condition doesn't hold in a database; empty if it does."""
    try:
        connected = session(database)
    except Exception as error:  # noqa: BLE001  drivers have their own; the next attempt may succeed
        return f"no connection: {error}"
    try:
        return condition(connected)
    except Exception as error:  # noqa: BLE001
        return str(error)
    finally:
        connected.close()


def _until(session: type[Any], database: str, condition: Callable[[Any], str]) -> None:
    """Wait, and print why whenever the reason changes."""
    printed = ""
    while reason := _attempt(session, database, condition):
        if reason != printed:
            print(f"waiting for database {database}: {reason}", flush=True)
            printed = reason
        time.sleep(PAUSE_SECONDS)


def _writable(session: Any) -> str:
    read_only = session.value("select pg_is_in_recovery()") or session.value("show transaction_read_only") == "on"
    return "it can't be written to yet" if read_only else ""


def _verifier(password: str) -> str:
    """What PostgreSQL keeps of a password: in this form it is in no log of statements (PostgreSQL 17 documentation,
    pg_authid; read 2026-11-26)."""
    salt, rounds = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    client, server = (hmac.digest(salted, key, "sha256") for key in (b"Client Key", b"Server Key"))
    encoded = [base64.b64encode(each).decode() for each in (salt, hashlib.sha256(client).digest(), server)]
    return f"SCRAM-SHA-256${rounds}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def create_user(program: str) -> int:
    """Create the program's own user and its database, or give the user its password."""
    session, _, _ = PROGRAMS[program]
    user, name = os.environ["HAVEN_DATABASE_USER"], os.environ["PGDATABASE"]
    if not re.fullmatch("[a-z][a-z0-9_]{0,62}", user) or user == os.environ["PGUSER"]:
        print(f"user {user!r}: a user of its own, a lower-case letter, then lower-case letters, digits, underscores")
        return 2
    _until(session, MAINTENANCE_DATABASE, _writable)
    connected = session(MAINTENANCE_DATABASE)
    try:
        connected.value(f"select pg_advisory_lock({LOCK})")
        verb = "alter" if connected.value(f"select 1 from pg_roles where rolname = '{user}'") else "create"  # noqa: S608
        connected.value(f"{verb} role \"{user}\" login password '{_verifier(os.environ['HAVEN_DATABASE_PASSWORD'])}'")
        connected.value(f'grant "{user}" to current_user')  # only its members make a user own something
        exists = connected.value(f"select 1 from pg_database where datname = '{name}'")  # noqa: S608
        connected.value(f'{"alter" if exists else "create"} database "{name}" owner {"to " if exists else ""}"{user}"')
        connected.value(f'revoke all on database "{name}" from public')
    finally:
        connected.close()
    return 0


def migrate(program: str) -> int:
    """Create the database if it is missing, and migrate it while no other migration runs."""
    session, revision, commands = PROGRAMS[program]
    name = os.environ["PGDATABASE"]
    _until(session, MAINTENANCE_DATABASE, _writable)
    connected = session(MAINTENANCE_DATABASE)
    try:
        connected.value(f"select pg_advisory_lock({LOCK})")
        if not connected.value(f"select 1 from pg_database where datname = '{name}'"):  # noqa: S608  a checked name
            connected.value(f'create database "{name}"')
        revisions, actual = revision(), _actual(session, name)
        if actual and actual not in revisions.known:
            print(_newer(program, actual, revisions))
            return 0 if program in RUN_ON_NEWER else 1
        codes = (subprocess.run(each, check=False).returncode for each in commands())
        return next((code for code in codes if code), 0)
    finally:
        connected.close()


def _actual(session: type[Any], database: str) -> str:
    """The revision of a database's schema; empty for one that has none yet."""
    connected = session(database)
    try:
        there = connected.value("select to_regclass('alembic_version') is not null")
        return str(connected.value(REVISION) or "") if there else ""
    finally:
        connected.close()


def _newer(program: str, actual: str, revisions: Revisions) -> str:
    reason = f"its schema is {actual}, which this image doesn't know: a newer image than this one, of {revisions.head},"
    return reason + (
        " has migrated it, and this one goes on with it"
        if program in RUN_ON_NEWER
        else f" has migrated it, and {program} doesn't start on it: run that image, or restore a snapshot from before"
    )


def wait(program: str, *, readable: bool) -> int:
    """Wait for the schema of this image, or for a newer one where the program runs on it."""
    session, revision, _ = PROGRAMS[program]
    revisions = revision()

    def condition(connected: Any) -> str:
        if not readable and (reason := _writable(connected)):
            return reason
        actual = connected.value(REVISION)
        if actual == revisions.head:
            return ""
        if actual is None or actual in revisions.known:
            return f"its schema is {actual}, this image needs {revisions.head}"
        reason = _newer(program, actual, revisions)
        if program not in RUN_ON_NEWER:
            return reason
        print(reason, flush=True)
        return ""

    _until(session, os.environ["PGDATABASE"], condition)
    return 0


async def _register() -> None:
    interface = import_module("prefect.server.database").provide_database_interface()
    registration = import_module("prefect.server.models.block_registration")
    async with await interface.session() as session:
        await registration.run_block_auto_registration(session=session)


def main(program: str, step: str) -> int:
    """Run one step."""
    if step == "register":
        asyncio.run(_register())
        return 0
    outdated = take_mounted_passwords()
    if step == "user":
        return create_user(program)
    if step == "migrate":
        return migrate(program)
    code = wait(program, readable=step == "wait-readable")
    if outdated:
        print("the Kubernetes secret still has the last password: starting again until it has this one", flush=True)
    return code or int(outdated)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
