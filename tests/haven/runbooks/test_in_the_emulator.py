"""Commands that ask AWS, run as the on-call engineer runs them: a process of its own, its own clients, the emulator."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven.base.exits import FINDINGS
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from infra.config.settings import EMULATOR_ACCOUNT
from tests.environments import PRIMARY, RECOVERY, ROOT, environment

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        yield running.url


def haven(command: str, url: str, place: Path, *options: str, **changes: Any) -> tuple[int, str]:
    """Exit code and output of `haven COMMAND` for stack `warm`, some of whose keys are changed."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.warm.yaml").read_text())
    document["config"] |= {"haven:emulator": url, **{f"haven:{name}": value for name, value in changes.items()}}
    file = place / "Pulumi.warm.yaml"
    file.write_text(yaml.safe_dump(document))
    words = [sys.executable, "-m", "haven", command, str(file), *options, "-C", str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_check_destroy_reads_the_writing_region_from_the_emulator(url: str, tmp_path: Path) -> None:
    manifest = environment("warm").outputs["manifest"]
    name, sides = manifest["database"]["globalCluster"], manifest["sides"]
    rds = {region: Clients(url).of("rds", region) for region in (PRIMARY, RECOVERY)}
    rds[PRIMARY].create_global_cluster(GlobalClusterIdentifier=name, Engine="aurora-postgresql")
    password = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret-1"}
    arns = {}
    for region, more in ((PRIMARY, password), (RECOVERY, {})):
        made = rds[region].create_db_cluster(
            DBClusterIdentifier=sides[region]["database"]["cluster"],
            Engine="aurora-postgresql",
            GlobalClusterIdentifier=name,
            **more,
        )
        arns[region] = made["DBCluster"]["DBClusterArn"]
    rds[RECOVERY].failover_global_cluster(
        GlobalClusterIdentifier=name, TargetDbClusterIdentifier=arns[RECOVERY], AllowDataLoss=True
    )
    code, output = haven("check-destroy", url, tmp_path)
    assert (code, f'the database: got "{RECOVERY}" as the writing Region' in output) == (FINDINGS, True)


def test_preflight_knows_the_account_that_the_emulator_answers_for(url: str, tmp_path: Path) -> None:
    code, output = haven("preflight", url, tmp_path, "--json", account=EMULATOR_ACCOUNT)
    account, *others = json.loads(output)["checks"]
    assert (account["what"], account["status"]) == ("the credentials", "ok")
    assert list(dict.fromkeys(each["region"] for each in others)) == [PRIMARY, RECOVERY]
    # The emulator has neither quotas, but for Lambda's, nor offerings: that is unknown, and unknown is not fine.
    assert {each["status"] for each in others if "lambda" not in each["what"]} == {"unknown"}
    assert code == FINDINGS
