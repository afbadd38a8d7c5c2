#!/usr/bin/env python3
"""Plays a Pulumi resource plugin without a cloud: every resource is accepted as it is given, and answers its inputs.

The name that it is started under says which package it plays: `pulumi-resource-aws` plays `aws`. What only the real
provider knows (schemas, defaults, refusals, which change replaces) it doesn't. Look-ups fail: programs make none.
"""

# ruff: noqa: N802  gRPC's methods
import hashlib
import json
import sys
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, resource_pb2, resource_pb2_grpc

PACKAGE = Path(sys.argv[0]).name.removeprefix("pulumi-resource-")
VERSION = Path(sys.argv[0]).parent.name.rpartition("-v")[2]
SIGNATURE, REFERENCE = "4dabf18193072939515e22adb298388d", "5cf8f73096256a8f31e491e813e4eb8e"
"""How Pulumi marks a value as a reference to a resource (its wire format)."""


def state(urn: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """What a resource answers: its inputs, and an ARN and a name where it was given none."""
    answered = struct_pb2.Struct()
    answered.update({"arn": f"arn:aws:stub:::{identity(urn)}", "name": identity(urn), "result": "stub"})
    answered.MergeFrom(inputs)
    return answered


def identity(urn: str) -> str:
    """An id that is the same in every run."""
    name = urn.rpartition("::")[2]
    return f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One package's provider."""

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": PACKAGE, "version": VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        names = {*request.old_inputs.fields, *request.news.fields}
        changed = [each for each in sorted(names) if request.old_inputs.fields[each] != request.news.fields[each]]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        return provider_pb2.CreateResponse(id=identity(request.urn), properties=state(request.urn, request.properties))

    def Update(self, request: Any, context: Any) -> Any:
        return provider_pb2.UpdateResponse(properties=state(request.urn, request.news))

    def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Construct(self, request: Any, context: Any) -> Any:
        """A component of the package; of pulumi-eks's cluster also the control plane, which it answers."""
        with grpc.insecure_channel(request.monitorEndpoint) as channel:
            monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
            component = {"type": request.type, "name": request.name, "parent": request.parent}
            made = monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(**component, object=request.inputs, acceptSecrets=True)
            )
            answered = state(made.urn, request.inputs)
            if request.type == "eks:index:Cluster":
                answered["eksCluster"] = _control_plane(monitor, request, made.urn)
        return provider_pb2.ConstructResponse(urn=made.urn, state=answered)

    def Invoke(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"the program looks up {request.tok}")

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _control_plane(monitor: Any, request: Any, parent: str) -> dict[str, str]:
    inputs = struct_pb2.Struct()
    inputs["name"] = request.name
    made = monitor.RegisterResource(
        resource_pb2.RegisterResourceRequest(
            type="aws:eks/cluster:Cluster",
            name=f"{request.name}-eksCluster",
            parent=parent,
            custom=True,
            object=inputs,
            provider=request.providers.get("aws", ""),
            acceptSecrets=True,
        )
    )
    return {SIGNATURE: REFERENCE, "urn": made.urn, "id": made.id}


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    while True:  # the engine ends it
        time.sleep(60)
