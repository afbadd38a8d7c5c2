"""Runs a stack's program under its own tier or another, and predicts what it would take."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from haven.base.console import Steps
    from haven.config.stack_file import Stack
    from haven.plan.prediction import Predicted, TierPrediction
    from haven.program.recording import Recording


def run(stack: "Stack", steps: "Steps") -> "Recording":
    """Run the program of a stack.

    Raises:
        Problems, MissingDependency: as `haven.program.run.run_program`.
    """
    from haven.program.run import recorded

    return recorded(stack, steps, f", tier {stack.config.get('haven:tier') or 'none'}")


def predict(
    recording: "Recording", steps: "Steps", stack: "Stack", objectives: "Mapping[str, float] | None" = None
) -> "Predicted | None":
    """What the models predict; nothing for an account's stack, which has nothing to fail over.

    Args:
        recording: what the program declares.
        steps: reports the work.
        stack: what its file states beside the program; its project may have prices of its own.
        objectives: what it is compared with. Omitted: the recording's own.
    """
    steps.step("Predicting recovery time, data loss, availability and cost")
    return _predicted(recording, stack, objectives)


def _predicted(recording: "Recording", stack: "Stack", objectives: "Mapping[str, float] | None") -> "Predicted | None":
    if "tier" not in recording.outputs:
        return None
    from haven.plan.prediction import predict_environment
    from haven.plan.stated import stated

    return predict_environment(recording, objectives, stack.project.file.parent, stated(stack.config))


def every_tier(
    stack: "Stack", own: "Recording", steps: "Steps", predicted: "Predicted | None" = None
) -> "list[TierPrediction]":
    """What every tier would take, from the least to the most, each compared with the stack's objectives.

    Args:
        stack: as its file configures it.
        own: its recording.
        steps: reports the work.
        predicted: what is predicted for `own`. Omitted: it is predicted here.

    Raises:
        Problems: where the stack has no tier.
    """
    from haven.model.tiers import Tier
    from haven.plan.difference import diff_recordings
    from haven.plan.prediction import TierPrediction
    from haven.program import process
    from haven.program.run import run_program, with_tier

    variants = {tier: with_tier(stack, tier) for tier in Tier if tier.value != own.outputs.get("tier")}

    def under(tier: Tier) -> TierPrediction | None:
        recording = run_program(variants[tier].stack)
        found = _predicted(recording, stack, own.outputs.get("objectives", {}))
        move, notes = diff_recordings(own, recording), variants[tier].notes
        return None if found is None else TierPrediction(tier.value, recording, found, notes, move)

    show = steps.step(f"Running the program of stack {stack.name} under tiers {', '.join(variants)}")
    made = [each for each in process.for_each(list(variants), under, lambda count: show(count, len(variants))) if each]
    known = predicted or predict(own, steps, stack)
    if known is not None:
        made.append(TierPrediction(own.outputs["tier"], own, known, ()))
    return sorted(made, key=lambda each: Tier(each.tier).rank)
