"""Services that AWS doesn't offer in every Region, where the config asks for them."""

from collections.abc import Iterable, Iterator

from haven.base.problems import Problem
from haven_components import offerings
from haven_components.offerings import Offering
from infra.config import models
from infra.config.part_models import Cost, RecoveryPlan, Watch
from infra.config.rules.validators import Rules

RULES = Rules()


@RULES.on("regions", "watch")
def _watch(pair: models.Regions, watch: Watch) -> Iterable[Problem]:
    both = (pair.primary, pair.recovery)
    if watch.prometheus:
        yield from _lacking("haven:watch.prometheus", both, offerings.PROMETHEUS)
    if watch.grafana is not None:
        yield from _lacking("haven:watch.grafana", both, offerings.GRAFANA)


@RULES.on("regions", "recoveryPlan")
def _recovery_plan(pair: models.Regions, plan: RecoveryPlan | None) -> Iterable[Problem]:
    if plan is not None:
        yield from _lacking("haven:recoveryPlan", (pair.primary, pair.recovery), offerings.REGION_SWITCH)


@RULES.on("regions", "cost")
def _cost(pair: models.Regions, cost: Cost | None) -> Iterable[Problem]:
    if cost is not None:
        yield from _lacking("haven:cost", (pair.primary, pair.recovery), offerings.BUDGETS)


@RULES.on("regions", "resilienceHub")
def _resilience_hub(pair: models.Regions, wanted: bool) -> Iterable[Problem]:
    if wanted:
        yield from _lacking("haven:resilienceHub", (pair.primary,), offerings.RESILIENCE_HUB)


def _lacking(key: str, regions: tuple[str, ...], offering: Offering) -> Iterator[Problem]:
    lacking = [region for region in dict.fromkeys(regions) if not offering.covers(region)]
    if lacking:
        yield Problem(
            key,
            f"{offering.service} in {' and '.join(lacking)}, which {'has' if len(lacking) == 1 else 'have'} none",
            f"Regions with it: {offering.where} ({offering.source})",
            f"delete {key}, or write other haven:regions before the first deployment",
        )
