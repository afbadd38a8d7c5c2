"""What of a model's serving Kubernetes would refuse, or would only show when it is too late."""

import re
from collections.abc import Mapping

from haven_components import limits
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._pods import is_autoscaled, require_scale
from haven_components.workloads.access._access_checks import check_uses
from haven_components.workloads.serving._args import (
    DEREGISTRATION_DELAY_SECONDS,
    LOAD_GIB_PER_SECOND,
    PORT,
    READINESS_PATH,
    STALL_SECONDS,
    ModelServingArgs,
)
from haven_components.workloads.serving._names import ENGINE_PORT, PROBE_PORT, object_name
from haven_components.workloads.workflows._args import require_kubernetes_name

NAME_CHARACTERS = 40
"""Of the component: a label has at most 63 (Kubernetes, object names and labels; read 2026-11-26), and suffixes and
names of versions follow it."""
VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
DRAIN_SECONDS = limits.Range(30, 3600)
STALL_RANGE = limits.Range(30, 3600)


def check(name: str, args: ModelServingArgs) -> None:
    """Raise every problem of these arguments at once."""
    checks = Checks("ModelServing", name, ModelServingArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: require_kubernetes_name(checks, "service_name", args.get("service_name", name)),
        lambda: require_scale(checks, args["scale"]),
        lambda: _require_zones(checks, args),
        lambda: _require_pools(checks, args),
        lambda: _require_images(checks, args),
        lambda: _require_versions(checks, args),
        lambda: _require_numbers(checks, args),
        lambda: _require_autoscaler(checks, args),
        lambda: _require_canary(checks, args),
        lambda: _require_fallback(checks, args),
        lambda: check_uses(checks, "uses", args.get("uses", {})),
    )


def _require_zones(checks: Checks, args: ModelServingArgs) -> None:
    zones = args["zones"]
    checks.require(
        0 < len(zones) == len(set(zones)),
        "zones",
        got=list(zones),
        allowed="the zones of the nodes, one or more, each once",
        fix="name them",
    )
    checks.require(
        "target" not in args or len(args.get("client_cidrs", [])) > 0,
        "client_cidrs",
        got=[],
        allowed="IPv4 blocks, one or more, such as 10.20.224.0/21, with target",
        fix="name the subnets of the load balancer, or leave target out",
    )


def _require_pools(checks: Checks, args: ModelServingArgs) -> None:
    pools, others = args.get("pools"), args.get("other_pools", [])
    if pools is not None:
        _checks.require_some(checks, "pools", pools)
    checks.require(
        not others or (bool(pools) and not set(others) & set(pools or [])),
        "other_pools",
        got=others,
        allowed="node groups that pools doesn't name, with pools",
        fix="name in pools the groups that the servers prefer, and the others here",
    )


def _require_images(checks: Checks, args: ModelServingArgs) -> None:
    images = {"image": args["image"], "tools_image": args["tools_image"]}
    if "image" in args.get("fallback", {}):
        images["fallback.image"] = args["fallback"]["image"]
    for path, image in images.items():
        _checks.require_match(
            checks,
            path,
            image,
            DIGEST,
            allowed="an image by digest, <repository>@sha256:<64 hexadecimal digits>",
            fix="name the digest of the image in the own Region's registry",
        )


def _require_versions(checks: Checks, args: ModelServingArgs) -> None:
    versions = args["model"]["versions"]
    for name, version in versions.items():
        path = f"model.versions.{name}"
        checks.require(
            VERSION.fullmatch(name) is not None
            and [object_name(each) for each in versions].count(object_name(name)) == 1,
            path,
            got=name,
            allowed="at most 40 letters, digits, hyphens, underscores and dots, a letter or digit at both ends; not "
            "another version's name in other cases",
            fix="choose another name: objects are named after it",
        )
        checks.require(
            version["weights_gib"] > 0,
            f"{path}.weights_gib",
            got=version["weights_gib"],
            allowed="more than 0",
            fix="give the size of the weights in GiB",
        )
        checks.require(
            len(version["golden_prompts"]) > 0,
            f"{path}.golden_prompts",
            got=[],
            allowed="one prompt or more",
            fix="add a question and the pattern of a coherent answer: no pod starts without",
        )
        for index, each in enumerate(version["golden_prompts"]):
            _require_pattern(checks, f"{path}.golden_prompts[{index}].pattern", each["pattern"])
            checks.require(
                each["within_seconds"] > 0,
                f"{path}.golden_prompts[{index}].within_seconds",
                got=each["within_seconds"],
                allowed="more than 0",
                fix="give the longest time that an answer may take",
            )
    _require_version(checks, "model.version", args["model"]["version"], versions)


def _require_version(checks: Checks, path: str, version: str, versions: Mapping[str, object]) -> None:
    checks.require(
        version in versions,
        path,
        got=version,
        allowed=", ".join(versions) or "none, for model.versions is empty",
        fix="name one of model.versions, or add it there",
    )


def _require_pattern(checks: Checks, path: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as problem:
        checks.require(
            False,
            path,
            got=pattern,
            allowed="a regular expression of Python's `re`",
            fix=f"correct it: {problem}",
        )


def _require_numbers(checks: Checks, args: ModelServingArgs) -> None:
    for path, got in (
        ("gpus", args["gpus"]),
        ("priority", args.get("priority", 0)),
    ):
        checks.require(got >= 0, path, got=got, allowed="0 or more", fix="give a whole number")
    checks.require(
        args["model"].get("load_gib_per_second", LOAD_GIB_PER_SECOND) > 0,
        "model.load_gib_per_second",
        got=args["model"].get("load_gib_per_second"),
        allowed="more than 0",
        fix=f"leave it out for {LOAD_GIB_PER_SECOND}",
    )
    delay = args.get("deregistration_delay_seconds", DEREGISTRATION_DELAY_SECONDS)
    _checks.require_between(
        checks,
        "deregistration_delay_seconds",
        delay,
        DRAIN_SECONDS,
        fix=f"leave it out for {DEREGISTRATION_DELAY_SECONDS}, and give the target group the same",
    )
    stall = args.get("stall_seconds", STALL_SECONDS)
    _checks.require_between(checks, "stall_seconds", stall, STALL_RANGE, fix=f"leave it out for {STALL_SECONDS}")
    port = args.get("port", PORT)
    checks.require(
        limits.PORT.holds(port) and port not in (ENGINE_PORT, PROBE_PORT),
        "port",
        got=port,
        allowed=f"a port other than {ENGINE_PORT} and {PROBE_PORT}, which the pod uses itself",
        fix=f"leave it out for {PORT}, and give the EdgeBalancer the same as target_port",
    )
    path = args.get("readiness_path", READINESS_PATH)
    checks.require(
        path.startswith("/") and not path.startswith("/v1/"),
        "readiness_path",
        got=path,
        allowed="a path outside of /v1/, which is the model's",
        fix=f"leave it out for {READINESS_PATH}",
    )


def _require_autoscaler(checks: Checks, args: ModelServingArgs) -> None:
    checks.require(
        not is_autoscaled(args["scale"]) or "prometheus" in args or "external_metric" in args.get("autoscaling", {}),
        "scale",
        got=dict(args["scale"]),
        allowed="minimum and maximum alike without `prometheus` and without `autoscaling.external_metric`",
        fix="say where the numbers of requests are, or declare a fixed number of replicas",
    )
    chosen = args.get("autoscaling", {})
    for path, per_replica, default in (
        ("autoscaling.waiting_per_replica", chosen.get("waiting_per_replica", 1), "5"),
        ("autoscaling.running_per_replica", chosen.get("running_per_replica", 1), "two thirds of --max-num-seqs"),
    ):
        checks.require(per_replica > 0, path, got=per_replica, allowed="1 or more", fix=f"leave it out for {default}")
    checks.require(
        ("external_metric" in chosen) == ("external_running_metric" in chosen),
        "autoscaling.external_running_metric",
        got=chosen.get("external_running_metric", "nothing"),
        allowed="a metric with external_metric, nothing without",
        fix="name both metrics, or neither: by its queue alone a full fleet that nobody waits for shrinks",
    )


def _require_canary(checks: Checks, args: ModelServingArgs) -> None:
    if "canary" not in args:
        return
    canary = args["canary"]
    _require_version(checks, "canary.version", canary["version"], args["model"]["versions"])
    require_scale(checks, canary["scale"], "canary.scale")
    checks.require(
        ("target" in args) == ("target_group_arn" in canary),
        "canary.target_group_arn",
        got="a value" if "target_group_arn" in canary else "nothing",
        allowed="the ARN of the canary's own target group with `target`, nothing without",
        fix="set canary_weight of the EdgeBalancer and give its canary_target_group_arn, or leave both targets out",
    )


def _require_fallback(checks: Checks, args: ModelServingArgs) -> None:
    if "fallback" not in args:
        return
    fallback = args["fallback"]
    require_scale(checks, fallback["scale"], "fallback.scale")
    checks.require(
        fallback["scale"]["minimum"] == fallback["scale"]["maximum"] or fallback["scale"]["minimum"] == 0,
        "fallback.scale",
        got=dict(fallback["scale"]),
        allowed="minimum and maximum alike: nothing scales the fallback",
        fix="declare as many replicas as the degraded mode needs",
    )
    for field in ("version", "model_name", "golden_prompts", "engine"):
        checks.require(
            "image" in fallback or field not in fallback,
            f"fallback.{field}",
            got="a value",
            allowed="nothing without fallback.image, for cached answers alone",
            fix=f"add image, or leave {field} out",
        )
    for index, golden in enumerate(fallback.get("golden_prompts", [])):
        _require_pattern(checks, f"fallback.golden_prompts[{index}].pattern", golden["pattern"])
    checks.require(
        "image" in fallback or len(fallback.get("answers", [])) > 0,
        "fallback",
        got="neither image nor answers",
        allowed="a smaller model, cached answers, or both",
        fix="add image, or answers",
    )
    if "version" in fallback:
        _require_version(checks, "fallback.version", fallback["version"], args["model"]["versions"])
    for index, each in enumerate(fallback.get("answers", [])):
        _require_pattern(checks, f"fallback.answers[{index}].pattern", each["pattern"])
