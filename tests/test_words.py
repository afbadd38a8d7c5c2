"""Names and phrases that this project has given up: docs/glossary.md has the words that it uses."""

import re
import subprocess

import pytest

from tests.environments import ROOT

RETIRED = {
    # Identifiers
    r"letting_go": "removal_steps",
    r"\bLacking\b": "MissingDependency",
    r"\bDanger\b": "Finding",
    r"\bflips?\b|\bFlip\b": "failover",
    r"engine_documents": "preview_reader, ChangeSet",
    r"kinds_of_resources": "stateful_types",
    r"\bshortcomings\b": "emulator gaps",
    r"\bleash\b": "run_with_parent",
    r"\bways_in\b": "ingress",
    r"\bWorld\b": "ResourceGraph",
    r"\bread_facts\b": "read_stack_facts",
    r"\bresidency\.(ways|edges|places|judging)\b": "data_paths, data_flows, destinations, rules",
    r"\batBest|\batMost|\bat_best\b|\bat_most\b": "best case, worst case",
    # Phrases
    r"\bat best\b": "best case",
    r"made anew": "replaced, created again",
    r"nobody stands behind": "unsourced figures are marked as assumptions",
    r"\bways? out\b": "remediation",
    r"looks? nothing up": "no data sources",
    r"\basks? nobody\b": "offline",
    r"\bworlds? apart\b": "different",
    r"stands? already|standing already|already stands?": "existing resources",
    r"\bforgotten\b|\bforgets?\b": "removed from the state",
    r"take[ns]? away\b": "deleted, removed",
    r"\blets? go of\b|\bletting go\b": "unprotect, remove",
    r"\bminded\b": "reported",
    r"\btold\b|\buntold\b": "described, named, notified",
    r"\bsaid\b|\bunsaid\b": "written, reported, without a value",
    r"\bwhat stands\b|\bstands? (there|alone|beside|behind)\b": "exists, is",
    r"\bin vain\b": "without a result",
}
"""What is given up, as a regular expression, and what to write instead."""

ELSEWHERE = {
    "CHANGELOG.md": "names what was renamed",
    "tests/test_words.py": "is the list",
    "uv.lock": "is generated",
}
"""Files that may have them, and why."""

STAYS: dict[str, str] = {
    '"atBest': "a key of a stack export",
    '"atMost': "a key of a stack export",
    "what stands in the account": "the description of a role",
    '"forget"': "an action in Terraform's plans",
}
"""Pieces of text that stay: they are inputs of resources or keys of stack exports. Text -> why."""


def tracked() -> list[str]:
    """Every text file in git."""
    listed = subprocess.run(["git", "grep", "-I", "--name-only", "-e", ""], cwd=ROOT, capture_output=True, check=True)
    return [each for each in listed.stdout.decode().splitlines() if each not in ELSEWHERE]


@pytest.mark.parametrize("pattern", RETIRED)
def test_no_file_has_a_retired_name_or_phrase(pattern: str) -> None:
    retired = re.compile(pattern)
    lines = [
        f"{path}:{number}: {line.strip()}"
        for path in tracked()
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), start=1)
        if retired.search(line) and not any(each in line for each in STAYS)
    ]
    assert lines == [], f"write instead: {RETIRED[pattern]}"
