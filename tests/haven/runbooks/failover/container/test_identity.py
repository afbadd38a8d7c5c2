"""Who works, in a container whose user has no name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.haven.runbooks.loopback_aws import LoopbackAws, serving

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become a user without a name")

USER = next(
    int(words[1])
    for line in (ROOT / "container" / "Dockerfile").read_text().splitlines()
    if (words := line.split())[:1] == ["USER"]
)
CODE = """
from haven.runbooks.clients import clients, signed_in
from haven.runbooks.failover.assembly import identity
print(identity(clients(None, credentials=signed_in(["eu-central-1"])), "eu-central-1"))
"""


def test_an_operator_without_a_name_on_this_machine_is_known_by_the_principal_and_a_number(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("USER", "LOGNAME", "LNAME", "USERNAME")}
    with serving(LoopbackAws()) as aws:
        variables = {
            **kept,
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env=variables,
            cwd=ROOT,
            preexec_fn=lambda: os.setresuid(USER, -1, -1),  # of the three only the real one: Python stays readable
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"arn:aws:iam::111122223333:user/deployer (uid {USER}@"), done.stdout
