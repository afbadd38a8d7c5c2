"""Which versions of the database's and the cache's engine there are, and what the database is verified with."""

import re
import ssl
from collections.abc import Iterable, Iterator

from haven.base.problems import Problem, shown
from haven.model import catalog
from haven_components import limits, rds_certificates
from infra.config import models
from infra.config.rules.validators import Rules

RULES = Rules()
_NEWER_MINORS = 8
"""How many minor versions above the newest in the data are taken for real. An assumption: PostgreSQL releases one a
quarter, so this is two years' worth."""


@RULES.on("database")
def _database(database: models.Database) -> Iterable[Problem]:
    major, _, minor = database.engine_version.partition(".")
    newest = catalog.newest_aurora_minor(major)
    if newest is not None and int(minor) > newest + _NEWER_MINORS:
        yield Problem(
            "haven:database.engineVersion",
            shown(database.engine_version),
            f"a version of Aurora PostgreSQL {major}: the newest in the data of {_retrieved()} is {major}.{newest}",
            f'write engineVersion: "{major}.{newest}"',
        )


@RULES.on("database")
def _readable(database: models.Database) -> Iterable[Problem]:
    if database.certificates is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=database.certificates)
    except ssl.SSLError:
        count = database.certificates.count("BEGIN CERTIFICATE")
        yield Problem(
            "haven:database.certificates",
            f"{count} {'certificate' if count == 1 else 'certificates'}, of which one can't be read",
            "root certificates in PEM, as AWS's bundle for a Region has them",
            "write certificates: | and below it the text of AWS's bundle for the Region",
        )


@RULES.on("cache")
def _cache(cache: models.Cache) -> Iterable[Problem]:
    pattern, words, newest = limits.CACHE_ENGINE_VERSIONS[cache.engine]
    if not re.fullmatch(pattern, cache.engine_version):
        yield Problem(
            "haven:cache.engineVersion",
            shown(cache.engine_version),
            f"for {cache.engine}: {words}",
            f'write engineVersion: "{newest}"',
        )


def notes(database: models.Database, regions: models.Regions) -> Iterator[str]:
    """What the data does not know; a plan shows it as warnings."""
    unknown = [each for each in (regions.primary, regions.recovery) if each not in rds_certificates.REGIONS]
    if unknown and database.certificates is None:
        yield (
            f"haven:database.certificates: Haven has no root certificates of RDS in {' and '.join(unknown)}: until the"
            " stack file has AWS's bundle of both Regions, heartbeats and systems can't verify the database and don't"
            " connect to it (docs/workloads.md)"
        )
    major, _, minor = database.engine_version.partition(".")
    newest = catalog.newest_aurora_minor(major)
    if newest is None or int(minor) > newest:
        yield (
            f"haven:database.engineVersion: the data of {_retrieved()} has no Aurora PostgreSQL"
            f" {database.engine_version}; check that AWS offers it: aws rds describe-db-engine-versions"
            f" --engine aurora-postgresql --engine-version {database.engine_version}"
        )


def _retrieved() -> str:
    return catalog.Catalog().source(catalog.AURORA_VERSIONS).retrieved_on
