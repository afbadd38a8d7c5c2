"""The resource plugins that the Pulumi CLI would use, and whether they are the ones that the program is written for."""

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
"""Plugins want to be told an engine's address when they start; asked for their version they don't use it."""


def home() -> Path:
    """Where the CLI keeps what it downloads."""
    return Path(os.environ.get("PULUMI_HOME", "~/.pulumi")).expanduser()


def wanted(name: str) -> str:
    """The version of a plugin that belongs to the installed SDK."""
    return version(f"pulumi-{name}")


def installed(name: str) -> bool:
    """Whether the CLI would find a plugin of the SDK's major version: on PATH first, as the engine looks for it."""
    on_path = shutil.which(f"pulumi-resource-{name}")
    if on_path is None:
        return (home() / "plugins" / f"resource-{name}-v{wanted(name)}").is_dir()
    found = _version(on_path)
    return found is not None and _major(found) == _major(wanted(name))


def _major(text: str) -> str:
    return text.removeprefix("v").partition(".")[0]


def _version(plugin: str) -> str | None:
    """The version that a plugin gives itself, or None where it doesn't answer."""
    process = subprocess.Popen(
        [plugin, _NO_ENGINE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process.stdout or nullcontext() as said:
        try:
            port = said.readline().strip() if said else ""
            return _asked(port) if port.isdigit() else None
        finally:
            end(process)


def _asked(port: str) -> str | None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        provider = provider_pb2_grpc.ResourceProviderStub(channel)
        try:
            answer = provider.GetPluginInfo(empty_pb2.Empty(), timeout=_ANSWERS_WITHIN, wait_for_ready=True)
        except grpc.RpcError:
            return None
    return str(answer.version)
