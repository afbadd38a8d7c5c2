"""The pods of Prefect: API servers, background services, workers, and the Jobs beside them."""

from typing import Any

import pulumi

from haven_components.names import WORKFLOWS_PORT
from haven_components.workloads import _databases
from haven_components.workloads._databases import schema_container
from haven_components.workloads._objects import (
    SCRATCH,
    SCRIPTS,
    Container,
    command_probes,
    from_secret,
    plain,
    probes,
)
from haven_components.workloads.workflows._args import (
    HEARTBEAT_SECONDS,
    WorkflowMessagingArgs,
    WorkflowOrchestratorArgs,
    messaging_port,
)

API_PORT = WORKFLOWS_PORT
WORKER_PORT = 8080
AUTH_KEY = "auth-string"
TOKEN_KEY = "token"  # noqa: S105  a key of a secret
SETTINGS_FILE = "settings.json"
SETTINGS_SCRIPT = "prefect_settings.py"
SERVICES_SCRIPT = "prefect_services.py"
ALIVE_FILE = f"{SCRATCH}/services-alive"
SERVER_MEMORY, WORKER_MEMORY, STEP_MEMORY = "1Gi", "512Mi", "512Mi"
SERVER_CPU, WORKER_CPU = "500m", "100m"
"""[assumption] Requests of one pod."""


def api_url(name: str, namespace: str) -> str:
    """The API as pods of the cluster reach it."""
    return f"http://{name}.{namespace}.svc.cluster.local:{API_PORT}/api"


def server_environment(args: WorkflowOrchestratorArgs) -> list[dict[str, Any]]:
    """What API servers, background services and migrations are configured with (Prefect 3.9's settings; read
    2026-11-26). Nothing is kept in memory that another replica has to know."""
    database = args["database"]
    return [
        *_databases.environment(database),
        plain("PREFECT_HOME", f"{SCRATCH}/prefect"),
        plain("PREFECT_SERVER_DATABASE_DRIVER", "postgresql+asyncpg"),
        plain("PREFECT_SERVER_DATABASE_HOST", database["host"]),
        plain("PREFECT_SERVER_DATABASE_PORT", str(_databases.port(database))),
        plain("PREFECT_SERVER_DATABASE_NAME", database["name"]),
        from_secret("PREFECT_SERVER_DATABASE_USER", database["secret_name"], "username"),
        from_secret("PREFECT_SERVER_DATABASE_PASSWORD", database["secret_name"], "password"),
        # Servers that migrate a fresh database at once end each other, and so do servers that register the types of
        # blocks there (both tried with 3.9.1, 2026-11-26): the migration's Job does it alone.
        plain("PREFECT_SERVER_DATABASE_MIGRATE_ON_START", "false"),
        plain("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "false"),
        # Background services that can't connect in time while they start end silently, the evaluation of automations
        # among them (seen with the default, 5 s, on a busy machine; 3.9.1, 2026-11-26).
        plain("PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT", "60"),
        plain("PREFECT_SERVER_UI_STATIC_DIRECTORY", f"{SCRATCH}/ui"),
        plain("PREFECT_SERVER_ANALYTICS_ENABLED", "false"),
        from_secret("PREFECT_SERVER_API_AUTH_STRING", args["auth_secret_name"], AUTH_KEY),
        from_secret("PREFECT_API_AUTH_STRING", args["auth_secret_name"], AUTH_KEY),
        *_messaging(args["messaging"]),
    ]


def _messaging(messaging: WorkflowMessagingArgs) -> list[dict[str, Any]]:
    tls, port = messaging.get("tls", True), messaging_port(messaging)
    secret = messaging.get("secret_name", "")
    token = [from_secret("PREFECT_REDIS_MESSAGING_PASSWORD", secret, TOKEN_KEY)] if secret else []
    # Kubernetes fills in variables that come before. Tokens have letters and digits alone.
    credentials = ":$(PREFECT_REDIS_MESSAGING_PASSWORD)@" if secret else ""
    address = pulumi.Output.concat(f"redis{'s' if tls else ''}://{credentials}", messaging["host"], f":{port}/0")
    return [
        plain("PREFECT_MESSAGING_BROKER", "prefect_redis.messaging"),
        plain("PREFECT_MESSAGING_CACHE", "prefect_redis.messaging"),
        plain("PREFECT_SERVER_EVENTS_CAUSAL_ORDERING", "prefect_redis.ordering"),
        plain("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect_redis.lease_storage"),
        plain("PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE", "prefect_redis.cleanup_queue"),
        plain("PREFECT_REDIS_MESSAGING_HOST", messaging["host"]),
        plain("PREFECT_REDIS_MESSAGING_PORT", str(port)),
        plain("PREFECT_REDIS_MESSAGING_SSL", "true" if tls else "false"),
        *token,
        plain("PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL", address),
        plain("PREFECT_SERVER_DOCKET_URL", address),
    ]


def server(args: WorkflowOrchestratorArgs) -> Container:
    """An API server. It is alive and ready while it answers; whether the database does is asked at the start alone, for
    what all servers share must not end them together."""
    return Container(
        name="server",
        image=args["image"],
        command=["prefect", "server", "start", "--host", "0.0.0.0", "--port", str(API_PORT), "--no-services"],  # noqa: S104
        environment=server_environment(args),
        cpu=SERVER_CPU,
        memory=SERVER_MEMORY,
        port=API_PORT,
        probes=probes("/api/health", start_path="/api/ready"),
    )


def services(args: WorkflowOrchestratorArgs) -> Container:
    """The background services: scheduler, automations, events. They have no port, and Prefect 3.9 has no health check
    for them (PrefectHQ/prefect#18997, open; read 2026-11-26): a file shows that they are alive."""
    script = ["python", f"{SCRIPTS}/{SERVICES_SCRIPT}"]
    return Container(
        name="services",
        image=args["image"],
        command=[*script, "run", ALIVE_FILE],
        environment=server_environment(args),
        cpu=SERVER_CPU,
        memory=SERVER_MEMORY,
        probes=command_probes([*script, "alive", ALIVE_FILE]),
    )


def migration(args: WorkflowOrchestratorArgs, step: str) -> Container:
    """The migration, or the wait for it."""
    return schema_container("prefect", step, args["image"], server_environment(args), STEP_MEMORY)


def settings(args: WorkflowOrchestratorArgs, url: str) -> Container:
    """What brings work pools and automations to what is declared."""
    return Container(
        name="settings",
        image=args["image"],
        command=["python", f"{SCRIPTS}/{SETTINGS_SCRIPT}", f"{SCRIPTS}/{SETTINGS_FILE}"],
        environment=client_environment(args, url),
        cpu=WORKER_CPU,
        memory=STEP_MEMORY,
    )


def client_environment(args: WorkflowOrchestratorArgs, url: str) -> list[dict[str, Any]]:
    """What clients of the API are configured with."""
    return [
        plain("PREFECT_API_URL", url),
        from_secret("PREFECT_API_AUTH_STRING", args["auth_secret_name"], AUTH_KEY),
        plain("PREFECT_HOME", f"{SCRATCH}/prefect"),
        plain("HOME", SCRATCH),
    ]


def worker(args: WorkflowOrchestratorArgs, pool: str, namespace: str, url: str) -> Container:
    """A worker, which starts flow runs of one pool as Jobs in one namespace."""
    return Container(
        name="worker",
        image=args["image"],
        command=[
            *("prefect", "worker", "start", "--pool", pool, "--type", "kubernetes"),
            *("--with-healthcheck", "--install-policy", "never", "--no-create-pool-if-not-found"),
        ],
        environment=[
            *client_environment(args, url),
            plain("PREFECT_WORKER_WEBSERVER_HOST", "0.0.0.0"),  # noqa: S104  the kubelet asks the pod's address
            plain("PREFECT_WORKER_WEBSERVER_PORT", str(WORKER_PORT)),
            plain("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_SECONDS)),
            plain("PREFECT_INTEGRATIONS_KUBERNETES_CLUSTER_UID", args["cluster_name"]),
            plain("PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES", namespace),
            plain("PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_NAME", args["auth_secret_name"]),
            plain("PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_KEY", AUTH_KEY),
        ],
        cpu=WORKER_CPU,
        memory=WORKER_MEMORY,
        port=WORKER_PORT,
        probes=probes("/health"),
    )
