"""The pods that serve: an engine, and beside it the front that takes its requests and answers its probes."""

import json
from math import ceil
from typing import Any

import pulumi

from haven_components.choices import ModelLoader
from haven_components.cluster._node_groups import GPU_TOLERATION
from haven_components.names import GPU_LABEL, STREAMER_BUFFER_GIB
from haven_components.workloads import _pods, _requests
from haven_components.workloads._traces import traces_environment
from haven_components.workloads.serving import _documents
from haven_components.workloads.serving._args import (
    DEREGISTRATION_DELAY_SECONDS,
    READINESS_PATH,
    SCRATCH_LIMIT,
    STALL_SECONDS,
    ModelServingArgs,
    priority,
    traffic_port,
)
from haven_components.workloads.serving._names import (
    ANSWERS_FILE,
    ENGINE_PORT,
    GOLDEN,
    GOLDEN_FILE,
    PROBE_PORT,
    PROGRAMS,
    WEIGHTS,
    priority_class_name,
    volume_name,
)
from haven_components.workloads.serving._roles import OWN_ENGINE, Role, Served

PROBE_SECONDS = 10
PROBE_FAILURES = 3
CUT_OFF_SECONDS = 5
"""How long before the target group closes its connections the front ends what still runs, with an answer of its own."""
EXIT_SECONDS = 30
"""What a pod gets beyond the deregistration delay: the engine's exit."""
FRONT_MEMORY_MIB = 512
"""Limit of the front. Half of it is for bodies of requests and answers; it refuses what finds no room there."""
FRONT_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    # glibc's own threshold grows to 32 MiB, and keeps what was below it (mallopt(3), read 2026-11-26).
    "MALLOC_MMAP_THRESHOLD_": str(128 * 1024),
}
CACHE = "/var/cache/engine"
OWN_ENVIRONMENT = {
    "HOST": "127.0.0.1",
    "PORT": str(ENGINE_PORT),
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "HOME": CACHE,
    "USER": "haven",
    "HF_HOME": f"{CACHE}/huggingface",
    "XDG_CACHE_HOME": CACHE,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Nothing is asked of a model hub; what is written goes into the cache; credentials come from pod identity. The user's
number has no name in the image, and torch ends where nothing names it (vLLM issue 44548; read 2026-11-26)."""
SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(PROBE_PORT),
    "prometheus.io/path": "/metrics",
}
"""Annotations by which the scraper finds the pods."""


def grace_seconds(args: ModelServingArgs) -> int:
    """How long a pod that ends may take: leaving the target group, finishing its answers, the engine's exit."""
    return _deregistration(args) + EXIT_SECONDS


def template(serving: str, args: ModelServingArgs, role: Role) -> Any:
    """The template of a Deployment's pods."""
    labels = role.labels(serving, args.get("labels", {}))
    front = _front(args, role)
    containers = [_engine(args, role, role.served)] if role.served else [front]
    return {
        "metadata": {"labels": labels, "annotations": dict(SCRAPED)},
        "spec": {
            "service_account_name": role.service_account or None,
            "automount_service_account_token": False,
            # Of a Service called vllm vLLM would read VLLM_PORT as its own (vLLM issue 34199; read 2026-11-26).
            "enable_service_links": False,
            "priority_class_name": priority_class_name(args["namespace"], serving, priority(args)),
            "termination_grace_period_seconds": grace_seconds(args),
            "security_context": _pods.restricted_pod(int(role.engine.get("user_id", _pods.USER_ID))),
            "node_selector": _node_selector(role),
            "affinity": _pods.in_pools(role.pools, role.other_pools) | _pods.apart(labels, args["zones"]),
            "tolerations": _pods.tolerations(*([GPU_TOLERATION] if role.gpus else [])),
            "topology_spread_constraints": _pods.spread(labels, args["zones"]),
            "readiness_gates": _readiness_gates(role),
            # An init container that always restarts runs as long as the pod: it is there before the engine, and still
            # answers when the engine has ended.
            "init_containers": [front | {"restart_policy": "Always"}] if role.served else None,
            "containers": containers,
            "volumes": _volumes(serving, args, role),
        },
    }


def _node_selector(role: Role) -> dict[str, str] | None:
    selector = ({GPU_LABEL: "true"} if role.gpus else {}) | dict(role.node_labels)
    return selector or None


def _readiness_gates(role: Role) -> list[dict[str, str]] | None:
    gate = role.readiness_gate
    return [{"condition_type": f"target-health.elbv2.k8s.aws/{gate}"}] if gate else None


def _deregistration(args: ModelServingArgs) -> int:
    return int(args.get("deregistration_delay_seconds", DEREGISTRATION_DELAY_SECONDS))


def _probe(path: str, failures: int = PROBE_FAILURES, **more: Any) -> dict[str, Any]:
    return {
        "http_get": {"path": path, "port": PROBE_PORT},
        "period_seconds": PROBE_SECONDS,
        "timeout_seconds": PROBE_SECONDS // 2,
        "failure_threshold": failures,
        **more,
    }


def _engine(args: ModelServingArgs, role: Role, served: Served) -> dict[str, Any]:
    own: dict[str, pulumi.Input[str]] = {
        **OWN_ENVIRONMENT,
        **_pods.region_environment(args["region"]),
        "MODEL_NAME": served.name,
    }
    if served.prefix:
        own["MODEL_URI"] = _weights(args, served)
        if _streamed(args):
            own["RUNAI_STREAMER_MEMORY_LIMIT"] = str(STREAMER_BUFFER_GIB * 2**30)
    if "traces" in args:
        own |= traces_environment(args["traces"])
    environment = own | role.engine.get("environment", {})
    return {
        "name": "engine",
        "image": role.image,
        **_command(args, role, served),
        "env": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "resources": _requests.requests(
            role.engine.get("cpu", _requests.default_cpu(role.gpus)), _memory(role), role.gpus
        ),
        "security_context": _pods.restricted_container(),
        # The front has seen the right answers to the golden prompts; afterwards nothing is asked of the engine again.
        "startup_probe": _probe(
            "/startup", ceil(served.start_seconds / PROBE_SECONDS), initial_delay_seconds=PROBE_SECONDS
        ),
        "liveness_probe": _probe("/live", termination_grace_period_seconds=EXIT_SECONDS),
        "readiness_probe": _probe("/ready", 1),
        # Answers when the pod has left the target group and nothing runs any more, or at the deadline.
        "lifecycle": {"pre_stop": {"http_get": {"path": "/drain", "port": PROBE_PORT}}},
        "volume_mounts": [
            {"name": "cache", "mount_path": CACHE},
            {"name": "temporary", "mount_path": "/tmp"},  # noqa: S108  a volume of the pod
            {"name": "shared-memory", "mount_path": "/dev/shm"},  # noqa: S108  a volume of the pod
            *_weights_mount(args, served),
        ],
    }


def _memory(role: Role) -> str:
    return role.engine.get("memory", _requests.default_memory(role.gpus))


def _command(args: ModelServingArgs, role: Role, served: Served) -> dict[str, Any]:
    """The container's command, or what the image's own gets."""
    further = list(role.engine.get("arguments", []))
    if "command" in role.engine:
        return {"command": [*role.engine["command"], *further]}
    if not served.prefix:
        return {"args": further} if further else {}
    streamed = _streamed(args)
    command = [
        "vllm",
        "serve",
        _weights(args, served),
        *([f"--load-format={ModelLoader.STREAMER.value}"] if streamed else []),
        f"--served-model-name={served.name}",
        "--host=127.0.0.1",
        f"--port={ENGINE_PORT}",
        *([f"--tensor-parallel-size={role.gpus}"] if role.gpus > 1 else []),
        f"--shutdown-timeout={EXIT_SECONDS // 2}",
        *([f"--otlp-traces-endpoint={args['traces']['endpoint']}"] if "traces" in args else []),
        *further,
    ]
    return {"command": command}


def _weights(args: ModelServingArgs, served: Served) -> pulumi.Input[str]:
    if not _streamed(args):
        return WEIGHTS
    return pulumi.Output.format("s3://{0}/{1}", args["model"]["bucket"], served.prefix)


def _streamed(args: ModelServingArgs) -> bool:
    return args["model"].get("loader", ModelLoader.STREAMER) == ModelLoader.STREAMER


def _front(args: ModelServingArgs, role: Role) -> dict[str, Any]:
    """The container of the front; see `front/__main__.py` for its options."""
    return {
        "name": "front",
        "image": args["tools_image"],
        "working_dir": "/opt/haven",
        "command": ["python3", "-m", "front", "serve", *_front_options(args, role)],
        "env": [
            *({"name": name, "value": value} for name, value in FRONT_ENVIRONMENT.items()),
            {"name": "POD_NAME", "value_from": {"field_ref": {"field_path": "metadata.name"}}},
        ],
        "ports": [
            {"name": "traffic", "container_port": traffic_port(args)},
            {"name": "probes", "container_port": PROBE_PORT},
        ],
        "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": f"{FRONT_MEMORY_MIB}Mi"}},
        "security_context": _pods.restricted_container(),
        "liveness_probe": _probe("/healthz"),
        **({} if role.served else {"readiness_probe": _probe("/ready", 1)}),
        "lifecycle": None if role.image else {"pre_stop": {"http_get": {"path": "/drain", "port": PROBE_PORT}}},
        "volume_mounts": [
            {"name": "front", "mount_path": PROGRAMS, "read_only": True},
            {"name": "golden", "mount_path": GOLDEN, "read_only": True},
        ],
    }


def _front_options(args: ModelServingArgs, role: Role) -> list[str]:
    metrics = role.engine.get("metrics")
    return [
        *(f"--upstream={each}" for each in role.upstreams),
        *([f"--engine={OWN_ENGINE}", f"--golden={GOLDEN}/{GOLDEN_FILE}"] if role.served else []),
        *([f"--model={role.served.name}"] if role.served and role.rewrites_model else []),
        *([f"--answers={GOLDEN}/{ANSWERS_FILE}"] if role.answers else []),
        f"--port={traffic_port(args)}",
        f"--probe-port={PROBE_PORT}",
        f"--readiness-path={args.get('readiness_path', READINESS_PATH)}",
        f"--held-mib={FRONT_MEMORY_MIB // 2}",
        f"--drain-seconds={_deregistration(args) - CUT_OFF_SECONDS}",
        f"--stall-seconds={int(args.get('stall_seconds', STALL_SECONDS))}",
        *([f"--metrics={json.dumps(dict(metrics), sort_keys=True)}"] if metrics else []),
    ]


def _weights_mount(args: ModelServingArgs, served: Served) -> list[dict[str, Any]]:
    if _streamed(args) or not served.prefix:
        return []
    return [{"name": "weights", "mount_path": WEIGHTS, "read_only": True}]


def _volumes(serving: str, args: ModelServingArgs, role: Role) -> list[dict[str, Any]]:
    sources: list[dict[str, Any]] = []
    if role.served:
        sources.append({"config_map": {"name": role.served.golden_map}})
    if role.answers:
        sources.append({"config_map": {"name": _documents.answers_map(serving, args)}})
    volumes: list[dict[str, Any]] = [
        {"name": "front", "config_map": {"name": _documents.front_map(serving)}},
        {"name": "golden", "projected": {"sources": sources}},
    ]
    if not role.served:
        return volumes
    volumes += [
        _requests.scratch("cache", SCRATCH_LIMIT),
        _requests.scratch("temporary", SCRATCH_LIMIT),
        _requests.shared_memory(_memory(role)),
    ]
    if _weights_mount(args, role.served):
        claim = volume_name(args["namespace"], serving, role.served.version)
        volumes.append({"name": "weights", "persistent_volume_claim": {"claim_name": claim, "read_only": True}})
    return volumes
