"""Runs a Pulumi program in this process and records what it declares. No engine, no plugin, no network."""

import asyncio
import contextvars
import inspect
import logging
import os
import runpy
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import _callbacks, mocks, resource, run_in_stack, set_all_config, settings
from pulumi.runtime.proto import callback_pb2, resource_pb2, resource_pb2_grpc, source_pb2

from haven.program import aws_types as aws
from haven.program import eks_cluster, placeholders, wire_format
from haven.program.process import without_garbage_collection
from haven.program.recording import Options, Recording, Resource, own_region, reference

Program = Callable[[], object] | Path
_Answer = TypeVar("_Answer")
_Arguments = TypeVarTuple("_Arguments")

_STACK = "pulumi:pulumi:Stack"
_STASH = "pulumi:index:Stash"
_AWS_PROVIDER = "pulumi:providers:aws"
_HAVEN = "haven:index:"
_TICK = 0.5
"""Seconds after which a waiting thread looks for signals: any thread may get one, the main thread handles it."""


def record(
    program: Program,
    *,
    stack: str,
    config: Mapping[str, str] | None = None,
    project: str = "haven",
    remembered: Mapping[str, Any] | None = None,
    first_deployment: bool = False,
    seen: Callable[[str], None] = lambda _: None,
) -> Recording:
    """Run `program` and return everything it declares. A program that calls a data source fails.

    Args:
        program: a callable that declares resources, or the directory of a program (its `__main__.py` is run).
        stack: the stack's name.
        config: the values that the program reads through `pulumi.Config`: full keys to text, as the engine passes them.
        project: the project's name.
        remembered: the content of the environment's Stash. Omitted: what a first deployment with these values would
            store, with the primary Region active.
        first_deployment: whether nothing is deployed yet; the Stash then answers just what it is given.
        seen: called with each resource's URN when it is registered, also in a run that fails later.

    Raises:
        Exception: whatever the program raises.
    """
    monitor = _Monitor(_Stash(remembered, first_deployment), seen)
    with _without_config_in_the_environment(), without_garbage_collection(), _without_stack_traces():
        _in_a_thread(_run, _entry(program), monitor, project, stack, dict(config or {}))
    return monitor.recording(project, stack)


def _in_a_thread(run: Callable[..., None], *arguments: Any) -> None:
    """Run to the end in a thread of its own, while this one can be interrupted.

    Python raises what a signal stands for in the main thread, whatever that is doing. Inside a program, Pulumi's
    runtime would catch it and wait for resources whose registration was cut off: for ever.
    """
    context = contextvars.copy_context()
    ended: Future[None] = Future()

    def to_the_end() -> None:
        try:
            context.run(run, *arguments)
        except BaseException as error:  # noqa: BLE001  it is raised where the caller waits
            ended.set_exception(error)
        else:
            ended.set_result(None)

    threading.Thread(target=to_the_end, name="program", daemon=True).start()
    while not wait([ended], _TICK).done:
        continue
    ended.result()


def _entry(program: Program) -> Callable[[], object]:
    return (lambda: runpy.run_path(str(program), run_name="__main__")) if isinstance(program, Path) else program


@contextmanager
def _without_config_in_the_environment() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PULUMI_CONFIG")}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextmanager
def _without_stack_traces() -> Iterator[None]:
    """Where a resource is declared is for the engine's own output: finding it takes an eighth of a program's time
    (2026-11-26)."""
    find = resource._get_stack_trace  # no public name, and no option
    resource._get_stack_trace = source_pb2.StackTrace
    try:
        yield
    finally:
        resource._get_stack_trace = find


def _run(entry: Callable[[], object], monitor: "_Monitor", project: str, stack: str, config: dict[str, str]) -> None:
    loop = _Loop()
    asyncio.set_event_loop(loop)
    quiet = logging.getLogger("asyncio")
    level = quiet.level
    # Futures that nobody awaits after a failed run would be reported one by one: the failure itself is raised.
    quiet.setLevel(logging.CRITICAL)
    try:
        settings.reset_options(project=project, stack=stack, preview=True, organization="organization")
        settings.SETTINGS.monitor = monitor
        settings.SETTINGS.engine = mocks.MockEngine(logging.getLogger(__name__))
        settings.SETTINGS.callbacks = monitor.callbacks
        set_all_config(config, [])
        loop.run_until_complete(settings._load_monitor_feature_support())  # as the language host does
        loop.run_until_complete(run_in_stack(lambda: _discard(entry())))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        quiet.setLevel(level)


class _Loop(asyncio.SelectorEventLoop):
    """Calls the monitor at once: Pulumi's runtime gives each call a thread, for an engine answers over the network.
    Threads and waking the loop for each answer took a fifteenth of a program's time (2026-11-27)."""

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002  asyncio's
        func: Callable[[Unpack[_Arguments]], _Answer],
        *args: *_Arguments,
    ) -> asyncio.Future[_Answer]:
        answered: asyncio.Future[_Answer] = self.create_future()
        try:
            answered.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  it is raised where the runtime waits
            answered.set_exception(error)
        return answered


def _discard(_: object) -> None:
    """Pulumi's runtime ignores a program's return value."""


class _Stash:
    """Replaces `pulumi.Stash`: its output is the value of the environment's first deployment."""

    def __init__(self, remembered: Mapping[str, Any] | None, first_deployment: bool) -> None:
        self._remembered = remembered
        self._first = first_deployment

    def outputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        value = inputs.get("input")
        if self._remembered is not None:
            value = dict(self._remembered)
        elif not self._first and isinstance(value, Mapping) and "regions" in value:
            value = {"regions": value["regions"], "active": value["regions"]["primary"]}
        return {"input": inputs.get("input"), "output": value}


class _Callbacks(_callbacks._CallbackServicer):
    """Keeps what a program gives the engine to call back. The engine would call over the network: here nothing listens,
    and the process has no gRPC running that would forbid it to fork."""

    def __init__(self, monitor: "_Monitor") -> None:  # not the base's, which makes the server
        self._callbacks = {}
        self._transforms = {}
        self._state_migrations = {}
        self._monitor = cast("resource_pb2_grpc.ResourceMonitorStub", monitor)
        self._target = ""

    def transforms(self, registered: Iterable[callback_pb2.Callback]) -> list[Any]:
        """The functions behind what a resource's registration names."""
        by_token = {token: function for function, token in self._transforms.items()}
        return [by_token[each.token] for each in registered]


class _Monitor(mocks.MockMonitor):
    """Replaces the engine's resource monitor and keeps every registration."""

    def __init__(self, stash: _Stash, seen: Callable[[str], None]) -> None:
        super().__init__(cast("mocks.Mocks", None))  # it answers by itself, and asks no mocks
        self._stash = stash
        self._seen = seen
        self._lock = threading.Lock()
        self._requests: dict[str, tuple[resource_pb2.RegisterResourceRequest, dict[str, Any]]] = {}
        self._transforms: dict[str, list[Any]] = {}
        self._outputs: dict[str, Any] = {}
        self.callbacks = _Callbacks(self)

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        lineage = parent.split("::")[2] if parent else _STACK
        qualified = type_ if lineage == _STACK else f"{lineage}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{qualified}::{name}"

    def Invoke(self, request: Any) -> Any:  # noqa: N802  the engine's name
        if request.tok != "pulumi:pulumi:getResource":
            raise ValueError(f"the program calls {request.tok}: a data source; pass its value as config")
        found = self.resources[request.args["urn"]]
        answer: dict[str, Any] = {"return": wire_format.write({"urn": found.urn, "id": found.id, "state": found.state})}
        return resource_pb2.ResourceInvokeResponse(**answer)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802  the engine's name
        raise ValueError(f"the program reads {request.type} {request.name!r}: a data source; pass its value as config")

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the engine's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = wire_format.read(request.object)
        state = self._keep(urn, request, inputs)
        if request.type == eks_cluster.CLUSTER:
            state |= self._expand_cluster(urn, request, inputs)
        identifier = reference(wire_format.key_of(urn), "id") if request.custom else ""
        secrets = frozenset(request.additionalSecretOutputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier, object=wire_format.write(state, secrets))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  the engine's name
        if f"::{_STACK}::" in request.urn:
            self._outputs = wire_format.read(request.outputs)
        return empty_pb2.Empty()

    def _keep(self, urn: str, request: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        key = wire_format.key_of(urn)
        state = self._stash.outputs(inputs) if request.type == _STASH else {}
        if request.custom and request.type != _STASH:
            state = placeholders.outputs(request.type, key, inputs)
        with self._lock:
            if urn in self._requests:
                raise ValueError(f"two resources have the URN {urn}")
            self._seen(urn)
            self._requests[urn] = (request, inputs)
            self._transforms[urn] = self.callbacks.transforms(request.transforms)
            plain = placeholders.unwrapped(state)
            self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, reference(key, "id"), plain)
        return state

    def _expand_cluster(self, urn: str, request: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        name, made = eks_cluster.control_plane(request.name, placeholders.unwrapped(inputs))
        made = self._transformed(urn, name, made)
        child = resource_pb2.RegisterResourceRequest(
            type=aws.EKS_CLUSTER,
            name=name,
            parent=urn,
            custom=True,
            provider=request.providers.get("aws", request.provider),
            protect=request.protect,
            retainOnDelete=request.retainOnDelete,
            ignoreChanges=eks_cluster.IGNORED,
            dependencies=request.dependencies,
            object=wire_format.write(made),
        )
        child_urn = self.make_urn(urn, aws.EKS_CLUSTER, name)
        state = placeholders.unwrapped(self._keep(child_urn, child, made))
        key = wire_format.key_of(child_urn)
        return {
            "eksCluster": wire_format.resource_reference(child_urn, reference(key, "id")),
            "clusterSecurityGroupId": state["vpcConfig"]["clusterSecurityGroupId"],
            "kubeconfig": {"apiVersion": "v1", "kind": "Config"},
            "kubeconfigJson": reference(key, "kubeconfig"),
        }

    def _transformed(self, parent: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs after the transforms of all components that contain the resource, from the inside out."""
        while parent in self._requests:
            for transform in self._transforms[parent]:
                arguments = pulumi.ResourceTransformArgs(
                    custom=True, type_=aws.EKS_CLUSTER, name=name, props=inputs, opts=pulumi.ResourceOptions()
                )
                result = transform(arguments)
                if inspect.isawaitable(result):
                    result = _waited_for(result)
                if result is not None:
                    inputs = dict(result.props)
            parent = self._requests[parent][0].parent
        return inputs

    def recording(self, project: str, stack: str) -> Recording:
        """All registrations so far, by URN."""
        records = eks_cluster.placed([self._record(urn) for urn in sorted(self._requests)])
        return Recording(project, stack, records, self._outputs)

    def _record(self, urn: str) -> Resource:
        request, inputs = self._requests[urn]
        provider = request.provider.rpartition("::")[0]
        component = self._outermost_component(urn)
        return Resource(
            key=wire_format.key_of(urn),
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent="" if f"::{_STACK}::" in request.parent else request.parent,
            provider=provider,
            region=own_region(request.type, inputs) or self._region(provider),
            component=component.type.removeprefix(_HAVEN) if component else None,
            component_name=component.name if component else None,
            inputs=inputs,
            options=_options(request),
        )

    def _outermost_component(self, urn: str) -> Any:
        found = None
        while urn in self._requests:
            request = self._requests[urn][0]
            if request.type.startswith(_HAVEN):
                found = request
            urn = request.parent
        return found

    def _region(self, provider: str) -> str | None:
        if provider not in self._requests or self._requests[provider][0].type != _AWS_PROVIDER:
            return None
        region = self._requests[provider][1].get("region")
        return str(region) if region is not None else None


def _waited_for(result: Awaitable[Any]) -> Any:
    """In a thread of its own: this one runs the program's loop."""

    async def awaited() -> None:
        answers.append(await result)

    answers: list[Any] = []
    _in_a_thread(lambda: asyncio.run(awaited()))
    return answers[0]


def _options(request: Any) -> Options:
    return Options(
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        ignore_changes=_sorted(request.ignoreChanges),
        replace_on_changes=_sorted(request.replaceOnChanges),
        aliases=_sorted(
            [*request.aliasURNs, *(name for each in request.aliases if (name := each.urn or each.spec.name))]
        ),
        dependencies=_sorted(request.dependencies),
        property_dependencies={
            name: _sorted(each.urns) for name, each in request.propertyDependencies.items() if each.urns
        },
    )


def _sorted(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(values))
