"""What a plan says of tables, queues, images, balancers, backups and alarms."""

import pytest

from haven.plan.component_summary import component_facts
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, environment


def facts(recording: Recording, component: str, region: str) -> list[str]:
    """All facts about a component's parts in a Region."""
    here = [each for each in recording.real() if each.component == component and each.region == region]
    return component_facts(component, here, recording)


@pytest.mark.parametrize(
    ("component", "region", "output"),
    [
        (
            "BackupVault",
            PRIMARY,
            "backups daily kept 35 days, monthly kept 365 days; each copied into the other Region",
        ),
        ("BackupVault", RECOVERY, "restored to see that it works: Aurora, DynamoDB"),
        ("CostGuard", PRIMARY, "notifies when a month costs 10000 USD"),
        ("EdgeBalancer", RECOVERY, "certificate for *.warm.example.com"),
        ("FaultExperiments", RECOVERY, "8 experiments to start by hand"),
        ("GlobalTable", PRIMARY, "by session, items expire, at home here"),
        ("GlobalTable", RECOVERY, "a replica that takes writes too"),
        ("Observability", PRIMARY, "no notifications: subscribe to the topic, or set emails in haven:watch"),
        ("OperationsStore", RECOVERY, "their journal, and an audit that is kept 365 days"),
        (
            "ReplicatedRegistry",
            RECOVERY,
            ", ".join(
                f"haven-warm-images/{each}"
                for each in (
                    "aws-load-balancer-controller",
                    "charts/aws-load-balancer-controller",
                    "mlflow",
                    "python",
                    "serving",
                    "training",
                )
            ),
        ),
        ("RequestBuffer", RECOVERY, "in no order"),
    ],
)
def test_each_component_has_key_facts(component: str, region: str, output: str) -> None:
    assert output in facts(environment("warm"), component, region)


def test_hourly_backups_are_those_of_a_tier_that_has_nothing_else() -> None:
    assert any(
        each.startswith("backups hourly kept 3 days") for each in facts(environment("backup"), "BackupVault", PRIMARY)
    )


def test_choices_show() -> None:
    chosen = environment(
        "warm",
        queues='{"requests": {"stream": {}, "bus": {}}}',
        backups='{"complianceLockCoolingOffDays": 7}',
        watch='{"emails": ["team@example.com"]}',
        edge='{"internal": true}',
    )
    assert facts(chosen, "RequestBuffer", PRIMARY)[1:] == [
        "with a stream", "behind a bus whose events can be replayed",
    ]  # fmt: skip
    assert "locked for good after 7 days" in facts(chosen, "BackupVault", PRIMARY)
    assert "notifies 1 address" in facts(chosen, "Observability", RECOVERY)
    assert "application balancer, reached inside the network alone" in facts(chosen, "EdgeBalancer", PRIMARY)
