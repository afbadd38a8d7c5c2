"""Flows for tests: run by the Python of Prefect's environment."""

import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

prefect: Any = import_module("prefect")


@prefect.task  # type: ignore[untyped-decorator]
def one(number: int) -> int:
    time.sleep(0.2)
    return number


@prefect.flow(flow_run_name="counting")  # type: ignore[untyped-decorator]
def counting(numbers: int) -> int:
    return len([one(each) for each in range(numbers)])


@prefect.flow  # type: ignore[untyped-decorator]
def waiting() -> None:
    """Runs until a file exists."""
    while not Path(os.environ["MARKER"]).exists():
        time.sleep(0.5)


def deploy() -> str:
    """A deployment of `waiting` in the work pool `training`, and a flow run of it; returns the flow run's id."""
    source = prefect.flow.from_source(source=str(Path(__file__).parent), entrypoint=f"{Path(__file__).name}:waiting")
    source.deploy(name="test", work_pool_name="training", build=False, push=False, image="flows@sha256:0")
    run = import_module("prefect.deployments").run_deployment("waiting/test", timeout=0)
    return str(run.id)


if __name__ == "__main__":
    if sys.argv[1] == "counting":
        print("counted", counting(int(sys.argv[2])))
    else:
        print("flow run", deploy())
