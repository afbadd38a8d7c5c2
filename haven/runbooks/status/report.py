"""The status of an environment: everything is asked at once, and one silent Region hides nothing of the other."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base.terminal import Style, plural
from haven.runbooks.clients import Client
from haven.runbooks.manifest import Located, RecoveryManifest
from haven.runbooks.manifest_checks import newer
from haven.runbooks.observation import WITHIN_SECONDS, ask_all
from haven.runbooks.status import (
    backups,
    capacity,
    closed,
    drills,
    heartbeats,
    open_workflow,
    replication,
    serving,
    traffic,
    workloads,
    writers,
)
from haven.runbooks.status.readings import COLOURS, Reading, State, duration

SCHEMA = "status.v1"
"""Of `--json`: the file haven/cli/schemas/status.v1.json."""


@dataclass(frozen=True)
class Status:
    """What was found at one moment."""

    manifest: RecoveryManifest
    writer: str | None
    """The Region that the database is written in; None: nobody knows."""
    readings: Sequence[Reading]
    at: float
    """Seconds since the epoch."""
    took_seconds: float
    silent: Sequence[str] = ()
    """Regions of which nothing has reached this machine, not even a refusal."""

    def count(self, state: State) -> int:
        """How many readings are in a state."""
        return sum(each.state is state for each in self.readings)

    @property
    def fine(self) -> bool:
        """Whether everything was found out, and nothing is wrong."""
        return self.count(State.OK) == len(self.readings)


def observe(located: Located, client: Client, within: float = WITHIN_SECONDS) -> Status:
    """Ask both Regions everything, at once.

    Args:
        located: the manifest.
        client: makes the clients.
        within: seconds for all answers.

    Raises:
        MissingDependency: this machine has no credentials.
    """
    begin = time.monotonic()
    manifest = located.manifest
    parts = (
        open_workflow,
        closed,
        writers,
        capacity,
        serving,
        workloads,
        replication,
        heartbeats,
        traffic,
        backups,
        drills,
    )
    answers = ask_all({key: ask for part in parts for key, ask in part.questions(manifest, client).items()}, within)
    writer = writers.writing_region(answers)
    found = [
        *(Reading("manifest", "", State.WRONG, each) for each in located.remarks),
        *(Reading("manifest", "", State.OK, each) for each in newer(manifest)),
        *open_workflow.readings(manifest, answers),
        *closed.readings(manifest, answers),
        *writers.readings(manifest, answers),
        *capacity.readings(manifest, answers, writer),
        *serving.readings(manifest, answers, writer),
        *workloads.readings(manifest, answers, writer),
        *replication.readings(manifest, answers, writer),
        *heartbeats.readings(manifest, answers, writer),
        *traffic.readings(manifest, answers),
        *backups.readings(manifest, answers),
        *drills.readings(manifest, answers),
    ]
    took = time.monotonic() - begin
    keys = capacity.questions(manifest, client).keys()
    silent = [each for each in manifest.both if not any(answers[key].reached for key in keys if each in key)]
    return Status(manifest, writer, list(dict.fromkeys(found)), time.time(), took, silent)


def document(status: Status) -> Mapping[str, Any]:
    """The status as data: the file haven/cli/schemas/status.v1.json."""
    return {
        "schema": SCHEMA,
        "environment": status.manifest.environment,
        "tier": status.manifest.tier,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.at)),
        "writer": status.writer,
        "fine": status.fine,
        "readings": [
            {
                "area": each.area,
                "region": each.region or None,
                "state": each.state.value,
                "description": each.description,
                "ageSeconds": each.age_seconds,
            }
            for each in status.readings
        ],
    }


def screen(status: Status, style: Style) -> str:
    """One screen: the headline, then what is wrong or unknown, then the rest, by Region."""
    manifest = status.manifest
    lines = [style.paint(_headline(status), "bold"), _verdict(status, style), ""]
    for region in (*manifest.both, ""):
        rows = [_row(each, style) for each in sorted(_of(status, region), key=_order)]
        if rows:
            lines += [style.paint(_title(status, region), "bold"), *style.table(rows, 2), ""]
    return "\n".join([*lines, *_refresh(status)])


def _refresh(status: Status) -> Iterator[str]:
    """The refresh that ends, while a Region may be lost: one of the whole stack waits for it without end."""
    manifest = status.manifest
    if len(status.silent) == 1:
        (region,) = status.silent
        yield f"While {region} doesn't answer, a pulumi refresh of the whole stack never ends."
        yield "The other Region's, in the project's folder:"
        yield f"  haven refresh-command {manifest.environment} --region {manifest.other(region)}"
        yield ""


def _headline(status: Status) -> str:
    manifest = status.manifest
    where = f"writes go to {status.writer}" if status.writer else "nobody knows where writes go"
    clock = time.strftime("%H:%M:%S UTC", time.gmtime(status.at))
    return f"{manifest.environment}, tier {manifest.tier}: {where} (at {clock}, asked for {status.took_seconds:.1f} s)"


def _verdict(status: Status, style: Style) -> str:
    if status.fine:
        return style.paint(f"All {len(status.readings)} readings are as the tier wants them", "green")
    wrong, unknown = status.count(State.WRONG), status.count(State.UNKNOWN)
    parts = [f"{wrong} wrong"] if wrong else []
    parts += [f"{unknown} unknown, which isn't fine"] if unknown else []
    return style.paint(f"Of {plural(len(status.readings), 'reading')}: {', '.join(parts)}", COLOURS[State.WRONG])


def _of(status: Status, region: str) -> Iterator[Reading]:
    return (each for each in status.readings if each.region == region)


def _order(reading: Reading) -> int:
    return [State.WRONG, State.UNKNOWN, State.OK].index(reading.state)


def _title(status: Status, region: str) -> str:
    if not region:
        return "Environment"
    role = "primary" if region == status.manifest.regions.primary else "recovery"
    return f"{region} ({role} Region{', written' if region == status.writer else ''})"


def _row(reading: Reading, style: Style) -> tuple[str, str, str]:
    age = "" if reading.age_seconds is None else f" (sample {duration(reading.age_seconds)} old)"
    text = f"{reading.description}{age if reading.area == replication.AREA else ''}"
    return style.paint(reading.state.value, COLOURS[reading.state]), reading.area, text
