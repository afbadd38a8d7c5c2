import json
from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.checkpoints.checkpoints import INTERVAL, KEPT, LOCATION, Checkpoints
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import TrainingJobs, TrainingJobsArgs, kubernetes_provider
from haven_components.workloads import _training_pods

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "training"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/training@sha256:{'0' * 64}"
BUCKET = "checkpoints-euw1"
RUN: dict[str, Any] = {"name": "run"}
POOLS = [
    {"pool": "spot", "spot": True, "gpus": 8, "cpu": "96", "memory": "1Ti"},
    {"pool": "reserved", "gpus": 4, "cpu": "48", "memory": "512Gi"},
]


def _declare(**changes: Any) -> Recording:
    def program() -> None:
        providers = [aws.Provider(REGION, region=REGION), kubernetes_provider("k8s", "{}", cluster_name="ai")]
        args = {
            "region": REGION,
            "account_id": ACCOUNT,
            "cluster_name": "ai",
            "namespace": "research",
            "zones": [f"{REGION}a", f"{REGION}b"],
            "scale": {"minimum": 1, "maximum": 1},
            "image": IMAGE,
            "checkpoints": {"bucket": BUCKET, "kms_key_arn": KEY, "interval_minutes": 7.5},
            "jobs": [RUN],
        }
        options = pulumi.ResourceOptions(providers=providers)
        jobs = TrainingJobs(NAME, cast("TrainingJobsArgs", args | changes), options)
        pulumi.export("jobs", jobs.job_names)
        pulumi.export("location", jobs.checkpoint_location)
        pulumi.export("queue", jobs.queue_name)

    return record(program, stack="test")


def _kind(recording: Recording, kind: str) -> list[Resource]:
    return [each for each in recording.real() if each.type.endswith(f":{kind}")]


def _one(recording: Recording, kind: str) -> Mapping[str, Any]:
    (found,) = _kind(recording, kind)
    return found.inputs


def _pod(**job: Any) -> dict[str, Any]:
    spec: dict[str, Any] = _one(_declare(jobs=[RUN | job]), "Job")["spec"]["template"]["spec"]
    return spec


def _environment(pod: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod["containers"]
    return {each["name"]: each.get("value") for each in container["env"]}


def _refused(**changes: Any) -> dict[str, str]:
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        _declare(**changes)
    return {each["property_path"]: each["reason"] for each in caught.value.errors or []}


@pytest.mark.parametrize(("minimum", "suspended"), [(0, True), (1, False), (4, False)])
def test_a_job_is_suspended_exactly_where_nothing_runs(minimum: int, suspended: bool) -> None:
    assert _one(_declare(scale={"minimum": minimum, "maximum": 4}), "Job")["spec"]["suspend"] is suspended


def test_between_standby_and_service_only_the_suspension_differs() -> None:
    standby, service = (_declare(scale={"minimum": each, "maximum": 2}) for each in (0, 2))
    before, after = ({each.key: each.inputs for each in recording.real()} for recording in (standby, service))
    assert before.keys() == after.keys()
    (differs,) = (key for key in before if before[key] != after[key])
    assert before[differs]["spec"] | {"suspend": False} == after[differs]["spec"]


def test_a_disruption_is_no_failure_and_failures_are_counted_for_each_worker() -> None:
    spec = _one(_declare(scale={"minimum": 4, "maximum": 4}, jobs=[RUN | {"retries": 2}]), "Job")["spec"]
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (4, 4, 8)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_a_worker_is_not_replaced_before_it_is_gone() -> None:
    assert _one(_declare(), "Job")["spec"]["podReplacementPolicy"] == "Failed"


def test_a_worker_has_time_for_a_checkpoint_within_the_notice_of_a_spot_node() -> None:
    grace = _pod()["terminationGracePeriodSeconds"]
    assert 60 < grace < _training_pods.SPOT_NOTICE_SECONDS


def test_a_worker_finds_its_checkpoints_by_the_convention_s_own_variables() -> None:
    environment = _environment(_pod())
    assert environment[LOCATION] == f"s3://{BUCKET}/{NAME}/run"
    assert environment[INTERVAL] == "450"
    assert environment[KEPT] == "3"
    Checkpoints.from_environment(environment | {LOCATION: "/nowhere"})


def test_a_job_may_add_variables_and_override_the_convention_s() -> None:
    environment = _environment(_pod(environment={INTERVAL: "60", "EPOCHS": "3"}))
    assert (environment[INTERVAL], environment["EPOCHS"]) == ("60", "3")


def test_workers_reach_their_own_checkpoints_and_the_named_data_and_nothing_else() -> None:
    policy = json.loads(_one(_declare(read_buckets=["data-euw1"]), "RolePolicy")["policy"])
    granted = {each["Sid"]: each["Resource"] for each in policy["Statement"]}
    assert granted == {
        "Checkpoints": f"arn:aws:s3:::{BUCKET}/{NAME}/*",
        "FindCheckpoints": f"arn:aws:s3:::{BUCKET}",
        "Encryption": KEY,
        "Data": ["arn:aws:s3:::data-euw1/*"],
        "FindData": ["arn:aws:s3:::data-euw1"],
    }
    association = _one(_declare(), "PodIdentityAssociation")
    assert (association["namespace"], association["serviceAccount"]) == ("research", NAME)
    assert _pod()["serviceAccountName"] == NAME


def _capacity(pod: dict[str, Any]) -> list[list[tuple[str, str, tuple[str, ...]]]]:
    node = pod["affinity"]["nodeAffinity"]
    terms = node["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return [
        [(each["key"], each["operator"], tuple(each["values"])) for each in term["matchExpressions"]] for term in terms
    ]


ZONES = ("topology.kubernetes.io/zone", "In", (f"{REGION}a", f"{REGION}b"))
MANAGED, KARPENTER = ("eks.amazonaws.com/capacityType", "SPOT"), ("karpenter.sh/capacity-type", "spot")


def test_without_a_choice_a_job_runs_on_nodes_that_nobody_takes_away() -> None:
    assert _capacity(_pod()) == [[ZONES, *((label, "NotIn", (value,)) for label, value in (MANAGED, KARPENTER))]]


def test_spot_alone_is_a_spot_node_of_either_kind() -> None:
    assert _capacity(_pod(capacity="spot")) == [
        [ZONES, (label, "In", (value,))] for label, value in (MANAGED, KARPENTER)
    ]


def test_spot_first_runs_anywhere_and_prefers_spot() -> None:
    pod = _pod(capacity="spot-first", pools=["gpu"])
    assert _capacity(pod) == [[ZONES, ("haven.dev/pool", "In", ("gpu",))]]
    preferred = pod["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert [each["preference"]["matchExpressions"][0]["key"] for each in preferred] == [MANAGED[0], KARPENTER[0]]


@pytest.mark.parametrize(("gpus", "tolerated"), [(0, False), (8, True)])
def test_only_a_job_with_gpus_takes_and_tolerates_gpu_nodes(gpus: int, tolerated: bool) -> None:
    pod = _pod(gpus=gpus)
    assert ("nvidia.com/gpu" in {each["key"] for each in pod["tolerations"]}) is tolerated
    (container,) = pod["containers"]
    assert container["resources"]["limits"].get("nvidia.com/gpu") == ("8" if gpus else None)


def test_a_worker_asks_for_what_its_job_says_and_else_for_what_the_smallest_gpu_nodes_have() -> None:
    asked = {"cpu": "40", "memory": "160Gi", "scratch": "900Gi"}
    for job, limits, cpu, scratch in (
        ({"gpus": 8}, {"memory": "96Gi", "nvidia.com/gpu": "8"}, "16", "100Gi"),
        ({"gpus": 0}, {"memory": "4Gi"}, "1", "100Gi"),
        ({"gpus": 4, **asked}, {"memory": "160Gi", "nvidia.com/gpu": "4"}, "40", "900Gi"),
    ):
        pod = _pod(**job)
        (container,) = pod["containers"]
        assert container["resources"]["limits"] == limits
        assert container["resources"]["requests"] == limits | {"cpu": cpu, "ephemeral-storage": "4Gi"}
        assert [each["emptyDir"] for each in pod["volumes"]] == [
            {"sizeLimit": scratch},
            {"medium": "Memory", "sizeLimit": limits["memory"]},
        ]


def test_training_gives_way_to_everything_that_asks_for_no_priority() -> None:
    priority = _one(_declare(), "PriorityClass")
    assert -10 <= priority["value"] < 0
    assert _pod()["priorityClassName"] == priority["metadata"]["name"]


def test_pods_keep_to_the_restricted_standard_and_write_to_volumes_alone() -> None:
    pod = _pod()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {each["mountPath"] for each in container["volumeMounts"]} == {"/tmp", "/dev/shm"}


def test_several_workers_meet_at_the_first_one_and_prefer_one_zone() -> None:
    recording = _declare(scale={"minimum": 3, "maximum": 3})
    pod = _one(recording, "Job")["spec"]["template"]["spec"]
    environment = _environment(pod)
    assert (environment["PET_NNODES"], environment["PET_MASTER_ADDR"]) == ("3", f"{NAME}-run-0.{NAME}-run")
    service = _one(recording, "Service")
    assert (service["metadata"]["name"], pod["subdomain"]) == (f"{NAME}-run", f"{NAME}-run")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert "podAffinity" in pod["affinity"]


def test_one_worker_meets_nobody() -> None:
    recording = _declare()
    assert _kind(recording, "Service") == []
    assert not any(name.startswith("PET_") for name in _environment(_pod()))


def test_a_deployment_doesn_t_wait_for_the_end_of_the_training() -> None:
    assert _one(_declare(), "Job")["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_pods_take_their_role_only_after_it_is_there() -> None:
    (job,) = _kind(_declare(), "Job")
    assert any("PodIdentityAssociation" in each for each in job.options.dependencies)


@pytest.mark.parametrize(("minimum", "policy"), [(0, "HoldAndDrain"), (2, "None")])
def test_with_a_queue_kueue_suspends_the_jobs(minimum: int, policy: str) -> None:
    recording = _declare(queue={"pools": POOLS}, scale={"minimum": minimum, "maximum": 2})
    job = _one(recording, "Job")
    assert "suspend" not in job["spec"]
    queue = _one(recording, "LocalQueue")
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == queue["metadata"]["name"]
    assert queue["spec"] == {"clusterQueue": NAME, "stopPolicy": policy}
    assert recording.outputs["queue"] == NAME


def test_a_queue_has_a_flavor_for_each_node_group_in_the_order_of_preference() -> None:
    recording = _declare(queue={"pools": [*reversed(POOLS)]})
    flavors = {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in _kind(recording, "ResourceFlavor")}
    assert flavors == {f"{NAME}-{pool}": {"nodeLabels": {"haven.dev/pool": pool}} for pool in ("spot", "reserved")}
    (group,) = _one(recording, "ClusterQueue")["spec"]["resourceGroups"]
    assert [each["name"] for each in group["flavors"]] == [f"{NAME}-spot", f"{NAME}-reserved"]
    for flavor in group["flavors"]:
        assert [each["name"] for each in flavor["resources"]] == group["coveredResources"]


def test_a_queue_has_a_quota_of_everything_that_a_job_asks_for() -> None:
    """Kueue never admits a Job that asks for anything else."""
    recording = _declare(queue={"pools": POOLS})
    (group,) = _one(recording, "ClusterQueue")["spec"]["resourceGroups"]
    (container,) = _one(recording, "Job")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"].keys() <= set(group["coveredResources"])


def test_without_a_queue_nothing_of_kueue_is_declared() -> None:
    recording = _declare()
    assert not any("kueue" in each.type for each in recording.real())
    assert recording.outputs["queue"] == ""


def test_everything_that_is_wrong_is_named_at_once() -> None:
    refused = _refused(
        image="training:latest",
        zones=[],
        scale={"minimum": 3, "maximum": 2},
        checkpoints={"bucket": BUCKET, "kms_key_arn": KEY, "interval_minutes": 0, "prefix": "/a/", "keep": 0},
        jobs=[{"name": "Run", "workers": 0, "gpus": 17, "retries": -1, "capacity": "reserved", "pools": []}],
    )
    assert set(refused) == {
        "image",
        "zones",
        "scale",
        "checkpoints.interval_minutes",
        "checkpoints.prefix",
        "checkpoints.keep",
        *(f"jobs[0].{each}" for each in ("name", "workers", "gpus", "retries", "capacity", "pools")),
    }


def test_a_job_whose_pods_would_have_too_long_a_name_is_refused() -> None:
    assert set(_refused(jobs=[{"name": "x" * 44}])) == {"jobs[0].name"}
    assert len(_kind(_declare(jobs=[{"name": "x" * 43}]), "Job")) == 1


def test_two_jobs_of_one_name_and_no_job_are_refused() -> None:
    assert set(_refused(jobs=[RUN, RUN])) == {"jobs"}
    assert set(_refused(jobs=[])) == {"jobs"}


@pytest.mark.parametrize(
    ("capacity", "pools"), [("on-demand", ["reserved"]), ("spot", ["spot"]), ("spot-first", ["spot", "reserved"])]
)
def test_a_job_in_a_queue_is_limited_to_the_node_groups_that_have_its_capacity(capacity: str, pools: list[str]) -> None:
    """Kueue compares the labels of its flavors alone, and holds one of these groups to have nodes of every kind."""
    for asked in ({}, {"pools": ["spot", "reserved"]}):
        job = RUN | {"capacity": capacity, **asked}
        affinity = _one(_declare(queue={"pools": POOLS}, jobs=[job]), "Job")["spec"]["template"]["spec"]["affinity"]
        terms = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        assert [_flavors(each) for each in terms] == [pools] * len(terms)


def _flavors(term: Any) -> list[str]:
    """The groups whose flavors a term matches, as Kueue sees it: by the one label that they have."""
    (found,) = (each["values"] for each in term["matchExpressions"] if each["key"] == "haven.dev/pool")
    return list(found)


def test_a_job_whose_capacity_no_node_group_of_the_queue_has_is_refused() -> None:
    for capacity, pool in (("on-demand", "spot"), ("spot", "reserved")):
        refused = _refused(queue={"pools": POOLS}, jobs=[RUN | {"pools": [pool], "capacity": capacity}])
        assert set(refused) == {"jobs[0].pools"}


def test_a_job_that_the_queue_has_no_node_group_for_is_refused() -> None:
    refused = _refused(queue={"pools": POOLS}, jobs=[RUN | {"pools": ["other"]}])
    assert refused["jobs[0].pools"].startswith("got ['other']; allowed: one of queue.pools at least, with the job's")
