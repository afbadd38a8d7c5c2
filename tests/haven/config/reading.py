"""Helpers that read the text of a stack file."""

from pathlib import Path

import pytest

from haven.base.problems import Problems
from haven.config.project import Project
from haven.config.stack_file import Stack, read_stack

PROJECT = Project("haven", Path("Pulumi.yaml"), Path("infra"), Path("stacks"))


def read(text: str | bytes, project: Project = PROJECT) -> Stack:
    data = text.encode() if isinstance(text, str) else text
    return read_stack(data, Path("Pulumi.test.yaml"), project)


def config(text: str) -> dict[str, str]:
    stack = read(text)
    assert stack.problems == ()
    return dict(stack.config)


def refused(text: str | bytes) -> list[str]:
    """The problems of a file from which no config can be read."""
    with pytest.raises(Problems) as caught:
        read(text)
    return [each.render() for each in caught.value.problems]


def noted(text: str, project: Project = PROJECT) -> list[str]:
    """The problems of a file that could be read all the same."""
    return [each.render() for each in read(text, project).problems]
