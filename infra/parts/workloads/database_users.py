"""The database user of each system that keeps something there: its own, and never the database's administrator."""

from infra.config.rules.systems import REGISTRY, WORKFLOWS, running
from infra.environment import Environment
from infra.parts.workloads import credentials, platform


def declare(environment: Environment) -> None:
    """Declare the secrets, in both Regions: the migrations of either one give the users these passwords."""
    systems = environment.settings.systems
    for system in (*running(systems, REGISTRY), *running(systems, WORKFLOWS)):
        _secret(environment, system)


def secret_base(environment: Environment, system: str) -> str:
    """What the name of a system's secret begins with, the same in both Regions."""
    return f"{environment.name}-{system}-database"


def _secret(environment: Environment, system: str) -> None:
    user = f"haven_{platform.sql_name(system)}"
    version = environment.settings.systems[system].password_version
    more = {"version": str(version)} if version > 1 else {}
    credentials.declare(
        environment,
        secret_base(environment, system),
        f"Database user of system {system}",
        lambda password: {"username": user, "password": password, **more},
        version,
    )
