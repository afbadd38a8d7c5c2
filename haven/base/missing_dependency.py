"""The error for a program, package or service that the tool needs and this machine does not provide."""


class MissingDependency(Exception):  # noqa: N818  not the user's input is wrong: the machine lacks something
    """A program or package is not installed, or a service does not answer. The message names it and how to get it."""
