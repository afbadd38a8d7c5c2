"""The queues: each Region has its own, in every tier; they cost nothing while they wait."""

from haven_components import RequestBuffer, RequestBufferArgs
from infra import names
from infra.environment import Environment


def queue(environment: Environment, name: str, region: str) -> RequestBuffer:
    """Declare a queue in a Region."""
    settings, chosen = environment.settings, environment.settings.queues[name]
    args: RequestBufferArgs = {
        "region": region,
        "account_id": settings.account,
        "kms_key_arn": environment.region_key(region),
        "fifo": chosen.fifo,
        "visibility_timeout_seconds": chosen.visibility_timeout_seconds,
        "retention_seconds": chosen.retention_seconds,
        "max_receives": chosen.max_receives,
        "age_alarm_seconds": chosen.age_alarm_seconds,
        "ephemeral": settings.ephemeral,
    }
    if chosen.stream is not None:
        args["stream"] = {"retention_hours": chosen.stream.retention_hours}
    if chosen.bus is not None:
        args["bus"] = {"archive_days": chosen.bus.archive_days}
    options = environment.options(region, f"queues.{name}", "queues")
    return RequestBuffer(names.buffer_name(settings.stack, name, region), args, options)
