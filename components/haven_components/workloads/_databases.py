"""What workloads keep in the Region's own database: how they connect, and how its schema gets up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from haven_components import limits, rds_certificates
from haven_components.names import DATABASE_PORT, regional
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.workloads._identity import pod_identity
from haven_components.workloads._objects import SCRATCH, SCRIPTS, Container, Objects, from_secret, plain
from haven_components.workloads._secrets import WorkloadSecretArgs, secret_statements

SCHEMA_SCRIPT = "database_schema.py"
CERTIFICATES_FILE = "database-certificates.pem"
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_MOST_CERTIFICATE_CHARACTERS = 900_000
"""A ConfigMap holds 1 MiB (Kubernetes documentation, ConfigMaps; read 2026-11-26), scripts included."""


class ClusterArgs(TypedDict):
    """Where pods are, for their identity."""

    cluster_name: pulumi.Input[str]
    region: str
    account_id: str


class WorkloadDatabaseArgs(TypedDict):
    host: pulumi.Input[str]
    """Host name of the own Region's endpoint."""
    port: NotRequired[int]
    """Its port. Omitted: 5432."""
    name: str
    """Database that belongs to this component alone. The migration creates it if it is missing."""
    secret_name: str
    """Kubernetes secret of the component's namespace with the keys `username` and `password`: the component's own user,
    which owns the database."""
    administrator_secret_name: NotRequired[str]
    """Kubernetes secret of the component's namespace with the same keys of a user that may create users and databases,
    such as the master user of Aurora. What runs before the migration, and nothing else, creates the component's own
    user and its database with it, or gives the user the password of `secret_name`. Omitted: the user is there, and may
    create its database if that is missing."""
    password_version: NotRequired[int]
    """Another number whenever the secret of `secret_name` has another password: the migration gives it to the user, and
    the pods start anew. Pods that mount the secret wait until its key `version` is this number. Omitted: 1, and the
    secret needs no such key."""
    tls: NotRequired[bool]
    """Whether connections must be encrypted and the server verified. Omitted: true."""
    certificates: NotRequired[str]
    """Root certificates, PEM, with which its certificate and the host name in it are verified (`verify-full`). Other
    ones restart the pods. Omitted: those of RDS in the Regions of `haven_components.rds_certificates`."""


def environment(database: WorkloadDatabaseArgs) -> list[dict[str, Any]]:
    """What libpq and asyncpg read; `files` has the certificates."""
    encrypted, version = database.get("tls", True), int(database.get("password_version", 1))
    return [
        plain("PGHOST", database["host"]),
        plain("PGPORT", str(port(database))),
        plain("PGDATABASE", database["name"]),
        plain("PGSSLMODE", "verify-full" if encrypted else "disable"),
        *([plain("PGSSLROOTCERT", f"{SCRIPTS}/{CERTIFICATES_FILE}")] if encrypted else []),
        from_secret("PGUSER", database["secret_name"], "username"),
        from_secret("PGPASSWORD", database["secret_name"], "password"),
        *([plain("HAVEN_PASSWORD_VERSION", str(version))] if version > 1 else []),
        plain("HOME", SCRATCH),
    ]


def files(database: WorkloadDatabaseArgs, *scripts: str) -> dict[str, str]:
    """Files beside the schema's script: what the database is verified with, and further scripts.

    Args:
        database: to which the pods connect.
        scripts: names of further scripts.
    """
    named = {name: script(name) for name in (SCHEMA_SCRIPT, *scripts)}
    if not database.get("tls", True):
        return named
    return {**named, CERTIFICATES_FILE: database.get("certificates") or rds_certificates.all_certificates()}


def user_container(program: str, image: str, database: WorkloadDatabaseArgs, memory: str) -> list[Container]:
    """What creates the component's own user; nothing without an administrator."""
    if "administrator_secret_name" not in database:
        return []
    administrator: WorkloadDatabaseArgs = {**database, "secret_name": database["administrator_secret_name"]}
    own = [
        from_secret("HAVEN_DATABASE_USER", database["secret_name"], "username"),
        from_secret("HAVEN_DATABASE_PASSWORD", database["secret_name"], "password"),
    ]
    return [schema_container(program, "user", image, [*environment(administrator), *own], memory)]


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
        step: `user`, `migrate`, `wait` (for the schema of this image, in a database that can be written to) or
            `wait-readable`.
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


@dataclass(frozen=True)
class Migration:
    """In whose name a migration's pods act, and what they mount."""

    objects: Objects
    service_account: str
    ready: list[pulumi.Resource]


def migration(
    objects: Objects,
    name: str,
    labels: Mapping[str, str],
    *,
    cluster: ClusterArgs,
    own: Sequence[WorkloadSecretArgs],
    administrator: Sequence[WorkloadSecretArgs],
) -> Migration:
    """A service account of the migration's own, for no other pod may read the administrator's secret; without such a
    secret it is the component's.

    Args:
        objects: the component's.
        name: the component's.
        labels: of the migration.
        cluster: where it runs.
        own: secrets that the component's pods mount.
        administrator: those that the migration mounts beside them.
    """
    if not administrator:
        return Migration(objects, name, [])
    account, mounts = f"{name}-migration", [*own, *administrator]
    objects.service_account(account, labels)
    identity = pod_identity(
        objects.parent,
        regional(account, cluster["region"]),
        namespace=objects.namespace,
        service_account=account,
        statements=secret_statements(cluster["region"], cluster["account_id"], mounts),
        **cluster,
    )
    return Migration(replace(objects, secrets=[each["provider_class"] for each in mounts]), account, identity.ready)


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
    checks.require(
        database["name"] not in limits.DATABASE_RESERVED_NAMES,
        "database.name",
        got=database["name"],
        allowed=f"a database of its own, not {', '.join(limits.DATABASE_RESERVED_NAMES)}",
        fix="choose another name",
    )
    _checks.require_between(
        checks, "database.password_version", database.get("password_version", 1), limits.Range(1, 100), fix="write 1"
    )
    _require_certificates(checks, database)
    require_secret(checks, "database.secret_name", database["secret_name"])
    if "administrator_secret_name" in database:
        require_secret(checks, "database.administrator_secret_name", database["administrator_secret_name"])


def _require_certificates(checks: Checks, database: WorkloadDatabaseArgs) -> None:
    if "certificates" not in database:
        return
    given = database["certificates"]
    checks.require(
        _CERTIFICATE in given and len(given) <= _MOST_CERTIFICATE_CHARACTERS,
        "database.certificates",
        got=f"{len(given)} characters with {given.count(_CERTIFICATE)} certificates",
        allowed=f"one certificate or more in PEM, at most {_MOST_CERTIFICATE_CHARACTERS} characters",
        fix="give the text of AWS's bundle for the Region, or leave it out for RDS",
    )


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
