"""Whether DNS sends traffic to each Region: the switch's metric and the alarm that reads it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from haven.runbooks import switch
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest, Switch
from haven.runbooks.observation import first
from haven.runbooks.status.readings import Answers, Questions, Reading, State

AREA = "traffic"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """A Region's alarm, and the metric that it reads, are in the other Region."""
    return {(AREA, region): partial(_newest, client, chosen) for region, chosen in manifest.traffic.items()}


def _newest(client: Client, chosen: Switch) -> float | None:
    """The newest point of a switch; 0 where it was never used, None where its alarm is missing."""
    cloudwatch = client("cloudwatch", chosen.write_in)
    if first(cloudwatch.describe_alarms(AlarmNames=[chosen.alarm])["MetricAlarms"]) is None:
        return None
    asked = (cloudwatch.get_metric_data(**each) for each in switch.questions(chosen, datetime.now(UTC)))
    return next((point for point in map(switch.newest, asked) if point is not None), 0.0)


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Per Region that has a switch."""
    for region, chosen in manifest.traffic.items():
        answer = answers[AREA, region]
        where = f"metric {chosen.metric} and alarm {chosen.alarm} in {chosen.write_in}"
        if not answer.known:
            yield Reading(AREA, region, State.UNKNOWN, f"{where}: {answer.unknown}")
        elif answer.value is None:
            missing = f"alarm {chosen.alarm} in {chosen.write_in} doesn't exist: the Region can't be turned off"
            yield Reading(AREA, region, State.WRONG, missing)
        else:
            shown = "is turned off" if switch.is_off(answer.value) else "gets traffic"
            yield Reading(AREA, region, State.OK, f"{region} {shown} ({where})")
    if len(manifest.traffic) == len(manifest.both) and all(
        switch.is_off(answers[AREA, region].value) for region in manifest.traffic
    ):
        both = "both Regions are turned off: Route 53 then answers with the primary record"
        yield Reading(AREA, "", State.WRONG, both)
