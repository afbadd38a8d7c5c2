"""What workloads keep in the Region's own database: how they connect, and how its schema gets up to date."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from haven_components import limits
from haven_components.names import DATABASE_PORT
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._objects import SCRATCH, SCRIPTS, Container, from_secret, plain

SCHEMA_SCRIPT = "database_schema.py"


class WorkloadDatabaseArgs(TypedDict):
    host: pulumi.Input[str]
    """Host name of the own Region's endpoint."""
    port: NotRequired[int]
    """Its port. Omitted: 5432."""
    name: str
    """Database that belongs to this component alone. The migration creates it if it is missing."""
    secret_name: str
    """Kubernetes secret of the component's namespace with the keys `username` and `password`."""
    tls: NotRequired[bool]
    """Whether connections must be encrypted. Omitted: true."""


def environment(database: WorkloadDatabaseArgs) -> list[dict[str, Any]]:
    """What libpq and asyncpg read."""
    return [
        plain("PGHOST", database["host"]),
        plain("PGPORT", str(port(database))),
        plain("PGDATABASE", database["name"]),
        plain("PGSSLMODE", "require" if database.get("tls", True) else "disable"),
        from_secret("PGUSER", database["secret_name"], "username"),
        from_secret("PGPASSWORD", database["secret_name"], "password"),
        plain("HOME", SCRATCH),
    ]


def schema_container(
    program: str,
    step: str,
    image: str,
    variables: Sequence[dict[str, Any]],
    memory: str,
) -> Container:
    """What migrates a database, or waits until it is migrated.

    Args:
        program: `prefect` or `mlflow`.
        step: `migrate`, `wait` (for the schema of this image, in a database that can be written to) or `wait-readable`.
        image: the program's image.
        variables: environment variables, `environment` included.
        memory: what the program needs.
    """
    return Container(
        name=step,
        image=image,
        command=["python", f"{SCRIPTS}/{SCHEMA_SCRIPT}", program, step],
        environment=variables,
        cpu="100m",
        memory=memory,
    )


def script(name: str) -> str:
    """The text of a script that runs inside an image."""
    return (Path(__file__).parent / "scripts" / name).read_text(encoding="utf-8")


def port(database: WorkloadDatabaseArgs) -> int:
    """The database's port."""
    return int(database.get("port", DATABASE_PORT))


def require_database(checks: Checks, database: WorkloadDatabaseArgs) -> None:
    """A port that exists, and a name that needs no quotes."""
    _checks.require_between(checks, "database.port", port(database), limits.PORT, fix="leave it out for 5432")
    _checks.require_match(
        checks,
        "database.name",
        database["name"],
        limits.DATABASE_IDENTIFIER,
        allowed="a lower-case letter, then lower-case letters, digits and underscores, at most 63",
        fix="choose a name that needs no quotes in SQL",
    )
    require_secret(checks, "database.secret_name", database["secret_name"])


def require_secret(checks: Checks, path: str, name: str) -> None:
    """The name of a Kubernetes secret."""
    _checks.require_match(
        checks,
        path,
        name,
        r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
        allowed="lower-case letters, digits, hyphens and dots, as Kubernetes names secrets",
        fix="name the Kubernetes secret, not the one in Secrets Manager",
    )
