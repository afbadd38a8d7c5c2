"""What ModelServing declares."""

import json
import re
from itertools import permutations
from typing import Any

import pulumi
import pytest

from haven.program.recording import Recording
from haven_components.choices import ModelLoader
from haven_components.observability._exported import KUBE_STATE_METRICS
from haven_components.observability._prometheus_rules import ROUTINE_JOBS
from haven_components.workloads.serving import _documents
from tests.components.workloads.serving.declaration import (
    CANARY,
    EVERYTHING,
    FALLBACK,
    IMAGE,
    MODEL,
    NAME,
    NAMESPACE,
    ONE_COUNT,
    PROMETHEUS,
    REGION,
    ROOM,
    TARGET,
    VERSIONS,
    declare,
    kind,
    pod,
    spec,
)

LARGE = {"cpu": "6500m", "memory": "90Gi"}


@pytest.fixture(scope="module")
def everything() -> Recording:
    """Autoscaled servers on a target group, a canary, a fallback with a model and cached answers."""
    return declare(**EVERYTHING)


def test_a_server_loads_the_version_that_serves_from_the_regions_own_bucket(everything: Recording) -> None:
    (engine,) = pod(everything)["containers"]
    assert engine["command"][:4] == [
        "vllm",
        "serve",
        "s3://haven-test-models-euw1/chat/v1",
        "--load-format=runai_streamer",
    ]
    environment = {each["name"]: each["value"] for each in engine["env"]}
    assert (environment["HF_HUB_OFFLINE"], environment["AWS_REGION"]) == ("1", REGION)


def test_each_version_has_its_own_golden_prompts_and_a_rollback_changes_one_value(everything: Recording) -> None:
    rolled: dict[str, Any] = {**EVERYTHING, "model": MODEL | {"version": "v2"}}
    other = declare(**rolled)
    maps = kind(everything, "ConfigMap")
    assert {_without_digest(each) for each in maps} >= {f"{NAME}-golden-{each}" for each in VERSIONS}
    assert maps.keys() == kind(other, "ConfigMap").keys()
    assert "s3://haven-test-models-euw1/chat/v2" in pod(other)["containers"][0]["command"]
    golden = [_without_digest(each.outputs["golden_config_map"]) for each in (everything, other)]
    assert golden == [f"{NAME}-golden-v1", f"{NAME}-golden-v2"]


def _without_digest(name: str) -> str:
    assert re.fullmatch(r"-[0-9a-f]{8}", name[-9:]), name
    return name[:-9]


def _read(recording: Recording, name: str = NAME) -> set[str]:
    """The ConfigMaps that the pods of a Deployment mount."""
    volumes = pod(recording, name)["volumes"]
    sources = [each for volume in volumes for each in (volume, *volume.get("projected", {}).get("sources", ()))]
    return {each["configMap"]["name"] for each in sources if "configMap" in each}


def test_pods_of_the_last_version_keep_what_they_read() -> None:
    """Nobody waits for a Deployment: its old pods may have to start again after `up`, with the program, the prompts and
    the answers that their own options fit."""
    prompts = [{**VERSIONS["v1"]["golden_prompts"][0], "prompt": "Another one?"}]
    before, after = (
        declare(
            model=MODEL | {"versions": {**VERSIONS, "v1": {**VERSIONS["v1"], "golden_prompts": asked}}},
            fallback=FALLBACK | {"answers": [{"pattern": "x", "answer": answer}]},
        )
        for asked, answer in ((VERSIONS["v1"]["golden_prompts"], "y"), (prompts, "z"))
    )
    for name, changed in ((NAME, f"{NAME}-golden-v1"), (f"{NAME}-fallback", f"{NAME}-answers")):
        (gone,), (new,) = (first - second for first, second in permutations([_read(before, name), _read(after, name)]))
        assert _without_digest(gone) == _without_digest(new) == changed
        assert f"{NAME}-front" in {_without_digest(each) for each in _read(before, name) & _read(after, name)}
    for recording in (before, after):
        maps = kind(recording, "ConfigMap")
        assert _read(recording) | _read(recording, f"{NAME}-fallback") <= maps.keys()
        assert all(each.options.retain_on_delete and each.inputs["immutable"] for each in maps.values())
        assert all(each.inputs["metadata"]["name"] == name for name, each in maps.items())


def test_another_priority_is_another_class_for_none_can_be_edited(everything: Recording) -> None:
    for recording, value, suffix in ((everything, 100_000, ""), (declare(priority=7), 7, "-7")):
        (priority,) = kind(recording, "PriorityClass").values()
        assert (priority.inputs["metadata"]["name"], priority.inputs["value"]) == (f"{NAMESPACE}-{NAME}{suffix}", value)
        assert pod(recording)["priorityClassName"] == priority.inputs["metadata"]["name"]


def test_a_binding_of_another_target_group_takes_the_place_of_the_last_one(everything: Recording) -> None:
    """The controller's webhook refuses to edit it."""
    for each in kind(everything, "TargetGroupBinding").values():
        assert each.options.replace_on_changes == ("spec.targetGroupARN", "spec.vpcID")
        assert each.options.delete_before_replace


def test_startup_the_check_and_the_runbooks_read_the_same_golden_prompts(everything: Recording) -> None:
    wanted = everything.outputs["golden_config_map"]
    golden = next(each for each in pod(everything)["volumes"] if each["name"] == "golden")
    assert golden["projected"]["sources"] == [{"configMap": {"name": wanted}}]
    check = spec(everything, "CronJob", f"{NAME}-check")
    assert check["schedule"] == "* * * * *"
    volumes = check["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "golden", "configMap": {"name": wanted}} in volumes


@pytest.mark.parametrize("within", [[20], [20, 20], [600, 45.5], [0.5]])
def test_a_check_has_the_time_that_its_prompts_may_take_and_failures_of_the_last_five_are_kept(
    within: list[float],
) -> None:
    prompts = [{**VERSIONS["v1"]["golden_prompts"][0], "within_seconds": each} for each in within]
    model = MODEL | {"versions": {"v1": {**VERSIONS["v1"], "golden_prompts": prompts}}}
    check = spec(declare(model=model), "CronJob", f"{NAME}-check")
    job = check["jobTemplate"]["spec"]
    assert sum(within) + 30 <= job["activeDeadlineSeconds"]
    assert job["ttlSecondsAfterFinished"] >= 5 * max(60, job["activeDeadlineSeconds"])
    assert re.fullmatch(ROUTINE_JOBS, f"{NAME}-check-29403921")
    assert (check["concurrencyPolicy"], check["failedJobsHistoryLimit"]) == ("Forbid", 5)


def test_a_check_counts_the_fallback_s_answers_where_it_always_answers_alone(everything: Recording) -> None:
    for found, counts in ((everything, False), (declare(fallback={**FALLBACK, "always": True}), True)):
        check = spec(found, "CronJob", f"{NAME}-check")["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        assert ("--fallback" in check["command"]) == counts


def test_a_start_may_take_longer_the_larger_the_weights_are() -> None:
    small, large = declare(), declare(model=MODEL | {"version": "v2"})
    probes = [pod(each)["containers"][0]["startupProbe"] for each in (small, large)]
    seconds = [each["periodSeconds"] * each["failureThreshold"] for each in probes]
    assert seconds == [600 + 3 * (15 / 0.5 + 20), 600 + 3 * (140 / 0.5 + 20)]
    assert [each.outputs["start_seconds"] for each in (small, large)] == seconds
    assert spec(large, "Deployment")["progressDeadlineSeconds"] > seconds[1]


def test_probes_ask_the_front_and_the_pod_drains_before_it_ends(everything: Recording) -> None:
    (engine,) = pod(everything)["containers"]
    paths = {each: engine[each]["httpGet"]["path"] for each in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/startup", "livenessProbe": "/live", "readinessProbe": "/ready"}
    assert engine["lifecycle"]["preStop"]["httpGet"]["path"] == "/drain"
    (front,) = pod(everything)["initContainers"]
    assert front["restartPolicy"] == "Always"
    assert "--stall-seconds=120" in front["command"]


@pytest.mark.parametrize("delay", [30, 120, 900])
def test_a_pod_s_grace_covers_the_deregistration_and_the_front_cuts_off_before_it(delay: int) -> None:
    spec_ = pod(declare(deregistration_delay_seconds=delay))
    (drain,) = (each for each in spec_["initContainers"][0]["command"] if each.startswith("--drain-seconds="))
    assert int(drain.partition("=")[2]) < delay < spec_["terminationGracePeriodSeconds"]


def test_a_service_has_a_name_of_its_own_that_checks_and_target_group_use() -> None:
    recording = declare(service_name="chat")
    names = {each.inputs["metadata"]["name"] for each in kind(recording, "Service").values()}
    assert names == {"chat", f"{NAME}-servers"}
    check = spec(recording, "CronJob", f"{NAME}-check")["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert any(each.startswith("--url=http://chat:") for each in check["command"])


def test_without_an_autoscaler_replicas_are_declared_and_with_one_they_are_left_out(everything: Recording) -> None:
    assert "replicas" not in spec(everything, "Deployment")
    assert spec(declare(), "Deployment")["replicas"] == 3
    trigger = spec(everything, "ScaledObject")["triggers"][0]
    assert trigger["metadata"]["query"].startswith('sum({__name__="vllm:num_requests_waiting"')
    assert trigger["metadata"]["awsRegion"] == REGION
    assert not kind(declare(), "ScaledObject")


def test_at_zero_there_is_no_autoscaler_and_the_check_is_suspended() -> None:
    standby = declare(scale={"minimum": 0, "maximum": 9}, prometheus=PROMETHEUS)
    assert spec(standby, "Deployment")["replicas"] == 0
    assert not kind(standby, "ScaledObject")
    assert spec(standby, "CronJob", f"{NAME}-check")["suspend"] is True


def test_alerts_read_what_the_front_and_kube_state_metrics_export(everything: Recording) -> None:
    (group,) = (each for each in everything.real() if each.type.endswith(":RuleGroupNamespace"))
    rules = json.loads(group.inputs["data"])["groups"][0]["rules"]
    names = {name for each in rules for name in re.findall(r"\b(?:haven_front|kube)_\w+", each["expr"])}
    program = _documents.programs()["__main__.py"]
    exported = set(re.findall(r"haven_front_\w+", program)) | KUBE_STATE_METRICS.metrics
    assert names <= exported
    assert [each["alert"] for each in rules] == ["NoServerAnswers", "GoldenPromptsFail", "GoldenCheckFails"]
    standby = declare(scale={"minimum": 0, "maximum": 9}, prometheus=PROMETHEUS)
    assert not [each for each in standby.real() if each.type.endswith(":RuleGroupNamespace")]


def test_each_target_group_has_its_own_pods(everything: Recording) -> None:
    bindings = kind(everything, "TargetGroupBinding")
    assert {name: each.inputs["spec"]["targetGroupARN"] for name, each in bindings.items()} == {
        NAME: TARGET["target_group_arn"],
        f"{NAME}-canary": CANARY["target_group_arn"],
    }
    for name, binding in bindings.items():
        given = binding.inputs["spec"]
        assert (given["targetType"], given["ipAddressType"], given["vpcID"]) == ("ip", "ipv4", TARGET["vpc_id"])
        assert "networking" not in given
        gates = pod(everything, name)["readinessGates"]
        assert gates == [{"conditionType": f"target-health.elbv2.k8s.aws/{name}"}]


def test_the_balancer_reaches_requests_and_the_scraper_metrics(everything: Recording) -> None:
    pods: dict[str, Any] = {"podSelector": {}}
    for name in (NAME, f"{NAME}-canary", f"{NAME}-fallback"):
        asked, scraped = spec(everything, "NetworkPolicy", name)["ingress"]
        assert asked == {
            "from": [{"ipBlock": {"cidr": "10.20.224.0/21"}}, pods],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
        assert scraped == {
            "from": [{"ipBlock": {"cidr": "10.20.0.0/18"}}, pods],
            "ports": [{"port": 8002, "protocol": "TCP"}],
        }


def test_services_choose_the_pods_they_are_meant_for(everything: Recording) -> None:
    chosen = {
        service: {
            name
            for name, each in kind(everything, "Deployment").items()
            if spec(everything, "Service", service)["selector"].items()
            <= each.inputs["spec"]["template"]["metadata"]["labels"].items()
        }
        for service in kind(everything, "Service")
    }
    assert chosen == {
        NAME: {NAME, f"{NAME}-fallback"},
        f"{NAME}-servers": {NAME},
        f"{NAME}-canary": {f"{NAME}-canary"},
    }


def test_the_fallback_asks_the_servers_first_and_needs_no_gpu(everything: Recording) -> None:
    fallback = pod(everything, f"{NAME}-fallback")
    upstreams = [each for each in fallback["initContainers"][0]["command"] if each.startswith("--upstream")]
    assert upstreams == [f"--upstream=http://{NAME}-servers:8080", "--upstream=http://127.0.0.1:8001"]
    assert "nodeSelector" not in fallback
    assert "nvidia.com/gpu" not in str(fallback)


def test_an_engine_asks_for_what_the_declaration_says_and_else_for_what_the_smallest_gpu_nodes_have() -> None:
    found = [pod(each)["containers"][0]["resources"] for each in (declare(), declare(engine=LARGE))]
    disk = {"ephemeral-storage": "4Gi"}
    assert [each["requests"] for each in found] == [
        {"cpu": "4", "memory": "24Gi", "nvidia.com/gpu": "2"} | disk,
        {"cpu": "6500m", "memory": "90Gi", "nvidia.com/gpu": "2"} | disk,
    ]
    assert [each["limits"] for each in found] == [
        {"memory": "24Gi", "nvidia.com/gpu": "2"},
        {"memory": "90Gi", "nvidia.com/gpu": "2"},
    ]


def test_a_fallback_asks_for_less_than_a_system_node_has(everything: Recording) -> None:
    (engine,) = pod(everything, f"{NAME}-fallback")["containers"]
    assert engine["resources"]["limits"] == {"memory": "4Gi"}
    assert engine["resources"]["requests"]["cpu"] == "1"


def test_the_streamer_buffers_no_more_than_its_share_of_the_memory() -> None:
    """Without it each GPU's process buffers up to all weights, and the pod is killed (vllm issue 44430)."""
    name = "RUNAI_STREAMER_MEMORY_LIMIT"

    def limit(**changes: Any) -> str | None:
        environment = pod(declare(**changes))["containers"][0]["env"]
        return {each["name"]: each["value"] for each in environment}.get(name)

    assert limit() == str(4 * 2**30)
    assert limit(engine={"environment": {name: "0"}}) == "0"
    assert limit(model={**MODEL, "loader": ModelLoader.MOUNTPOINT}) is None


def test_arguments_follow_the_engines_command_or_go_to_the_images_own() -> None:
    further = ["--max-model-len=8192"]
    fallback = {**FALLBACK, "engine": {"arguments": further}}
    recording = declare(engine={"arguments": further}, fallback=fallback)
    (server,), (small,) = (pod(recording, name)["containers"] for name in (NAME, f"{NAME}-fallback"))
    assert server["command"][-1:] == further
    assert (small.get("command"), small["args"]) == (None, further)


def test_no_volume_of_a_pod_takes_the_nodes_disk_or_memory_from_others(everything: Recording) -> None:
    for name in (NAME, f"{NAME}-canary", f"{NAME}-fallback"):
        found = {each["name"]: each["emptyDir"] for each in pod(everything, name)["volumes"] if "emptyDir" in each}
        (engine,) = pod(everything, name)["containers"]
        assert found == {
            "cache": {"sizeLimit": "10Gi"},
            "temporary": {"sizeLimit": "10Gi"},
            "shared-memory": {"medium": "Memory", "sizeLimit": engine["resources"]["limits"]["memory"]},
        }


def test_a_fallback_by_config_answers_everything_itself() -> None:
    always = declare(fallback={**FALLBACK, "always": True})
    command = pod(always, f"{NAME}-fallback")["initContainers"][0]["command"]
    assert [each for each in command if each.startswith("--upstream")] == ["--upstream=http://127.0.0.1:8001"]


def test_cached_answers_alone_need_no_engine() -> None:
    answers = [{"pattern": "help", "answer": "Later."}]
    alone = pod(declare(fallback={"scale": ONE_COUNT, "answers": answers}), f"{NAME}-fallback")
    assert [each["name"] for each in alone["containers"]] == ["front"]
    assert "initContainers" not in alone


def test_every_pod_is_restricted_and_every_container_has_a_read_only_root(everything: Recording) -> None:
    for name in kind(everything, "Deployment"):
        found = pod(everything, name)
        assert found["securityContext"]["runAsNonRoot"] is True
        for each in [*found["containers"], *found.get("initContainers", [])]:
            assert each["securityContext"]["readOnlyRootFilesystem"] is True


def test_pods_may_read_the_weights_of_the_declared_versions_alone(everything: Recording) -> None:
    (policy,) = (each for each in everything.real() if each.type.endswith(":RolePolicy"))
    assert "arn:aws:s3:::haven-test-models-euw1/chat/v1/*" in policy.inputs["policy"]
    assert "s3:Put" not in policy.inputs["policy"]


def test_a_fallback_with_an_engine_uses_what_the_servers_use_and_cached_answers_alone_use_nothing() -> None:
    uses: dict[str, Any] = {"uses": {"tables": [{"table": "sessions"}]}}
    answers = {"scale": ONE_COUNT, "answers": [{"pattern": "help", "answer": "Later."}]}
    found = [declare(fallback=FALLBACK), declare(fallback=FALLBACK, **uses), declare(fallback=answers, **uses)]
    accounts = [pod(each, f"{NAME}-fallback").get("serviceAccountName") for each in found]
    assert accounts == [None, NAME, None]
    (policy,) = (each for each in found[1].real() if each.type.endswith(":RolePolicy"))
    assert "table/sessions" in policy.inputs["policy"]


def test_an_engine_without_a_streamer_finds_its_weights_in_a_volume_of_the_bucket() -> None:
    mounted = declare(model=MODEL | {"loader": "mountpoint"})
    volume = kind(mounted, "PersistentVolume")[f"{NAMESPACE}-{NAME}-v1"].inputs["spec"]
    assert volume["csi"]["volumeAttributes"]["bucketName"] == MODEL["bucket"]
    assert volume["mountOptions"] == ["read-only", "prefix chat/v1/", f"region {REGION}"]
    assert {"name": "weights", "mountPath": "/models", "readOnly": True} in pod(mounted)["containers"][0][
        "volumeMounts"
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"image": "vllm:latest"}, "image"),
        ({"tools_image": "python:3.13"}, "tools_image"),
        ({"model": MODEL | {"version": "v9"}}, "model.version"),
        ({"model": MODEL | {"versions": {"v1": {**VERSIONS["v1"], "golden_prompts": []}}}}, "golden_prompts"),
        ({"scale": ROOM}, "scale"),
        ({"scale": {"minimum": 4, "maximum": 3}}, "scale"),
        ({"canary": CANARY}, "canary.target_group_arn"),
        ({"canary": {**CANARY, "version": "v9"}, "target": TARGET}, "canary.version"),
        ({"fallback": {"scale": ONE_COUNT}}, "fallback"),
        ({"fallback": {"scale": ROOM, "image": IMAGE}}, "fallback.scale"),
        ({"fallback": {"scale": ONE_COUNT, "answers": FALLBACK["answers"], "version": "v1"}}, "fallback.version"),
        ({"readiness_path": "/v1/ready"}, "readiness_path"),
        ({"deregistration_delay_seconds": 5}, "deregistration_delay_seconds"),
        ({"stall_seconds": 1}, "stall_seconds"),
        ({"port": 8001}, "port"),
        ({"zones": []}, "zones"),
        ({"client_cidrs": [], "target": TARGET}, "client_cidrs"),
        ({"uses": {"queues": [{"queue_arn": "arn"}]}}, r"uses.queues\[0\]"),
    ],
)
def test_what_can_t_work_is_refused_by_name(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=path):
        declare(**changes)
