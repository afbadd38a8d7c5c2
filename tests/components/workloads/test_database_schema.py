"""What runs before the servers of Prefect and MLflow: which password it takes, and for which schema it waits."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from haven_components.workloads.scripts import database_schema as script

USER = "haven_registry"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pod of the registry, whose environment has the password from before a rotation."""
    monkeypatch.setattr(script, "SECRETS", tmp_path)
    monkeypatch.setattr(script, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("PGUSER", USER)
    monkeypatch.setenv("PGPASSWORD", "old")
    monkeypatch.setenv("PGDATABASE", "registry")
    monkeypatch.delenv("HAVEN_PASSWORD_VERSION", raising=False)
    monkeypatch.delenv("HAVEN_DATABASE_USER", raising=False)
    return tmp_path


def mount(folder: Path, name: str, **keys: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    for key, value in keys.items():
        (folder / name / key).write_text(value)


def test_without_a_mounted_secret_the_environment_counts() -> None:
    assert not script.take_mounted_passwords()
    assert os.environ["PGPASSWORD"] == "old"


def test_the_mounted_password_counts_before_the_kubernetes_secret_has_it(environment: Path) -> None:
    mount(environment, "administrator", username="haven_admin", password="another")
    mount(environment, "database", username=USER, password="new")
    assert script.take_mounted_passwords()
    assert os.environ["PGPASSWORD"] == "new"
    assert not script.take_mounted_passwords()


def test_a_migration_gives_its_user_the_mounted_password(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "haven_admin")
    monkeypatch.setenv("HAVEN_DATABASE_USER", USER)
    monkeypatch.setenv("HAVEN_DATABASE_PASSWORD", "old")
    mount(environment, "administrator", username="haven_admin", password="another")
    mount(environment, "database", username=USER, password="new")
    assert script.take_mounted_passwords()
    assert (os.environ["PGPASSWORD"], os.environ["HAVEN_DATABASE_PASSWORD"]) == ("another", "new")


def test_nothing_happens_before_the_mounted_secret_has_the_version_that_is_asked_for(
    environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Region's replica follows the primary's secret, and the driver the replica."""
    monkeypatch.setenv("HAVEN_PASSWORD_VERSION", "2")
    mount(environment, "database", username=USER, password="old")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        mount(environment, "database", version=str(len(waits)), password="new" if len(waits) == 2 else "old")

    monkeypatch.setattr(time, "sleep", sleep)
    assert script.take_mounted_passwords()
    assert len(waits) == 2
    assert os.environ["PGPASSWORD"] == "new"
    assert capsys.readouterr().out == f"waiting for version 2 of the mounted password of {USER}\n"


REVISIONS = script.Revisions("b", frozenset("ab"))


class Session:
    """A database whose schema is of a revision."""

    revision = "b"

    def __init__(self, database: str) -> None:
        self.database = database

    def value(self, statement: str) -> Any:
        answers = {script.REVISION: self.revision, "show transaction_read_only": "off"}
        return answers.get(statement, "to_regclass" in statement or "pg_database" in statement)

    def close(self) -> None:
        pass


def test_a_server_does_not_start_with_the_password_from_before_a_rotation(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would get the environment's: the container before it ends with an error until that has the new one."""
    monkeypatch.setitem(script.PROGRAMS, "mlflow", (Session, lambda: REVISIONS, list))
    mount(environment, "database", username=USER, password="new")
    assert script.main("mlflow", "wait") == 1
    assert script.main("mlflow", "wait") == 0


class Newer(Session):
    """The same, migrated by an image that this one doesn't know."""

    revision = "c"


class Older(Session):
    revision = "a"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What migrated."""
    done: list[str] = []

    def run(command: list[str], **_: Any) -> Any:
        done.extend(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return done


def _program(monkeypatch: pytest.MonkeyPatch, name: str, session: type[Any]) -> None:
    monkeypatch.setitem(script.PROGRAMS, name, (session, lambda: REVISIONS, lambda: [["upgrade"]]))


@pytest.mark.parametrize("step", ["wait", "wait-readable"])
def test_pods_of_the_last_image_start_on_a_schema_that_a_newer_one_has_migrated(
    step: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _program(monkeypatch, "prefect", Newer)
    assert script.main("prefect", step) == 0
    assert "its schema is c, which this image doesn't know" in capsys.readouterr().out


def test_a_schema_that_is_known_and_older_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _program(monkeypatch, "prefect", Older)

    def give_up(_: float) -> None:
        raise TimeoutError

    monkeypatch.setattr(time, "sleep", give_up)
    with pytest.raises(TimeoutError):
        script.main("prefect", "wait")


def test_mlflow_s_pods_say_that_they_do_not_start_on_a_newer_schema(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _program(monkeypatch, "mlflow", Newer)
    monkeypatch.setattr(time, "sleep", lambda _: monkeypatch.setattr(Newer, "revision", "b"))
    assert script.main("mlflow", "wait") == 0
    assert "mlflow doesn't start on it: run that image, or restore a snapshot" in capsys.readouterr().out


def test_a_rolled_back_image_migrates_nothing_of_a_newer_schema(
    monkeypatch: pytest.MonkeyPatch, commands: list[str]
) -> None:
    for program, code in (("prefect", 0), ("mlflow", 1)):
        _program(monkeypatch, program, Newer)
        assert script.main(program, "migrate") == code
    assert commands == []
    _program(monkeypatch, "mlflow", Older)
    assert script.main("mlflow", "migrate") == 0
    assert commands == ["upgrade"]
