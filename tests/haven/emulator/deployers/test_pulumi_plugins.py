"""Plugins of the Pulumi CLI: found where the engine looks, and taken only when they are what the program needs."""

import sys
from pathlib import Path

import pytest

from haven.emulator.deployers import pulumi_plugins

PLUGIN = """#!{python}
import sys
from concurrent import futures
import grpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc

class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="{version}")

server = grpc.server(futures.ThreadPoolExecutor(1))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH; the CLI's own home is empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return tmp_path


def put(directory: Path, text: str) -> None:
    plugin = directory / "pulumi-resource-random"
    plugin.write_text(text)
    plugin.chmod(0o755)


def test_a_plugin_on_path_of_the_sdks_major_version_is_taken(on_path: Path) -> None:
    put(on_path, PLUGIN.format(python=sys.executable, version=f"v{pulumi_plugins.wanted('random')}"))
    assert pulumi_plugins.installed("random")


def test_a_plugin_on_path_of_another_major_version_is_not_the_one(on_path: Path) -> None:
    put(on_path, PLUGIN.format(python=sys.executable, version="99.0.0"))
    assert not pulumi_plugins.installed("random")


def test_a_plugin_that_does_not_start_is_not_the_one(on_path: Path) -> None:
    put(on_path, f"#!{sys.executable}\nraise SystemExit(1)\n")
    assert not pulumi_plugins.installed("random")


def test_a_plugin_that_the_cli_keeps_is_taken(on_path: Path) -> None:
    assert not pulumi_plugins.installed("random")
    (on_path / "home/plugins" / f"resource-random-v{pulumi_plugins.wanted('random')}").mkdir(parents=True)
    assert pulumi_plugins.installed("random")
