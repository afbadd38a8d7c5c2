"""Whether a Region's models give right answers: its golden prompts, from this machine."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from haven.runbooks.clients import INFERENCE
from haven.runbooks.manifest import GoldenPrompt, Inference
from haven.runbooks.serving.place import Place
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Branches, Call, CallError, Stopwatch, failure
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Waiting

UNREACHED_SECONDS = 120.0
"""After which an entrance that this machine can't reach counts as unknown. An assumption: a laptop isn't everywhere
where clients are, and the load balancer's targets are healthy, which takes right answers inside the pods."""
_OK, _LONGEST = 200, 200


@dataclass(frozen=True)
class Verdict:
    """What became of the golden prompts."""

    wrong: Sequence[str] = ()
    """Answers that are wrong or late, one sentence each."""
    degraded: bool = False
    """Whether all that is wrong is who answered: the declared fallback."""
    unreached: str = ""
    """Why this machine couldn't ask; empty: it could."""
    slowest: float = 0.0


def problem(wanted: GoldenPrompt, answer: Mapping[str, Any]) -> str:
    """What is wrong with an answer of `Entrance.ask`; empty: nothing."""
    prompt, within = wanted.prompt, wanted.within_seconds
    seconds, text = float(answer["seconds"]), str(answer["answer"])
    if answer["status"] == 0 or seconds > within:
        return f"{prompt!r}: answered after {seconds:.1f} s, expected {within:g} s or less"
    if answer["status"] != _OK:
        return f"{prompt!r}: status {answer['status']}: {text[:_LONGEST]!r}"
    if answer["degraded"]:
        return f"{prompt!r}: answered by the fallback ({answer['degraded']}), not by the model's servers"
    if not re.search(wanted.expect, text):
        return f"{prompt!r}: answered {text[:_LONGEST]!r}, expected a match of {wanted.expect!r}"
    return ""


def judge(prompts: Sequence[GoldenPrompt], answers: Sequence[Any]) -> Verdict:
    """What answers, or the errors in their place, come to."""
    for each in answers:
        if isinstance(each, CallError):
            return Verdict(unreached=str(each))
        if (error := failure(each)) is not None:
            raise error
    wrong = [(text, answer) for each, answer in zip(prompts, answers, strict=True) if (text := problem(each, answer))]
    degraded = bool(wrong) and all(answer["degraded"] for _, answer in wrong)
    return Verdict([text for text, _ in wrong], degraded, slowest=max(float(each["seconds"]) for each in answers))


def asking(region: str, inference: Inference, url: str = "") -> Sequence[Call]:
    """A call for each golden prompt.

    Args:
        region: for the record.
        inference: of the Region.
        url: where. Omitted: the Region's own entrance.
    """
    arguments = {"url": url or inference.url, "model": inference.model}
    return [
        Call(INFERENCE, region, "ask", {**arguments, "prompt": each.prompt, "within": each.within_seconds})
        for each in inference.prompts
    ]


async def _asked(region: str, inference: Inference, url: str = "") -> Verdict:
    answers = await Branches([_answer(each) for each in asking(region, inference, url)])
    return judge(inference.prompts, answers)


async def _answer(call: Call) -> Mapping[str, Any]:
    return await call


def inferring(place: Place, patience: float) -> Looking:
    """Done when every golden prompt is answered right and in time.

    After `patience` the manifest's fallback, if it answers, is enough; wrong answers are only with a reason.
    """
    watch, unreached = Stopwatch(place.clock), Stopwatch(place.clock)
    inference = place.side.inference
    fallback = any(each.fallback for each in place.side.workloads)

    async def look(workflow: Workflow) -> Look:
        if inference is None:
            return Done(remark="no golden prompts in the manifest: whether models answer right isn't known")
        watch.start()
        verdict = await _asked(place.region, inference)
        waited = watch.seconds()
        if verdict.unreached:
            why = f"unknown whether models answer right: {verdict.unreached}"
            return Waiting(why) if unreached.seconds() < UNREACHED_SECONDS else Done(remark=why)
        unreached.restart()  # what answered wrong a moment ago isn't unknown for one question without answer
        if not verdict.wrong:
            return Done({"prompts": len(inference.prompts), "slowestSeconds": round(verdict.slowest, 3)})
        why = "; ".join(verdict.wrong)
        if waited >= patience and verdict.degraded and fallback:
            return Done(remark=f"degraded: {why}")
        if waited >= patience and (reason := workflow.goal["force"]):
            return Done(remark=f"forced ({reason}) although models answer wrong: {why}")
        return Waiting(why)

    return look


def reached(place: Place, service: str, patience: float) -> Looking:
    """Done when the environment's public name leads to the Region, and gives right answers; after `patience` a finding.

    Args:
        place: the Region that traffic was moved to.
        service: the public name.
        patience: seconds for which DNS may still have the other Region.
    """
    watch = Stopwatch(place.clock)
    inference = place.side.inference

    async def look(_: Workflow) -> Look:
        if inference is None:
            return Done(remark="no golden prompts in the manifest: nothing was asked from outside")
        watch.start()
        why = await _outside(place, inference, service)
        if not why:
            return Done()
        if watch.seconds() < patience:
            return Waiting(why)
        return Done(remark=why) if why.startswith("unknown") else Impossible(why)

    return look


async def _outside(place: Place, inference: Inference, service: str) -> str:
    """What is wrong when seen from outside; empty: nothing."""
    entrance = urlsplit(inference.url)
    hosts = (service, entrance.hostname or "")
    found = await Branches([_addresses(place.region, each) for each in hosts])
    unresolved = [str(each) for each in found if failure(each) is not None]
    if unresolved:
        return f"unknown: {'; '.join(unresolved)}"
    public, own = (set(each) for each in found)
    if not public & own:
        return f"{service} still leads to {', '.join(sorted(public))}, and {place.region} is {', '.join(sorted(own))}"
    port = f":{entrance.port}" if entrance.port else ""
    url = urlunsplit((entrance.scheme, f"{service}{port}", entrance.path, "", ""))
    verdict = await _asked(place.region, inference, url)
    return f"unknown: {verdict.unreached}" if verdict.unreached else "; ".join(verdict.wrong)


async def _addresses(region: str, host: str) -> Sequence[str]:
    found: Sequence[str] = (await Call(INFERENCE, region, "resolve", {"host": host}))["addresses"]
    return found
