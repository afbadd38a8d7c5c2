"""The gate on plans of the AWS provider itself, for a whole stack that is taken for deployed."""

from collections.abc import Collection

import pytest

from haven.gate import terraform_plan
from haven.gate import verdict as gate
from haven.gate.findings import GateRule
from haven.program.stateful_types import OTHERS, STATEFUL, token
from haven.terraform import cli, naming
from haven.terraform.export import Export, export
from haven.terraform.schema import ProviderSchema
from tests.conformance.promotion.fabricated_state import Standing, stand
from tests.environments import RECOVERY, environment

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def standing(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return stand(provider, _exported(provider), tmp_path_factory.mktemp("gate") / "standing")


def _exported(provider: cli.Terraform, tier: str = "warm", **changes: str) -> Export:
    return export(environment("warm", tier=tier, **changes), provider.schema())


def judged(standing: Standing, exported: Export, active: str | None = None) -> gate.GateVerdict:
    document = terraform_plan.read(standing.plan(exported), "the plan")
    return gate.judge(document, (), active, "the plan")


def of(verdict: gate.GateVerdict, *rules: GateRule) -> Collection[str]:
    return {each.identity for each in verdict.findings if each.rule in rules}


@pytest.mark.exhaustive
def test_a_failover_as_haven_declares_it_passes(standing: Standing, provider: cli.Terraform) -> None:
    verdict = judged(standing, _exported(provider, active=RECOVERY), RECOVERY)
    assert verdict.counts
    assert not verdict.findings
    assert {each.region for each in verdict.change_set.changes} == {RECOVERY}


@pytest.mark.exhaustive
def test_a_lower_tier_is_refused_for_every_protected_resource(standing: Standing, provider: cli.Terraform) -> None:
    before, after = _exported(provider), _exported(provider, "pilot-light")
    protected = before.protected - after.urns.keys()
    assert protected
    assert of(judged(standing, after), GateRule.DELETION) == protected


def test_every_type_has_the_name_that_pulumi_aws_gives_it(provider_schema: ProviderSchema) -> None:
    pairs = [(each.type, each.terraform) for each in STATEFUL if each.terraform]
    pairs += [(type_, name) for name, type_ in OTHERS.items() if name != "aws_alb"]
    alone = {type_ for type_, name in pairs if type_ == name} | {name for _, name in pairs} - set(provider_schema.types)
    wrong = {
        type_: name
        for type_, name in pairs
        if {type_, name}.isdisjoint(alone) and naming.resource_type(type_, provider_schema) != name
    }
    assert not wrong
    assert all(token(name) == type_ for type_, name in pairs)
