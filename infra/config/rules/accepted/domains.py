"""Names below the environment's domain: certificates and DNS take only so many characters."""

from collections.abc import Iterable

from haven.base.problems import Problem
from haven_components import limits
from haven_components.choices import DnsRouting
from infra.config.part_models import Edge
from infra.config.rules.validators import Rules
from infra.names import PRIVATE, SERVICE

RULES = Rules()

_CERTIFIED = f"*.{PRIVATE}."
"""What stands before the domain in the longest name that a certificate is requested for."""
_RECORDED = f"{max(DnsRouting, key=len)}.{SERVICE}.{PRIVATE}."
"""What stands before it in the longest name of a record."""


@RULES.on("domain", "edge")
def _length(domain: str | None, edge: Edge) -> Iterable[Problem]:
    if domain is None:
        return
    most = limits.DNS_NAME_CHARACTERS - len(_RECORDED)
    why, fix = f"{_RECORDED}DOMAIN is a record, and DNS takes {limits.DNS_NAME_CHARACTERS}", "write a shorter domain"
    if not edge.certificates:
        most = limits.CERTIFICATE_NAME_CHARACTERS - len(_CERTIFIED)
        why = f"ACM takes {limits.CERTIFICATE_NAME_CHARACTERS} in a certificate's first name, {_CERTIFIED}DOMAIN"
        fix += ", or name certificates of your own in haven:edge.certificates"
    if len(domain) > most:
        yield Problem("haven:domain", f"{len(domain)} characters", f"at most {most}: {why}", fix)
