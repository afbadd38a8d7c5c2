"""For `haven validate`, which runs this file instead of the program: what is wrong with a stack's config."""

from infra.config.stack_kinds import problems

__all__ = ["problems"]
