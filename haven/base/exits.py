"""Exit codes of the tool."""

OK, FINDINGS, BAD_INPUT, LACKING, INTERRUPTED = 0, 1, 2, 3, 130
