"""`haven` for tests that end it hundreds of times: pauses that give AWS time are short, for the emulator needs none."""

import sys
from collections.abc import Sequence
from typing import Any

from haven.cli.main import main
from haven.runbooks import switch
from haven.runbooks.failover import observe, plan
from haven.runbooks.workflow import engine
from haven.runbooks.workflow.steps import Step

_SETTLE, _PAUSE = 1.0, 0.1
_steps = plan.steps


def _hurried(*arguments: Any, **named: Any) -> Sequence[Step]:
    return [each._replace(settle=_SETTLE) for each in _steps(*arguments, **named)]


if __name__ == "__main__":
    plan.steps = _hurried  # type: ignore[assignment]
    observe._EVERY_SECONDS = _PAUSE
    engine._FIRST_SECONDS = _PAUSE
    switch.RETENTION = ((1, 1), (1, 1))  # a switch that is turned back within the minute reads as turned back
    sys.exit(main())
