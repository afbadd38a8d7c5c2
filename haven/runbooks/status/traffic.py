"""Whether DNS sends traffic to each Region: the switch's metric and the alarm that reads it."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import first
from haven.runbooks.status.readings import Answers, Questions, Reading, State

AREA = "traffic"
_STATES = {
    "OK": (State.OK, "gets traffic"),
    "ALARM": (State.OK, "is turned off"),
    "INSUFFICIENT_DATA": (State.UNKNOWN, "has no data: Route 53 keeps the last state that it knew"),
}


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """A Region's alarm is in the other Region."""

    def alarm(region: str) -> Mapping[str, Any] | None:
        switch = manifest.traffic[region]
        return first(client("cloudwatch", switch.write_in).describe_alarms(AlarmNames=[switch.alarm])["MetricAlarms"])

    return {(AREA, region): partial(alarm, region) for region in manifest.traffic}


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """Per Region that has a switch."""
    for region, switch in manifest.traffic.items():
        answer = answers[AREA, region]
        where = f"alarm {switch.alarm} in {switch.write_in}"
        if not answer.known:
            yield Reading(AREA, region, State.UNKNOWN, f"{where}: {answer.unknown}")
        elif answer.value is None:
            yield Reading(AREA, region, State.WRONG, f"{where} doesn't exist: the Region can't be turned off")
        else:
            state, shown = _STATES[answer.value["StateValue"]]
            yield Reading(AREA, region, state, f"{region} {shown} ({where})")
    alarms = [answers[AREA, region].value for region in manifest.traffic]
    off = [each for each in alarms if each is not None and each["StateValue"] == "ALARM"]
    if len(off) == len(manifest.both):
        both = "both Regions are turned off: Route 53 then answers with the primary record"
        yield Reading(AREA, "", State.WRONG, both)
