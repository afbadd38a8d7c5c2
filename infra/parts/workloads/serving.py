"""Serving of models: in each Region with a cluster, behind its load balancer, at the Region's scale."""

from collections.abc import Sequence

import pulumi

from haven_components import (
    EngineArgs,
    GoldenPromptArgs,
    ModelServing,
    ModelServingArgs,
    ModelVersionArgs,
    ServingCanaryArgs,
    ServingFallbackArgs,
)
from haven_components.choices import ModelLoader
from haven_components.names import bucket_name
from infra.config.rules.nodes import fit
from infra.config.rules.nodes.rooms import Room
from infra.config.rules.systems import exposed, serving_groups
from infra.config.system_models import Canary, Fallback, GoldenPrompt, ModelVersion, ServedModel, System
from infra.parts.workloads import namespaces, platform, telemetry
from infra.parts.workloads.platform import Place, SystemStores


def declare(place: Place, system: System, used: SystemStores, after: pulumi.Resource) -> None:
    """Declare the servers of a system in a Region."""
    model, environment, region = system.model, place.environment, place.region
    if model is None:  # refused by the rules where there is an image
        return
    args: ModelServingArgs = {
        "region": region,
        "account_id": place.account,
        "cluster_name": place.cluster_name,
        "namespace": place.system,
        "zones": place.zones,
        "scale": place.scale,
        "image": place.image(system.image),
        "tools_image": place.image(system.tools_image),
        "model": {
            "name": model.name,
            "bucket": bucket_name(environment.bucket_base(model.bucket), region),
            "versions": {each: _version(version) for each, version in model.versions.items()},
            "version": model.version,
            "loader": ModelLoader(model.loader),
            "kms_key_arn": place.key,
        },
        "gpus": system.gpus,
        "engine": _engine(fit.engine(environment.settings.cluster, place.system, system), system.engine_arguments),
        "port": environment.settings.edge.target_port,
        "metrics_cidrs": environment.scraper_cidrs(region),
        "service_name": place.system,
        "readiness_path": environment.settings.traffic.readiness_path,
        "deregistration_delay_seconds": environment.settings.edge.deregistration_delay_seconds,
    }
    if allowed := namespaces.uses(place, system, used.stores):
        args["uses"] = allowed
    if system.gpus:
        args["pools"] = [group.name for group in serving_groups(environment.settings.cluster, place.system)]
        args["other_pools"] = system.other_node_groups
    if exposed(environment.settings.systems) == place.system and region in environment.balancers:
        args["target"] = {
            "target_group_arn": environment.balancers[region].target_group_arn,
            "vpc_id": environment.networks[region].vpc_id,
        }
        args["client_cidrs"] = environment.balancer_cidrs(region)
    if model.running_per_replica is not None:
        args["autoscaling"] = {"running_per_replica": model.running_per_replica}
    if model.canary is not None:
        args["canary"] = _canary(place, model.canary, args)
    workspace = platform.prometheus(environment, region, used.watched)
    if workspace is not None:
        args["prometheus"] = {"workspace_id": workspace.workspace_id, "endpoint": workspace.endpoint}
    if (traces := telemetry.traces(environment, region, place.system)) is not None:
        args["traces"] = traces
    if system.fallback is not None:
        args["fallback"] = _fallback(place, model, system, system.fallback)
    ModelServing(place.name, args, place.options(after))


def _engine(asked: Room, arguments: Sequence[str]) -> EngineArgs:
    args: EngineArgs = {"cpu": asked.cpu, "memory": asked.memory}
    if arguments:
        args["arguments"] = list(arguments)
    return args


def _version(version: ModelVersion) -> ModelVersionArgs:
    return {
        "prefix": version.prefix,
        "weights_gib": version.weights_gib,
        "golden_prompts": [_prompt(each) for each in version.golden_prompts],
    }


def _prompt(prompt: GoldenPrompt) -> GoldenPromptArgs:
    return {"prompt": prompt.prompt, "pattern": prompt.expect, "within_seconds": prompt.within_seconds}


def _canary(place: Place, chosen: Canary, serving: ModelServingArgs) -> ServingCanaryArgs:
    replicas = chosen.replicas if place.scale["minimum"] else 0
    args: ServingCanaryArgs = {
        "version": chosen.version,
        "scale": {"minimum": replicas, "maximum": max(replicas, 1)},
    }
    if "target" in serving:
        args["target_group_arn"] = place.environment.balancers[place.region].canary_target_group_arn
    return args


def _fallback(place: Place, model: ServedModel, system: System, chosen: Fallback) -> ServingFallbackArgs:
    """A standby that serves has it too: GPUs may be refused there as well."""
    replicas = chosen.replicas if place.scale["minimum"] else 0
    args: ServingFallbackArgs = {
        "scale": {"minimum": replicas, "maximum": max(replicas, 1)},
        "answers": [{"pattern": each.question, "answer": each.answer} for each in chosen.answers],
    }
    if chosen.image is not None:
        args["image"] = place.image(chosen.image)
        args["model_name"] = chosen.model or model.name
        asked = fit.engine(place.environment.settings.cluster, place.system, system, "fallback")
        args["engine"] = _engine(asked, chosen.engine_arguments)
    return args
