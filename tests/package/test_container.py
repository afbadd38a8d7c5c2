"""The container's image: what it leaves out, and what its Dockerfile names."""

import re
import subprocess
import tomllib

from tests.environments import ROOT

INSTALL = ROOT / "container" / "install"


def test_the_image_leaves_out_what_plans_and_deploys_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    pruned = set(re.findall(r"--prune (\S+)", INSTALL.read_text()))
    assert pruned == {each for each in names if each.startswith("pulumi")} | {"resvg-py"}


def test_the_dockerfile_runs_the_script_that_a_test_runs_and_ends_without_root() -> None:
    lines = (ROOT / "container" / "Dockerfile").read_text().splitlines()
    instructions = [each for each in lines if each and not each.startswith(("#", " "))]
    assert "RUN /source/container/install /opt/haven" in instructions
    assert instructions.index("USER 65532") > instructions.index("COPY --from=build /opt/haven /opt/haven")
    assert instructions[-1] == 'ENTRYPOINT ["haven"]'


def test_the_script_without_a_directory_says_how_it_is_called() -> None:
    done = subprocess.run([str(INSTALL)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: container/install DIRECTORY\n")
