"""What ends the tool when it can't go on, and nobody's input is to blame."""


class Lacking(Exception):  # noqa: N818  it names what is lacking, as its message does
    """Something that the machine should have is missing, or somebody doesn't answer."""
