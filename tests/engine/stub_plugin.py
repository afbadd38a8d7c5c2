#!/usr/bin/env python3
"""Plays a Pulumi resource plugin without a cloud: every resource is accepted as it is given, and answers its inputs.

The name that it is started under is that of the package it plays: `pulumi-resource-aws` plays `aws`. Of what only the
real provider knows it has, in a file beside it, what that one answers beyond the inputs: computed values, defaults and
zero values. In a preview they are unknown, and so is every input with something unknown in it, as the real provider's
sets are. Schemas, refusals and which change replaces it doesn't know. Look-ups fail: programs make none.

As `kubernetes` it keeps objects as pulumi-kubernetes does, and plays clusters that don't answer: those whose
`clusterIdentifier` is in STUB_PLUGIN_SILENT_CLUSTERS.
"""

# ruff: noqa: N802  gRPC's methods
import hashlib
import json
import os
import sys
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

PACKAGE = Path(sys.argv[0]).name.removeprefix("pulumi-resource-")
VERSION = Path(sys.argv[0]).parent.name.rpartition("-v")[2]
ANSWERS = Path(sys.argv[0]).with_name("answers.json")
ANSWERED = json.loads(ANSWERS.read_text()) if PACKAGE == "aws" and ANSWERS.is_file() else {}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How an engine marks a value that is known only later (its wire format)."""
SIGNATURE, REFERENCE = "4dabf18193072939515e22adb298388d", "5cf8f73096256a8f31e491e813e4eb8e"
"""How Pulumi marks a value as a reference to a resource (its wire format)."""
SILENT = set(os.environ.get("STUB_PLUGIN_SILENT_CLUSTERS", "").split(","))
UNREACHABLE = "configured Kubernetes cluster is unreachable"


def state(urn: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """What a resource answers: its inputs, what its provider adds, and an ARN and a name where it was given none."""
    answered = struct_pb2.Struct()
    given = json_format.MessageToDict(inputs)
    if PACKAGE == "kubernetes":
        answered.update(kept_by_cluster(urn, given))
        return answered
    full = completed(given, ANSWERED.get(kind(urn), {}), identity(urn))
    if "id" in full:
        full["id"] = identity(urn)
    if kind(urn) == "aws:acm/certificate:Certificate":
        full["domainValidationOptions"] = validation_options(given)
    answered.update({"arn": f"arn:aws:stub:::{identity(urn)}", "name": identity(urn), "result": "stub", **full})
    return answered


def validation_options(certificate: dict[str, Any]) -> list[dict[str, str]]:
    """The DNS records by which ACM lets the owner of a certificate's domains prove it, one for each domain."""
    domains = dict.fromkeys([certificate["domainName"], *certificate.get("subjectAlternativeNames", ())])
    return [
        {
            "domainName": domain,
            "resourceRecordName": f"_{hashlib.sha256(domain.encode()).hexdigest()[:32]}.{domain.removeprefix('*.')}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"_{hashlib.sha256(domain.encode()).hexdigest()[32:]}.acm-validations.aws.",
        }
        for domain in domains
    ]


def planned(urn: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """What a preview shows of a resource that is to be created."""
    answered = struct_pb2.Struct()
    given = json_format.MessageToDict(inputs)
    known = {name: value for name, value in given.items() if UNKNOWN not in json.dumps(value)}
    answered.update({**dict.fromkeys([*ANSWERED.get(kind(urn), {}), *given], UNKNOWN), **known})
    return answered


def completed(given: Any, added: Any, path: str) -> Any:
    """A value with what the provider adds to it, at any depth."""
    if isinstance(given, dict) and isinstance(added, dict):
        new = {name: completed(value, None, f"{path}-{name}") for name, value in added.items() if name not in given}
        kept = {name: completed(value, added.get(name), path) for name, value in given.items()}
        return {name: value for name, value in {**new, **kept}.items() if added.get(name) != "<lost>"}
    if isinstance(given, list) and isinstance(added, list) and added:
        return [completed(each, added[0], path) for each in given]
    if isinstance(given, dict):
        return {name: completed(value, None, path) for name, value in given.items()}
    if isinstance(given, list):
        return [completed(each, None, path) for each in given]
    return f"computed-{path}" if given == "<text>" else given


def kind(urn: str) -> str:
    """The type in a URN."""
    return urn.split("::")[2].rpartition("$")[2]


def kept_by_cluster(urn: str, given: dict[str, Any]) -> dict[str, Any]:
    """A Kubernetes object as its cluster keeps it; a Helm release with its status."""
    if kind(urn) == "kubernetes:helm.sh/v3:Release":
        namespace, _, name = identity(urn, given).rpartition("/")
        return {**given, "status": {"name": name, "namespace": namespace, "status": "deployed"}}
    metadata = {"namespace": "default", **given.get("metadata", {}), "uid": hashlib.sha256(urn.encode()).hexdigest()}
    return {**given, "metadata": metadata}


def identity(urn: str, given: dict[str, Any] | None = None) -> str:
    """An id that is the same in every run; of a Kubernetes object or a Helm release its namespace and name."""
    if given is not None and PACKAGE == "kubernetes":
        named = given.get("metadata", given)
        return f"{named.get('namespace', 'default')}/{named['name']}"
    name = urn.rpartition("::")[2]
    return f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One package's provider: each provider resource has a process of its own."""

    def __init__(self) -> None:
        self._silent = False
        self._skips = False

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
        given = json_format.MessageToDict(request.args)
        self._silent = PACKAGE == "kubernetes" and given.get("clusterIdentifier") in SILENT
        self._skips = given.get("skipUpdateUnreachable") in (True, "true")
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        if self._silent and self._skips:
            _warn(request.urn, "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
            return provider_pb2.CheckResponse(inputs=request.olds)
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        names = {*request.old_inputs.fields, *request.news.fields}
        changed = [each for each in sorted(names) if request.old_inputs.fields[each] != request.news.fields[each]]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:
        if request.preview:
            return provider_pb2.CreateResponse(properties=planned(request.urn, request.properties))
        self._reach(context)
        made = identity(request.urn, json_format.MessageToDict(request.properties))
        return provider_pb2.CreateResponse(id=made, properties=state(request.urn, request.properties))

    def Update(self, request: Any, context: Any) -> Any:
        if not request.preview:
            self._reach(context)
        return provider_pb2.UpdateResponse(properties=state(request.urn, request.news))

    def Read(self, request: Any, context: Any) -> Any:
        if "STUB_PLUGIN_REFUSES_READS" in os.environ:
            context.abort(grpc.StatusCode.INTERNAL, f"{request.urn} is read")
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:
        self._reach(context)
        return empty_pb2.Empty()

    def _reach(self, context: Any) -> None:
        """Refuse, where the cluster doesn't answer."""
        if self._silent:
            context.abort(grpc.StatusCode.UNKNOWN, UNREACHABLE)

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
                plane = _control_plane(monitor, request, made.urn)
                answered["eksCluster"] = {SIGNATURE: REFERENCE, "urn": plane.urn, "id": plane.id}
                answered["kubeconfigJson"] = _kubeconfig(plane)
                _kubernetes(monitor, request, made.urn)
        return provider_pb2.ConstructResponse(urn=made.urn, state=answered)

    def Invoke(self, request: Any, context: Any) -> Any:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"the program looks up {request.tok}")

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _warn(urn: str, message: str) -> None:
    """A warning beside a resource, in what the engine shows."""
    with grpc.insecure_channel(sys.argv[1]) as channel:
        log = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
        engine_pb2_grpc.EngineStub(channel).Log(log)


def _control_plane(monitor: Any, request: Any, parent: str) -> Any:
    inputs = struct_pb2.Struct()
    inputs["name"] = request.name
    return monitor.RegisterResource(
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


def _kubeconfig(plane: Any) -> str:
    """How to reach a control plane; before it is there, that isn't known."""
    endpoint = json_format.MessageToDict(plane.object).get("endpoint", UNKNOWN)
    if endpoint == UNKNOWN:
        return UNKNOWN
    clusters = [{"name": plane.id, "cluster": {"server": f"https://{endpoint}"}}]
    return json.dumps({"apiVersion": "v1", "kind": "Config", "clusters": clusters})


def _kubernetes(monitor: Any, request: Any, parent: str) -> None:
    """The provider that pulumi-eks makes for itself."""
    inputs = struct_pb2.Struct()
    inputs["kubeconfig"] = "{}"
    monitor.RegisterResource(
        resource_pb2.RegisterResourceRequest(
            type="pulumi:providers:kubernetes",
            name=f"{request.name}-eks-k8s",
            parent=parent,
            custom=True,
            object=inputs,
            acceptSecrets=True,
        )
    )


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    while True:  # the engine ends it
        time.sleep(60)
