"""Finds the resource plugins of the Pulumi CLI and checks that their versions fit the installed SDKs."""

import os
import shutil
import subprocess
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from haven.base.processes import end

NAMES = ("aws", "eks", "kubernetes", "random")
_ANSWERS_WITHIN = 20.0
_NO_ENGINE = "127.0.0.1:1"
"""An unused engine address: plugins require one to start, but answer with their version without it."""


def home() -> Path:
    """The folder in which the CLI keeps downloads."""
    return Path(os.environ.get("PULUMI_HOME", "~/.pulumi")).expanduser()


def wanted(name: str) -> str:
    """The plugin version that belongs to the installed SDK."""
    return version(f"pulumi-{name}")


def installed(name: str) -> bool:
    """Whether the CLI finds a plugin of the SDK's major version; like the engine, this looks on PATH first."""
    on_path = shutil.which(f"pulumi-resource-{name}")
    if on_path is None:
        return (home() / "plugins" / f"resource-{name}-v{wanted(name)}").is_dir()
    found = _version(on_path)
    return found is not None and _major(found) == _major(wanted(name))


def _major(text: str) -> str:
    return text.removeprefix("v").partition(".")[0]


def _version(plugin: str) -> str | None:
    """The version that a plugin answers with, or None if it does not answer."""
    process = subprocess.Popen(
        [plugin, _NO_ENGINE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process.stdout or nullcontext() as output:
        try:
            port = output.readline().strip() if output else ""
            return _ask_version(port) if port.isdigit() else None
        finally:
            end(process)


def _ask_version(port: str) -> str | None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        provider = provider_pb2_grpc.ResourceProviderStub(channel)
        try:
            answer = provider.GetPluginInfo(empty_pb2.Empty(), timeout=_ANSWERS_WITHIN, wait_for_ready=True)
        except grpc.RpcError:
            return None
    return str(answer.version)
