"""What runs on each Region's cluster, and whether its models give right answers."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from haven.runbooks.clients import INFERENCE, KUBERNETES, Client
from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.manifest import GoldenPrompt, Inference, RecoveryManifest, Side
from haven.runbooks.observation import WITHIN_SECONDS, Answer
from haven.runbooks.serving import workloads
from haven.runbooks.serving.prompts import problem
from haven.runbooks.serving.workloads import DEPLOYMENTS, Objects, Scale
from haven.runbooks.status.readings import Answers, Questions, Reading, State, unknown

AREA, INFERS = "workloads", "inference"
_ANSWER_SECONDS = WITHIN_SECONDS - 1.0
"""For a golden prompt; one that may take longer is unknown then."""


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """The Deployments of each Region, and a question for each golden prompt."""

    def running(region: str, side: Side) -> Objects:
        name = side.cluster.name
        cluster = Cluster.of(name, client("eks", region).describe_cluster(name=name)["cluster"])
        api = client(KUBERNETES, region)
        spaces = [each for each, kinds in workloads.namespaces(side.workloads).items() if DEPLOYMENTS in kinds]
        lists = {each: api.read(cluster=cluster, path=workloads.list_path(each, DEPLOYMENTS)) for each in spaces}
        return Objects({(each, DEPLOYMENTS): workloads.by_name(found) for each, found in lists.items()})

    def answered(region: str, inference: Inference, prompt: GoldenPrompt) -> Mapping[str, Any]:
        within = min(prompt.within_seconds, _ANSWER_SECONDS)
        found: Mapping[str, Any] = client(INFERENCE, region).ask(
            url=inference.url, model=inference.model, prompt=prompt.prompt, within=within
        )
        return found

    return {
        **{(AREA, region): partial(running, region, side) for region, side in manifest.sides.items() if side.workloads},
        **{
            (f"{INFERS} {number}", region): partial(answered, region, side.inference, prompt)
            for region, side in manifest.sides.items()
            if side.inference is not None
            for number, prompt in enumerate(side.inference.prompts)
        },
    }


def readings(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Reading]:
    """Per Region: full scale where it is written, standby scale in the other one."""
    active = writer or manifest.regions.primary
    for region in manifest.both:
        side, scale = manifest.sides[region], Scale.FULL if region == active else Scale.STANDBY
        if side.workloads:
            yield _running(region, side, answers[AREA, region], scale)
        if side.inference is not None:
            found = [answers[f"{INFERS} {number}", region] for number in range(len(side.inference.prompts))]
            yield _inferring(region, side, side.inference, found, scale)


def _running(region: str, side: Side, answer: Answer, scale: Scale) -> Reading:
    if not answer.known:
        return unknown(AREA, region, answer)
    objects = answer.value or Objects({})
    found = workloads.readiness(side.workloads, objects, scale)
    short = [each for each in found if each.ready < each.wanted]
    if short:
        description = f"at {scale} scale: {', '.join(each.describe() for each in short)}"
        return Reading(AREA, region, State.WRONG, description)
    return Reading(AREA, region, State.OK, f"{len(found)} Deployments have their replicas of {scale} scale ready")


def _inferring(region: str, side: Side, inference: Inference, found: list[Answer], scale: Scale) -> Reading:
    name = side.cluster.name
    if not _should_answer(side, inference, scale):
        return Reading(INFERS, region, State.OK, f"no server of {inference.model} runs on {name} at {scale} scale")
    unanswered = next((each for each in found if not each.known), None)
    if unanswered is not None:
        return unknown(INFERS, region, unanswered)
    pairs = list(zip(inference.prompts, [each.value for each in found], strict=True))
    late = [each for each, answer in pairs if answer["status"] == 0 and each.within_seconds > _ANSWER_SECONDS]
    if late:
        description = f"{late[0].prompt!r}: no answer within {_ANSWER_SECONDS:g} s, may take {late[0].within_seconds:g}"
        return Reading(INFERS, region, State.UNKNOWN, description)
    wrong = [text for each, answer in pairs if (text := problem(each, answer))]
    if wrong:
        return Reading(INFERS, region, State.WRONG, "; ".join(wrong))
    slowest = max(float(answer["seconds"]) for _, answer in pairs)
    description = f"{inference.model} answers {len(pairs)} golden prompts right, the slowest in {slowest:.1f} s"
    return Reading(INFERS, region, State.OK, description)


def _should_answer(side: Side, inference: Inference, scale: Scale) -> bool:
    chosen = [each for each in side.workloads if not inference.system or each.system == inference.system]
    return any(workloads.least(sizes, scale) for each in chosen for sizes in each.deployments.values())
