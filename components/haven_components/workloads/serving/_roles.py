"""The Deployments of one model: servers, canary, fallback."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from haven_components.workloads import _pods
from haven_components.workloads.serving import _documents
from haven_components.workloads.serving._args import (
    API_PATH,
    LOAD_GIB_PER_SECOND,
    EngineArgs,
    GoldenPromptArgs,
    ModelServingArgs,
    ModelVersionArgs,
    traffic_port,
)
from haven_components.workloads.serving._names import (
    ENGINE_PORT,
    TARGET_LABEL,
    VERSION_LABEL,
    fallback_golden_name,
    golden_name,
    servers_name,
)

START_SECONDS = 600
"""[assumption] What a start takes beside loading: compiling, capturing graphs, profiling memory, golden prompts."""
LOAD_MARGIN = 3
"""[assumption] How much slower than usual loading may be when a whole Region starts at once."""
OWN_ENGINE = f"http://127.0.0.1:{ENGINE_PORT}"
ANY_ANSWER: GoldenPromptArgs = {"prompt": "Hello", "pattern": r"\w", "within_seconds": 60}


@dataclass(frozen=True)
class Served:
    """What one engine serves."""

    name: str
    """By which the engine knows the model."""
    version: str
    """Its version; empty where the image has the weights."""
    prefix: str
    """Of its weights in the bucket; empty where the image has them."""
    golden_map: str
    """Name of the ConfigMap with its golden prompts."""
    golden: str
    """Those, as a document."""
    start_seconds: int
    """How long a start may take."""


@dataclass(frozen=True)
class Role:
    """One of the Deployments."""

    name: str
    component: str
    """`server`, `canary` or `fallback`."""
    target: str
    """The target group that its pods join: `live` or `canary`."""
    image: str
    """Of the engine; empty for cached answers alone."""
    served: Served | None
    """None for cached answers alone."""
    gpus: int
    engine: EngineArgs
    replicas: int | None
    """None where an autoscaler decides."""
    upstreams: Sequence[str]
    """Where requests are passed on, in this order."""
    node_labels: Mapping[str, str] = field(default_factory=dict)
    pools: Sequence[str] = ()
    """Node groups that its pods run on; none: any."""
    other_pools: Sequence[str] = ()
    """Node groups that they take where those have no room."""
    service_account: str = ""
    answers: bool = False
    rewrites_model: bool = False
    """Whether requests have another model's name than the engine."""
    readiness_gate: str = ""
    """The TargetGroupBinding whose target group has to find the pod healthy before it counts as ready."""

    def labels(self, serving: str, more: Mapping[str, str]) -> dict[str, str]:
        """Labels of its pods."""
        own = _pods.labels(serving, self.component, **more)
        version = {VERSION_LABEL: self.served.version} if self.served and self.served.version else {}
        return own | version | {TARGET_LABEL: self.target}


def start_seconds(args: ModelServingArgs, version: ModelVersionArgs) -> int:
    """How long a pod may take until it answers its golden prompts: from the size of the weights, and generous."""
    speed = float(args["model"].get("load_gib_per_second", LOAD_GIB_PER_SECOND))
    return _start_seconds(version["golden_prompts"], float(version["weights_gib"]) / speed)


def _start_seconds(prompts: Sequence[GoldenPromptArgs], loading: float) -> int:
    return ceil(START_SECONDS + LOAD_MARGIN * (loading + sum(float(each["within_seconds"]) for each in prompts)))


def roles(name: str, args: ModelServingArgs) -> list[Role]:
    """All of them; the servers come first."""
    engine: EngineArgs = args.get("engine", {})
    joins = "target" in args
    server = Role(
        name=name,
        component="server",
        target="live",
        image=args["image"],
        served=served(name, args, args["model"]["version"], engine),
        gpus=int(args["gpus"]),
        engine=engine,
        replicas=_pods.replicas(args["scale"]),
        upstreams=[OWN_ENGINE],
        node_labels=args.get("node_labels", {}),
        pools=args.get("pools", []),
        other_pools=args.get("other_pools", []),
        service_account=name,
        readiness_gate=name if joins else "",
    )
    found = [server]
    if "canary" in args:
        canary = replace(
            server,
            name=f"{name}-canary",
            component="canary",
            target="canary",
            served=served(name, args, args["canary"]["version"], engine),
            replicas=args["canary"]["scale"]["minimum"],
            readiness_gate=f"{name}-canary" if joins else "",
        )
        found.append(canary)
    if "fallback" in args:
        found.append(_fallback(name, args))
    return found


def served(name: str, args: ModelServingArgs, version: str, engine: EngineArgs, model_name: str = "") -> Served:
    """One of the declared versions."""
    declared = args["model"]["versions"][version]
    known = model_name or args["model"]["name"]
    document = _documents.golden(
        known,
        version,
        engine.get("api_path", API_PATH),
        declared["golden_prompts"],
        declared.get("warmup_prompts", []),
    )
    return Served(
        known,
        version,
        declared["prefix"].strip("/"),
        _documents.golden_map(golden_name(name, version), document),
        document,
        start_seconds(args, declared),
    )


def _fallback(name: str, args: ModelServingArgs) -> Role:
    """It passes requests on to the servers; what they don't answer, its own engine or a cached answer does."""
    fallback = args["fallback"]
    image = fallback.get("image", "")
    servers = [] if fallback.get("always", False) else [f"http://{servers_name(name)}:{traffic_port(args)}"]
    return Role(
        name=f"{name}-fallback",
        component="fallback",
        target="live",
        image=image,
        served=_fallback_model(name, args) if image else None,
        gpus=0,
        engine=fallback.get("engine", {}),
        replicas=fallback["scale"]["minimum"],
        upstreams=[*servers, *([OWN_ENGINE] if image else [])],
        service_account=name if image and ("version" in fallback or "uses" in args) else "",
        answers=bool(fallback.get("answers")),
        rewrites_model="model_name" in fallback,
        readiness_gate=name if "target" in args else "",
    )


def _fallback_model(name: str, args: ModelServingArgs) -> Served:
    fallback = args["fallback"]
    engine = fallback.get("engine", {})
    known = fallback.get("model_name", args["model"]["name"])
    weights = served(name, args, fallback["version"], engine, known) if "version" in fallback else None
    if weights and "golden_prompts" not in fallback:
        return replace(weights, golden_map=_documents.golden_map(fallback_golden_name(name), weights.golden))
    prompts = fallback.get("golden_prompts", [ANY_ANSWER])
    loading = weights.start_seconds if weights else 0
    document = _documents.golden(known, fallback.get("version", ""), engine.get("api_path", API_PATH), prompts, [])
    return Served(
        known,
        weights.version if weights else "",
        weights.prefix if weights else "",
        _documents.golden_map(fallback_golden_name(name), document),
        document,
        max(loading, _start_seconds(prompts, 0)),
    )
