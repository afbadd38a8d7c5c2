"""Which stacks are deployed to AWS, as far as their files show."""

from typing import TypedDict

from haven.base.problems import Problem, Problems
from haven.config.project import Project
from haven.config.stack_file import load_stack
from haven.pull_request.findings import EXAMPLE_ACCOUNTS, active_region


class DeployedEnvironment(TypedDict):
    """One stack that is deployed to AWS."""

    stack: str
    account: str
    region: str
    """The active Region; the workflow uses its endpoints for credentials."""


def deployed(project: Project) -> list[DeployedEnvironment]:
    """The stacks whose file has a real account and no emulator, by name.

    Raises:
        Problems: one or more stack files can't be read; it has the problems of all of them.
    """
    found: list[DeployedEnvironment] = []
    problems: list[Problem] = []
    for name in project.stacks():
        try:
            config = load_stack(name, project.file.parent).config
        except Problems as error:
            problems += [Problem(f"{name}: {each.what}", each.got, each.allowed, each.fix) for each in error.problems]
            continue
        account = config.get("haven:account", "")
        if account and account not in EXAMPLE_ACCOUNTS and "haven:emulator" not in config:
            found.append(DeployedEnvironment(stack=name, account=account, region=active_region(config) or ""))
    if problems:
        raise Problems(problems, "the stack files")
    return found
