"""Asks a Region's applications not to write for a while: a Systems Manager parameter that they read while they run.

It is a courtesy, no fence: an application that doesn't read it meets a closed or a read-only store.
"""

from collections.abc import Iterator

from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, RefusedError
from haven.runbooks.workflow.steps import Done, Look, Looking, Missing, Step

READ_ONLY, READ_WRITE = "read-only", "read-write"
_ABSENT = "ParameterNotFound"
_SECONDS = 20.0
"""What a promotion waits for a parameter, in the worst case. An assumption: two answers that don't come, and more."""


def announced(region: str, parameter: str, side: str) -> Iterator[Step]:
    """Read-only until the failover ends, or is undone.

    Args:
        region: whose applications.
        parameter: its name; empty: the environment was deployed before there was one.
        side: `old-side` or `new-side`, for the step's name.
    """
    if parameter:
        back = Step(
            f"undo-{READ_ONLY}-{side}",
            f"Let applications in {region} write",
            turned(region, parameter, READ_WRITE),
            deadline=300,
            hold=60,
        )
        (name,) = names(parameter, side)
        yield Step(
            name,
            f"Ask applications in {region} not to write for a while",
            turned(region, parameter, READ_ONLY),
            deadline=_SECONDS,
            every=2,
            settle=5,
            essential=False,
            repeatable=True,
            undo=back,
        )


def names(parameter: str, side: str) -> tuple[str, ...]:
    """The step that asks a side's applications not to write; none without a parameter."""
    return (f"{READ_ONLY}-{side}",) if parameter else ()


def ended(region: str, parameter: str, side: str, after: tuple[str, ...], *, essential: bool) -> Iterator[Step]:
    """Applications may write once more.

    Args:
        region: whose applications.
        parameter: as in `announced`.
        side: as in `announced`.
        after: the switch, or the end of the fence.
        essential: whether the failover is incomplete without.
    """
    if parameter:
        title, look = f"Let applications in {region} write", turned(region, parameter, READ_WRITE)
        yield Step(f"{READ_WRITE}-{side}", title, look, after, deadline=300, essential=essential, repeatable=True)


def turned(region: str, parameter: str, wanted: str) -> Looking:
    """Done when the parameter has the wanted value."""

    async def look(_: Workflow) -> Look:
        try:
            answer = await Call("ssm", region, "get_parameter", {"Name": parameter})
        except RefusedError as error:
            if error.code == _ABSENT:
                return Done(remark=f"{parameter} doesn't exist in {region}: applications there aren't asked")
            raise
        if answer["Parameter"]["Value"] == wanted:
            return Done()
        arguments = {"Name": parameter, "Value": wanted, "Type": "String", "Overwrite": True}
        return Missing(Call("ssm", region, "put_parameter", arguments, changes=True))

    return look
