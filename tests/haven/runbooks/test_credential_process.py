"""A profile's `credential_process` that never ends: it is given up in its time, and Ctrl-C doesn't wait for it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.base.exits import INTERRUPTED
from haven.runbooks import signing_in
from haven.runbooks.clients import signed_in
from haven.runbooks.credentials import CredentialsError
from tests.environments import ROOT
from tests.haven.runbooks.failover.ground import HAVEN
from tests.simulation.model import P, R

OWN = "[profile op]\ncredential_process = sh -c 'sleep 600'\n"
OF_A_ROLE = """
[profile op]
role_arn = arn:aws:iam::111122223333:role/haven-prod-operator
source_profile = vault
[profile vault]
credential_process = sh -c 'sleep 600'
"""


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "op")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return dict(os.environ)


@pytest.mark.parametrize(("profiles", "named"), [(OWN, "op"), (OF_A_ROLE, "vault")])
def test_it_is_one_error_with_the_profile_and_the_deadline(
    profiles: str, named: str, tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(profiles)
    monkeypatch.setattr(signing_in, "PROCESS_SECONDS", 0.5)
    expected = f"credential_process of profile {named} gave no credentials within 0.5 s: run it by hand"
    with pytest.raises(CredentialsError, match=expected):
        signed_in((P, R))


def test_ctrl_c_ends_the_command_that_waits_for_it(
    tmp_path: Path, variables: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    (tmp_path / "config").write_text(f"[profile op]\ncredential_process = sh -c 'touch {tmp_path}/begun; sleep 600'\n")
    words = [*HAVEN, "failover", "prod", "--region", P, "--region", R, "--to", R, "--dry-run"]
    with subprocess.Popen(words, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "begun").exists():
            assert process.poll() is None
            time.sleep(0.02)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait()
        record_property("figure", f"Ctrl-C at a credential_process that hangs: {time.monotonic() - begin:.2f} s")
    assert process.returncode == INTERRUPTED
