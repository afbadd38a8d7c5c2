"""A client of MLflow for tests: run by the Python of MLflow's environment. A model is a file with an answer."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

mlflow: Any = import_module("mlflow")


def register(model: str, answer: str) -> str:
    """Register a version; returns its number."""
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    with mlflow.start_run() as run:
        mlflow.log_text(answer, "model/answer.txt")
    return str(client.create_model_version(model, f"{run.info.artifact_uri}/model", run.info.run_id).version)


def load(model: str, alias: str) -> str:
    """The answer of the version with an alias, out of its artifact."""
    version = mlflow.MlflowClient().get_model_version_by_alias(model, alias)
    folder = mlflow.artifacts.download_artifacts(artifact_uri=version.source)
    return (Path(folder) / "answer.txt").read_text()


if __name__ == "__main__":
    print({"register": register, "load": load}[sys.argv[1]](*sys.argv[2:]))
