"""What a command loads before it knows that it needs it."""

import subprocess
import sys

from haven.base.exits import BAD_INPUT
from tests.environments import ROOT


def test_help_imports_none_of_the_heavy_packages() -> None:
    code = (
        "import contextlib, sys\n"
        "from haven.cli.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'pulumi', 'pulumi_aws', 'boto3', 'botocore', 'yaml', 'pydantic', 'grpc', 'rich', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Show what a stack would create" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_failover_that_its_words_refuse_imports_nothing_of_aws() -> None:
    words = ["failover", "x", "--region", "eu-west-1", "--to", "Frankfurt"]
    code = (
        "import sys\n"
        "from haven.cli.main import main\n"
        f"print(main({words}), sorted({{name.partition('.')[0] for name in sys.modules}} & "
        "{'pulumi', 'pulumi_aws', 'boto3', 'botocore', 'grpc', 'rich', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == f"{BAD_INPUT} []"
