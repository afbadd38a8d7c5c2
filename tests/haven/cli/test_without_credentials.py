"""What commands that ask AWS do on a machine without credentials, and with Regions that are none."""

from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, MISSING_DEPENDENCY
from tests.haven.cli.small_project import Run, write_stack

STACK = (
    "haven:tier: warm",
    "haven:account: '111122223333'",
    "haven:regions: {primary: eu-west-1, recovery: eu-central-1}",
)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("command", [("preflight",), ("preflight", "--failover"), ("status",)])
def test_a_machine_without_credentials_lacks_something(command: tuple[str, ...], project: Path, run: Run) -> None:
    write_stack(project, "prod", *STACK)
    code, shown, problems = run(command[0], "prod", *command[1:])
    assert code == MISSING_DEPENDENCY
    assert "credentials" in shown + problems


@pytest.mark.parametrize("command", ["status", "preflight --failover", "failover --to eu-west-1"])
def test_a_region_that_is_none_is_refused_before_anybody_is_asked(command: str, project: Path, run: Run) -> None:
    first, *more = command.split()
    code, shown, problems = run(first, "prod", *more, "--region", "Foo", "--region", "eu-west-1")
    assert (code, shown) == (BAD_INPUT, "")
    assert problems.splitlines()[1:] == [
        '  --region: got "Foo"; allowed: a Region\'s name; fix: write a Region, such as --region eu-west-1'
    ]
