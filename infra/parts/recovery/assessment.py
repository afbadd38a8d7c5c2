"""What Resilience Hub knows of the environment: none of it depends on the active Region."""

from math import ceil

from haven_components import (
    AssessedServiceArgs,
    ResilienceAssessment,
    ResilienceAssessmentArgs,
    interval_minutes,
)
from infra import tagging
from infra.environment import Environment
from infra.parts import backups

EVERYTHING = "environment"
"""The one service of an environment without systems."""


def declare(environment: Environment) -> ResilienceAssessment:
    """Declare the system, its services and their policies."""
    settings, replication = environment.settings, environment.replication
    wanted = settings.objectives
    args: ResilienceAssessmentArgs = {
        "primary_region": environment.primary,
        "recovery_region": environment.recovery,
        "approach": replication.approach,
        "backup_interval_minutes": min(interval_minutes(each) for each in backups.rules(environment)),
        "services": [_system(environment, name) for name in settings.systems] or [_everything(environment)],
    }
    if wanted.rto_minutes is not None:
        args["rto_minutes"] = ceil(wanted.rto_minutes)
    if wanted.rpo_minutes is not None:
        args["rpo_minutes"] = ceil(wanted.rpo_minutes)
    if wanted.availability_percent is not None:
        args["availability_percent"] = wanted.availability_percent
    return ResilienceAssessment(f"{environment.name}-resilience", args, environment.options(environment.primary))


def _system(environment: Environment, name: str) -> AssessedServiceArgs:
    """What a system alone needs, and what it shares with others."""
    return {
        "name": name,
        "tags": [
            {"key": tagging.ENVIRONMENT, "values": [environment.settings.stack]},
            {"key": tagging.SYSTEM, "values": [name, tagging.SHARED]},
        ],
        "approach": environment.replication.system_approaches[name],
    }


def _everything(environment: Environment) -> AssessedServiceArgs:
    return {"name": EVERYTHING, "tags": [{"key": tagging.ENVIRONMENT, "values": [environment.settings.stack]}]}
