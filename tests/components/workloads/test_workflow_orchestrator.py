import json
import re
from typing import Any, cast

import pulumi
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import WorkflowOrchestrator, WorkflowOrchestratorArgs, kubernetes_provider, rds_certificates
from haven_components.observability._prometheus_rules import ROUTINE_JOBS

NAME = "workflows"
IMAGE = f"registry/prefect@sha256:{'a' * 64}"
DATABASE: dict[str, Any] = {"host": "writer.internal", "name": "prefect", "secret_name": "database"}
ROOT_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
POOL: dict[str, Any] = {"namespace": "training", "image": IMAGE, "service_account": "flow-runs"}


def _declare(**changes: Any) -> Recording:
    args: dict[str, Any] = {
        "namespace": "orchestration",
        "zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        "scale": {"minimum": 2, "maximum": 10},
        "image": IMAGE,
        "cluster_name": "ai",
        "database": DATABASE,
        "messaging": {"host": "messages.internal", "secret_name": "messages"},
        "auth_secret_name": "prefect-auth",
        "network_cidrs": ["10.20.0.0/16"],
        "pools": {"training": POOL},
    }

    def program() -> None:
        options = pulumi.ResourceOptions(providers=[kubernetes_provider("k8s", "{}", cluster_name="ai")])
        made = WorkflowOrchestrator(NAME, cast("WorkflowOrchestratorArgs", args | changes), options)
        pulumi.export("url", made.api_url)
        pulumi.export("service", made.service_name)
        pulumi.export("deployments", made.deployment_names)

    return record(program, stack="test")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return _declare()


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    """By name, without the component's and the digest's part."""
    found = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return {re.sub(r"-[0-9a-f]{8}$", "", each.name).removeprefix(f"{NAME}-"): each for each in found}


def _pod(resource: Resource) -> dict[str, Any]:
    spec: dict[str, Any] = resource.inputs["spec"]["template"]["spec"]
    return spec


def _environment(recording: Recording, name: str, kind: str = "Deployment") -> dict[str, Any]:
    (container,) = _pod(_named(recording, kind)[name])["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def _secret(name: str, key: str) -> dict[str, Any]:
    return {"secretKeyRef": {"name": name, "key": key}}


def test_servers_services_and_workers_are_scaled_up_in_this_order(recording: Recording) -> None:
    names = ["orchestration/workflows-server", "orchestration/workflows-services", "training/workflows-training"]
    assert recording.outputs["deployments"] == names
    assert recording.outputs["url"] == "http://workflows.orchestration.svc.cluster.local:4200/api"


def test_the_autoscaler_alone_decides_how_many_servers_run(recording: Recording) -> None:
    (autoscaler,) = _named(recording, "HorizontalPodAutoscaler").values()
    spec = autoscaler.inputs["spec"]
    assert (spec["scaleTargetRef"]["name"], spec["minReplicas"], spec["maxReplicas"]) == ("workflows-server", 2, 10)
    deployments = _named(recording, "Deployment")
    assert "replicas" not in deployments["server"].inputs["spec"]
    assert [deployments[each].inputs["spec"]["replicas"] for each in ("services", "training")] == [2, 2]


def test_nothing_runs_until_the_database_can_be_written_to() -> None:
    idle = _declare(scale={"minimum": 0, "maximum": 10})
    assert {name: each.inputs["spec"]["replicas"] for name, each in _named(idle, "Deployment").items()} == {
        "server": 0,
        "services": 0,
        "training": 0,
    }
    assert {name: each.inputs["spec"]["suspend"] for name, each in _named(idle, "Job").items()} == {
        "migration": True,
        "settings": True,
    }
    assert _named(idle, "HorizontalPodAutoscaler") == {}


def test_starting_edits_replicas_and_suspension_and_adds_the_autoscaler(recording: Recording) -> None:
    def objects(some: Recording) -> dict[str, Any]:
        found = {}
        for each in some.real():
            inputs = json.loads(json.dumps(each.inputs))
            for started in ("replicas", "suspend"):
                inputs.get("spec", {}).pop(started, None)
            found[f"{each.type.rsplit(':', 1)[1]} {each.name}"] = inputs
        return found

    before, after = objects(_declare(scale={"minimum": 0, "maximum": 10})), objects(recording)
    assert after.keys() - before.keys() == {"HorizontalPodAutoscaler workflows-server"}
    assert {name: after[name] for name in before} == before


def test_a_server_waits_for_the_migration_which_alone_changes_the_schema(recording: Recording) -> None:
    for name in ("server", "services"):
        (wait,) = _pod(_named(recording, "Deployment")[name])["initContainers"]
        assert wait["command"] == ["python", "/opt/haven/database_schema.py", "prefect", "wait"]
        environment = _environment(recording, name)
        assert environment["PREFECT_SERVER_DATABASE_MIGRATE_ON_START"] == "false"
        assert environment["PREFECT_SERVER_REGISTER_BLOCKS_ON_START"] == "false"
    (migration,) = _pod(_named(recording, "Job")["migration"])["containers"]
    assert migration["command"] == ["python", "/opt/haven/database_schema.py", "prefect", "migrate"]


def test_another_image_or_other_settings_get_a_job_of_their_own(recording: Recording) -> None:
    def jobs(some: Recording) -> set[str]:
        return {each.name for each in _named(some, "Job").values()}

    other = _declare(image=f"registry/prefect@sha256:{'b' * 64}")
    assert jobs(recording) & jobs(other) == set()
    more = _declare(pools={"training": POOL | {"concurrency": 5}})
    assert len(jobs(recording) & jobs(more)) == 1


def test_nothing_that_another_replica_has_to_know_is_kept_in_memory(recording: Recording) -> None:
    environment = _environment(recording, "services")
    assert (
        environment["PREFECT_MESSAGING_BROKER"] == environment["PREFECT_MESSAGING_CACHE"] == "prefect_redis.messaging"
    )
    assert environment["PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"] == "prefect_redis.ordering"
    assert environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"] == "prefect_redis.lease_storage"
    assert environment["PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE"] == "prefect_redis.cleanup_queue"
    password = "$(PREFECT_REDIS_MESSAGING_PASSWORD)"
    address = f"rediss://:{password}@messages.internal:6379/0"
    assert environment["PREFECT_SERVER_DOCKET_URL"] == environment["PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL"] == address


def test_passwords_come_from_secrets_and_connections_are_encrypted(recording: Recording) -> None:
    environment = _environment(recording, "server")
    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == _secret("prefect-auth", "auth-string")
    assert (
        environment["PREFECT_SERVER_DATABASE_PASSWORD"] == environment["PGPASSWORD"] == _secret("database", "password")
    )
    assert environment["PREFECT_REDIS_MESSAGING_PASSWORD"] == _secret("messages", "token")
    assert (environment["PGSSLMODE"], environment["PREFECT_REDIS_MESSAGING_SSL"]) == ("verify-full", "true")


@pytest.mark.parametrize("name", ["server", "services"])
def test_the_database_is_verified_with_the_certificates_beside_the_migration_s_script(name: str) -> None:
    recording = _declare(database=DATABASE | {"certificates": ROOT_CERTIFICATE})
    assert _environment(recording, name)["PGSSLROOTCERT"] == "/opt/haven/database-certificates.pem"
    pod = _pod(_named(recording, "Deployment")[name])
    (files,) = (each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each)
    (given,) = (each.inputs["data"] for each in recording.real() if each.name == files)
    assert given["database-certificates.pem"] == ROOT_CERTIFICATE
    for container in (*pod["initContainers"], *pod["containers"]):
        assert {"name": "scripts", "mountPath": "/opt/haven", "readOnly": True} in container["volumeMounts"]


def test_without_certificates_of_its_own_a_database_is_one_of_rds(recording: Recording) -> None:
    (given,) = (each.inputs["data"] for each in recording.real() if "-schema-" in each.name)
    assert given["database-certificates.pem"] == rds_certificates.all_certificates()
    plain = _declare(database=DATABASE | {"tls": False})
    assert not any("database-certificates.pem" in each.inputs.get("data", {}) for each in plain.real())
    assert "PGSSLROOTCERT" not in _environment(plain, "server")


def test_background_services_are_alive_while_their_event_loop_goes_round(recording: Recording) -> None:
    (services,) = _pod(_named(recording, "Deployment")["services"])["containers"]
    script = ["python", "/opt/haven/prefect_services.py"]
    assert services["command"] == [*script, "run", "/tmp/services-alive"]
    for probe in ("startupProbe", "livenessProbe"):
        assert services[probe]["exec"]["command"] == [*script, "alive", "/tmp/services-alive"]
    assert "readinessProbe" not in services


def test_a_probe_that_asks_the_database_is_asked_at_the_start_alone(recording: Recording) -> None:
    (server,) = _pod(_named(recording, "Deployment")["server"])["containers"]
    paths = {each: server[each]["httpGet"]["path"] for each in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {
        "startupProbe": "/api/ready",
        "readinessProbe": "/api/health",
        "livenessProbe": "/api/health",
    }


def test_a_zone_may_be_lost_and_a_node_drained(recording: Recording) -> None:
    for name, each in _named(recording, "Deployment").items():
        zones, _ = _pod(each)["topologySpreadConstraints"]
        assert (zones["whenUnsatisfiable"], zones["nodeTaintsPolicy"]) == ("ScheduleAnyway", "Honor")
        (apart,) = _pod(each)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        assert apart["podAffinityTerm"]["labelSelector"] == zones["labelSelector"]
        budget = _named(recording, "PodDisruptionBudget")[name].inputs["spec"]
        assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == ("33%", "AlwaysAllow")


def test_no_container_writes_to_its_image_or_runs_as_root(recording: Recording) -> None:
    for each in [*_named(recording, "Deployment").values(), *_named(recording, "Job").values()]:
        pod = _pod(each)
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_worker_starts_jobs_in_its_system_s_namespace_and_nowhere_else(recording: Recording) -> None:
    (role,) = _named(recording, "Role").values()
    (binding,) = _named(recording, "RoleBinding").values()
    assert role.inputs["metadata"]["namespace"] == binding.inputs["metadata"]["namespace"] == "training"
    rules = {resource: set(each["verbs"]) for each in role.inputs["rules"] for resource in each["resources"]}
    assert "create" in rules.pop("jobs")
    assert rules == {each: {"get", "list", "watch"} for each in ("pods", "pods/log", "events")}
    assert _pod(_named(recording, "Deployment")["training"])["automountServiceAccountToken"] is True
    assert _pod(_named(recording, "Deployment")["server"])["automountServiceAccountToken"] is False


def test_flow_runs_are_restricted_jobs_that_prefect_and_not_kubernetes_starts_again(recording: Recording) -> None:
    (pool,) = _settings(recording)["pools"]
    manifest = pool["base_job_template"]["job_configuration"]["job_manifest"]["spec"]
    pod = manifest["template"]["spec"]
    assert (manifest["backoffLimit"], pod["serviceAccountName"]) == (0, "flow-runs")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pool["base_job_template"]["variables"]["properties"]["namespace"]["enum"] == ["training"]
    assert "concurrency_limit" not in pool
    named = pool["base_job_template"]["job_configuration"]["job_manifest"]["metadata"]["generateName"]
    assert re.fullmatch(ROUTINE_JOBS, f"{named}x7k2p")
    assert not re.fullmatch(ROUTINE_JOBS, next(iter(_named(recording, "Job").values())).inputs["metadata"]["name"])


def test_a_flow_run_without_heartbeats_is_scheduled_again_and_so_is_one_that_never_started() -> None:
    lost, pending = _settings(_declare(lost_after_seconds=120, pending_seconds=600))["automations"]
    assert (lost["trigger"]["after"], lost["trigger"]["within"]) == (["prefect.flow-run.heartbeat"], 120)
    assert pending["trigger"]["within"] == 600
    for each in (lost, pending):
        assert (each["trigger"]["posture"], each["actions"][0]["state"]) == ("Proactive", "SCHEDULED")


def _settings(recording: Recording) -> Any:
    return json.loads(_named(recording, "ConfigMap")["settings"].inputs["data"]["settings.json"])


def test_servers_are_reached_by_known_namespaces_and_reach_their_stores_alone() -> None:
    policies = _named(_declare(client_namespaces=["notebooks"]), "NetworkPolicy")
    (ingress,) = policies["server"].inputs["spec"]["ingress"]
    callers = [each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in ingress["from"]]
    assert callers == ["notebooks", "orchestration", "training"]
    dns, stores = policies["services"].inputs["spec"]["egress"]
    assert [each["port"] for each in dns["ports"]] == [53, 53]
    assert stores["to"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]
    assert [each["port"] for each in stores["ports"]] == [5432, 6379]
    assert policies["services"].inputs["spec"]["ingress"] == []
    assert policies["training-flow-runs"].inputs["metadata"]["namespace"] == "training"


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            image="prefect:3",
            scale={"minimum": 3, "maximum": 2},
            zones=[],
            database={"host": "h", "name": "Prefect;", "secret_name": "Arn:x", "port": 0, "certificates": "x"},
            network_cidrs=[],
            lost_after_seconds=89,
            services=0,
            pools={"Training": POOL | {"image": "flows", "workers": 11, "concurrency": 0}},
        )
    assert re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE) == [
        "zones",
        "scale",
        "image",
        "database.port",
        "database.name",
        "database.certificates",
        "database.secret_name",
        "network_cidrs",
        "services",
        "lost_after_seconds",
        "pools.Training",
        "pools.Training.image",
        "pools.Training.workers",
        "pools.Training.concurrency",
    ]


@pytest.mark.parametrize("pool", ["migration", "server", "services", "settings", "training-flow-runs"])
def test_a_pool_is_not_called_like_something_of_the_component(pool: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=rf"pools\.{pool}: got '{pool}'; allowed: another name"):
        _declare(pools={"training": POOL, pool: POOL})


def test_no_migration_becomes_the_owner_of_a_database_of_rds() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"database\.name: got 'postgres'"):
        _declare(database={**DATABASE, "name": "postgres"})
