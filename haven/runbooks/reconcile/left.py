"""What a planned failover has left to do in the Region that was lost meanwhile, and whether it still is."""

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

from haven.runbooks.clients import KUBERNETES, Client
from haven.runbooks.failover import plan
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status.readings import State
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Branches, Call, CallError, require_calls
from haven.runbooks.workflow.steps import Done, Missing, Step
from haven.runbooks.workflow.threads import MachineClock, Threads

AREA = "left to do"
_OBJECT = re.compile(r"/namespaces/(?P<namespace>[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)(?P<part>/scale)?$")


def read(
    manifest: RecoveryManifest, writer: str, workflow: Workflow | None, reading: Client, once: Client
) -> list[Check]:
    """Ask the Region whether it is so.

    Args:
        manifest: the environment's.
        writer: the Region that writes.
        workflow: the last one that promoted it. None: there was none.
        reading: clients for calls that change nothing.
        once: clients that send a request once.
    """
    if workflow is None or workflow.end is None or not workflow.end.get("left"):
        return []
    site = Site(manifest, writer, MachineClock())
    found: list[Check] = Threads(reading, once).run(checks(site, workflow))
    return found


async def checks(site: Site, workflow: Workflow) -> list[Check]:
    """Each step that its failover has left, by the step's own look.

    Args:
        site: of the failover.
        workflow: which has ended.
    """
    names = (workflow.end or {}).get("left", ())
    steps = [each for each in plan.last(site) if each.name in names]
    looks = await Branches([each.look(workflow) for each in steps])
    require_calls(looks)
    return [_check(site, step, look) for step, look in zip(steps, looks, strict=True)]


def _check(site: Site, step: Step, look: Any) -> Check:
    if isinstance(look, Done):
        return Check(AREA, site.old, State.OK, f"done meanwhile: {step.title}")
    if isinstance(look, Missing):
        return Check(AREA, site.old, State.WRONG, step.title, _typed(look.call))
    why = look if isinstance(look, CallError) else getattr(look, "why", "") or getattr(look, "reason", "")
    return Check(AREA, site.old, State.UNKNOWN, f"{step.title}: {why}")


def _typed(call: Call) -> Sequence[str]:
    """The command that makes a call."""
    if call.service != KUBERNETES:
        operation, given = call.operation.replace("_", "-"), json.dumps(dict(call.arguments))
        return [f"aws {call.service} {operation} --region {call.region} --cli-input-json {shlex.quote(given)}"]
    found = _OBJECT.search(call.arguments["path"])
    if found is None:
        return []
    scale = " --subresource scale" if found["part"] else ""
    where = f"--namespace {found['namespace']} {found['kind']} {found['name']}{scale}"
    return [f"kubectl patch {where} --type merge --patch {shlex.quote(json.dumps(call.arguments['body']))}"]
