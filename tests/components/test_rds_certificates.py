"""The root certificates of RDS that clients of the database get."""

import re
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from haven.base.regions import ZONES
from haven_components import rds_certificates
from haven_components.data._database_side import CERTIFICATE_AUTHORITY

KINDS = ("RSA2048", "RSA4096", "ECC384")


@pytest.mark.parametrize("region", sorted(rds_certificates.REGIONS))
def test_a_region_has_its_own_three_roots_and_no_other_certificate(region: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=rds_certificates.certificates(region))
    found: list[Any] = context.get_ca_certs()
    names = [dict(pair for part in each["subject"] for pair in part)["commonName"] for each in found]
    assert sorted(names) == sorted(f"Amazon RDS {region} Root CA {kind} G1" for kind in KINDS)
    for each in found:
        assert each["subject"] == each["issuer"]
        assert datetime.fromtimestamp(ssl.cert_time_to_seconds(str(each["notAfter"])), UTC).year >= 2061


def test_the_authority_that_databases_are_made_with_is_among_them() -> None:
    kind = re.fullmatch("rds-ca-([a-z0-9]+)-g1", CERTIFICATE_AUTHORITY)
    assert kind is not None
    assert kind[1].upper() in KINDS


def test_regions_without_roots_here_are_those_that_the_documentation_names() -> None:
    missing = set(ZONES) - rds_certificates.REGIONS
    elsewhere = {each for each in missing if each.startswith(("cn-", "us-gov-"))}
    assert missing - elsewhere == {"ca-west-1", "il-central-1"}


def test_all_of_them_fit_into_a_config_map() -> None:
    assert len(rds_certificates.all_certificates()) < 2**20 / 4
