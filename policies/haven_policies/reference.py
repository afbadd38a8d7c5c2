"""Writes docs/policy-rules.md, the page of all rules: `python -m haven_policies.reference`."""

from itertools import groupby
from pathlib import Path

from haven_policies.rules import RULES
from haven_policies.rules.model import Rule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy-rules.md"

_HEAD = """\
# Rules of the policy pack
Made from the rules themselves by `make reference`; change a rule, and make it again. What levels are, how a rule is
waived and where the rules run: [policies.md](policies.md).
"""


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    for family, rules in groupby(RULES, key=lambda each: each.family):
        parts.append(f"## {family[0].upper()}{family[1:]}\n")
        parts += [_entry(each) for each in rules]
    return "\n".join(parts)


def _entry(rule: Rule) -> str:
    judges = ", ".join(f"`{each}`" for each in rule.types) if rule.types else "the environment as a whole"
    return (
        f"### {rule.name}\n"
        f"{rule.description} {rule.remediation}\n\n"
        f"{rule.level}, {rule.severity}; judges {judges}; [source]({rule.page})\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page())
