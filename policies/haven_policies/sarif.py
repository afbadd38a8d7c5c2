"""A verdict in SARIF 2.1.0, which code scanning shows beside the stack file.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0; read 2026-11-21.
"""

from typing import Any

from haven.config.policy import Level
from haven_policies.judge import Verdict, Violation
from haven_policies.rules.model import Rule, Severity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.MANDATORY: "error", Level.ADVISORY: "warning"}
_SCORES = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
"""GitHub reads a score of 0 to 10 and shows over 9.0 as critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, below that low
(GitHub Docs, SARIF support for code scanning; read 2026-11-21)."""


def as_sarif(verdict: Verdict, file: str) -> dict[str, Any]:
    """The verdict as a SARIF document.

    Args:
        verdict: the rules' verdict.
        file: the stack's file, relative to the root of its repository.
    """
    places = {each.name: index for index, each in enumerate(verdict.rules)}
    results = [_result(each, places, file) for each in (*verdict.violations, *verdict.waived)]
    driver = {"name": "haven", "rules": [_rule(each) for each in verdict.rules]}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.description},
        "help": {"text": f"{rule.remediation} See {rule.page}"},
        "helpUri": rule.page,
        "defaultConfiguration": {"level": _LEVELS.get(rule.level, "none")},
        "properties": {"security-severity": _SCORES[rule.severity], "tags": [rule.family]},
    }


def _result(violation: Violation, places: dict[str, int], file: str) -> dict[str, Any]:
    rule = violation.rule
    result: dict[str, Any] = {
        "ruleId": rule.name,
        "ruleIndex": places[rule.name],
        "level": _LEVELS[violation.level],
        "message": {"text": violation.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": violation.urn or violation.stack, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {
            "violation/v1": f"{rule.name}|{violation.urn or violation.stack}|{violation.finding.path}"
        },
    }
    if violation.waived and violation.waiver:
        reason = f"{violation.waiver.reason} (until {violation.waiver.until})"
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": reason}]
    return result
