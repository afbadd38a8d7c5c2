"""Reports of the project's own stacks, each made once."""

from datetime import date
from functools import cache

from haven.config.stack_file import load_stack
from haven.plan.difference import diff_recordings
from haven.plan.prediction import TierPrediction, predict_environment
from haven.plan.summary import make_plan
from haven.report.collect import collect
from haven.report.document import Report, ResidencyRow
from haven_policies.judge import verdict_on
from haven_policies.report import as_json
from haven_policies.residency_map import residency_map
from tests.environments import ROOT, TIERS, environment

TODAY = date(2026, 11, 26)


@cache
def report(stack: str = "warm", *, policy: bool = True) -> Report:
    """A stack's report, with the recordings of the project's own stacks as its tiers."""
    recording, config = environment(stack), load_stack(stack, ROOT).config
    wanted = recording.outputs["objectives"]
    recordings = {tier: environment(tier) for tier in TIERS}
    tiers = [
        TierPrediction(
            tier,
            each,
            predict_environment(each, wanted),
            (),
            None if tier == stack else diff_recordings(recording, each),
        )
        for tier, each in recordings.items()
    ]
    places = [ResidencyRow(**vars(each)) for each in residency_map(recording, config)]
    verdict = as_json(verdict_on(recording, config, TODAY)) if policy else None
    return collect(make_plan(recording, today=TODAY), tiers, places, verdict, TODAY)
