"""Records of drills and failovers: what was measured, beside what the models predict.

A record is a JSON file in a project's folder `drills/`; its form is `haven/cli/schemas/drill.v1.json`. `haven failover`
makes one of what it did.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from haven.base.problems import Problem, Problems, shown
from haven.model.tiers import Tier

FOLDER = "drills"
"""Beside Pulumi.yaml."""
LONGEST = 366 * 24 * 3600
"""Seconds: whatever is longer is a mistake, such as milliseconds."""
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]


class Place(StrEnum):
    """Where it was run."""

    AWS = "aws"
    EMULATOR = "emulator"
    """Its transitions are instant: orchestration is measured there, AWS's own times are not."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, allow_inf_nan=False)


class Measured(_Form):
    """Seconds from the loss, and of writes that were lost. Omitted: not measured."""

    environment: Seconds | None = None
    """Until everything that serves answers, reads and writes: what `rtoMinutes` is compared with."""
    inference: Seconds | None = None
    """Until model serving answers again."""
    writes: Seconds | None = None
    """Until the stores take writes again."""
    lost: Seconds | None = None
    """Age of the oldest acknowledged write that is missing afterwards, by canary rows: compared with `rpoMinutes`."""
    steps: Mapping[str, Seconds] = {}
    """Term of the prediction, such as `promote database`, or a step of the runbook with several terms -> what it
    took."""


class DrillRecord(_Form):
    """One drill, failover or failback."""

    schema_: Literal["drill.v1"] = Field(alias="schema")
    """The name and version of this form. Within a version, keys are only ever added."""
    stack: str
    tier: Tier
    kind: Literal["drill", "failover", "failback"]
    started: AwareDatetime
    """When the Region was lost, or the drill took it away: ISO 8601 with its time zone."""
    place: Place
    injected: bool = False
    """Whether delays were injected: then its times show nothing of AWS's."""
    lost_region: str
    succeeded: bool
    """Whether the recovery Region served in the end."""
    measured: Measured = Measured()
    note: str = ""

    @property
    def counts(self) -> bool:
        """Whether it says something of failovers on AWS."""
        return self.place is Place.AWS and not self.injected and self.kind != "failback"


def records(project: Path | None, stack: str) -> Sequence[DrillRecord]:
    """The records of a stack in every tier, the newest first.

    Args:
        project: the project's root. None: no records.
        stack: the stack's name.

    Raises:
        Problems: a record isn't of the form, with every problem of all of them.
    """
    folder = project / FOLDER if project else None
    if folder is None or not folder.is_dir():
        return []
    problems: list[Problem] = []
    found = [each for file in sorted(folder.glob("*.json")) if (each := _read(file, problems))]
    if problems:
        raise Problems(problems, f"{FOLDER}/")
    own = [each for each in found if each.stack == stack]
    return sorted(own, key=lambda each: each.started, reverse=True)


def outcomes(found: Sequence[DrillRecord]) -> tuple[int, int]:
    """How many of the failovers on AWS worked, and how many there were.

    Of every tier: the runbooks are the same, and if each tier had a share of its own, one with a drill could seem worse
    than the one below it without any.
    """
    counted = [each for each in found if each.counts]
    return sum(each.succeeded for each in counted), len(counted)


def _read(file: Path, problems: list[Problem]) -> DrillRecord | None:
    try:
        return DrillRecord.model_validate_json(file.read_bytes())
    except OSError as error:
        got = f"a file that can't be read ({error.strerror})"
        problems.append(Problem(file.name, got, "a record", f"make it one, or move it out of {FOLDER}/"))
    except ValidationError as error:
        for each in error.errors():
            key = ".".join(str(part) for part in each["loc"])
            what = f"{file.name}: {key}" if key else file.name
            got = shown(str(each["input"])) if key else "a file that is no such record"
            problems.append(Problem(what, got, each["msg"], "see haven/cli/schemas/drill.v1.json"))
    return None


def json_schema() -> Mapping[str, Any]:
    """The form as JSON Schema."""
    made = DrillRecord.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "a record in drills/"}


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "cli" / "schemas" / "drill.v1.json"
    target.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
