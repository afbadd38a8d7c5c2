"""Programs recorded in this process."""

import asyncio
import subprocess
import sys
from pathlib import Path

import grpc
import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as kubernetes
import pytest
from pulumi.runtime import resource

from haven.program.aws_types import EKS_CLUSTER
from haven.program.recorder import record
from haven.program.recording import Recording, Secret


class Part(pulumi.ComponentResource):
    """A component with one child."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("haven:index:Part", name, {}, opts)
        self.bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket="parts",
            opts=pulumi.ResourceOptions(parent=self, protect=True, ignore_changes=["acl"]),
        )
        self.register_outputs({})


def two_regions() -> None:
    first = aws.Provider("first", region="eu-west-1")
    second = aws.Provider("second", region="eu-central-1")
    part = Part("part", pulumi.ResourceOptions(providers=[first]))
    queue = aws.sqs.Queue("queue", name="work", opts=pulumi.ResourceOptions(provider=second, depends_on=[part]))
    aws.secretsmanager.SecretVersion(
        "secret",
        secret_id="s",
        secret_string=pulumi.Output.secret("hush"),
        opts=pulumi.ResourceOptions(provider=second),
    )
    policy = pulumi.Output.json_dumps({"Resource": [part.bucket.arn, queue.arn]})
    aws.sqs.QueuePolicy("policy", queue_url=queue.url, policy=policy, opts=pulumi.ResourceOptions(provider=second))
    pulumi.export("queue", queue.arn)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(two_regions, stack="test")


def test_the_region_of_a_resource_is_its_providers(recording: Recording) -> None:
    regions = {each.name: each.region for each in recording.real()}
    assert regions == {
        "part-bucket": "eu-west-1",
        "queue": "eu-central-1",
        "secret": "eu-central-1",
        "policy": "eu-central-1",
    }


def test_a_resource_that_names_a_region_itself_stands_there_and_not_where_its_provider_does() -> None:
    def program() -> None:
        provider = aws.Provider("first", region="eu-west-1")
        aws.sqs.Queue("elsewhere", region="eu-west-3", opts=pulumi.ResourceOptions(provider=provider))
        aws.sqs.Queue("by-default", region="eu-central-1")
        pulumi.CustomResource("other:index:Thing", "thing", {"region": "eu-west-3"})

    regions = {each.name: each.region for each in record(program, stack="test").real()}
    assert regions == {"elsewhere": "eu-west-3", "by-default": "eu-central-1", "thing": None}


def clusters() -> None:
    for region in ("eu-west-1", "eu-central-1"):
        here = pulumi.ResourceOptions(provider=aws.Provider(region, region=region))
        cluster = aws.eks.Cluster(f"gpu-{region}", role_arn="r", vpc_config={"subnet_ids": ["s"]}, opts=here)
        access = pulumi.Output.json_dumps({"server": cluster.endpoint, "ca": cluster.certificate_authority.data})
        on_it(f"made-{region}", pulumi.Output.secret(access))
    on_it("elsewhere", "a cluster of somebody else")


def on_it(name: str, kubeconfig: pulumi.Input[str]) -> None:
    """A release and the binding of what it installs, in one cluster."""
    there = pulumi.ResourceOptions(provider=kubernetes.Provider(f"kube-{name}", kubeconfig=kubeconfig))
    values = {"clusterName": f"gpu-{name}"}
    chart = kubernetes.helm.v3.Release(f"chart-{name}", name="controller", chart="oci://c", values=values, opts=there)
    metadata = {"name": f"binding-{name}", "namespace": "serving"}
    binding = kubernetes.apiextensions.CustomResource(
        f"binding-{name}", api_version="elbv2.k8s.aws/v1beta1", kind="TargetGroupBinding", metadata=metadata, opts=there
    )
    names = {"chart": chart.name, "binding": binding.metadata.apply(lambda given: given["name"])}
    kubernetes.core.v1.ConfigMap(f"names-{name}", metadata={"name": "names"}, data=names, opts=there)


def test_a_kubernetes_object_is_in_the_region_of_the_cluster_that_its_provider_reaches() -> None:
    records = [each for each in record(clusters, stack="test").real() if each.is_kubernetes]
    assert {each.name: each.region for each in records} == {
        f"{kind}-{name}": region
        for name, region in {
            "made-eu-west-1": "eu-west-1",
            "made-eu-central-1": "eu-central-1",
            "elsewhere": None,
        }.items()
        for kind in ("binding", "chart", "names")
    }


def test_names_of_custom_resources_and_of_releases_are_known() -> None:
    names = {each.name: each.inputs.get("data") for each in record(clusters, stack="test").real()}
    assert names["names-elsewhere"] == {"chart": "controller", "binding": "binding-elsewhere"}


def test_a_child_belongs_to_its_component_and_carries_its_options(recording: Recording) -> None:
    (bucket,) = [each for each in recording.real() if each.name == "part-bucket"]
    assert (bucket.component, bucket.component_name) == ("Part", "part")
    assert bucket.urn == "urn:pulumi:test::haven::haven:index:Part$aws:s3/bucket:Bucket::part-bucket"
    assert bucket.options.protect
    assert bucket.options.ignore_changes == ("acl",)


def test_outputs_of_others_survive_in_json_as_placeholders(recording: Recording) -> None:
    by_name = {each.name: each for each in recording.resources}
    bucket, queue = by_name["part-bucket"], by_name["queue"]
    expected = f'{{"Resource": ["@@{bucket.key}.arn@@", "@@{queue.key}.arn@@"]}}'
    assert by_name["policy"].inputs == {"queueUrl": f"@@{queue.key}.url@@", "policy": expected}
    assert recording.outputs == {"queue": f"@@{queue.key}.arn@@"}


def test_secrets_stay_wrapped_and_are_not_shown(recording: Recording) -> None:
    (version,) = [each for each in recording.real() if each.name == "secret"]
    assert version.inputs["secretString"] == Secret("hush")
    assert "hush" not in repr(version)


def test_a_dependency_on_a_component_is_kept(recording: Recording) -> None:
    (queue,) = [each for each in recording.real() if each.name == "queue"]
    assert any("part-bucket" in urn for urn in queue.options.dependencies)


def test_two_runs_record_the_same(recording: Recording) -> None:
    assert record(two_regions, stack="test") == recording


def test_a_data_source_is_refused() -> None:
    def program() -> None:
        aws.get_caller_identity()

    with pytest.raises(Exception, match="a data source"):
        record(program, stack="test")


def test_what_a_program_raises_is_raised() -> None:
    def program() -> None:
        raise pulumi.RunError("no such tier")

    with pytest.raises(pulumi.RunError, match="no such tier"):
        record(program, stack="test")


def test_config_of_the_environment_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", '{"haven:tier": "warm"}')

    def program() -> None:
        pulumi.export("tier", pulumi.Config("haven").get("tier") or "none")

    assert record(program, stack="test").outputs == {"tier": "none"}


def test_a_stash_answers_what_the_first_deployment_stored() -> None:
    def program() -> None:
        stash = pulumi.Stash("birth", input={"regions": {"primary": "a"}, "active": "b"})
        pulumi.export("born", stash.output)

    assert record(program, stack="test").outputs["born"]["active"] == "a"
    assert record(program, stack="test", first_deployment=True).outputs["born"]["active"] == "b"
    assert record(program, stack="test", remembered={"active": "c"}).outputs["born"] == {"active": "c"}


def test_a_program_can_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import pulumi\npulumi.export('stack', pulumi.get_stack())\n")
    assert record(tmp_path, stack="test").outputs == {"stack": "test"}


def test_what_a_recording_turns_off_in_pulumis_runtime_is_back_afterwards() -> None:
    inside, before = [], resource._get_stack_trace

    def program() -> None:
        inside.append(resource._get_stack_trace)
        raise LookupError("it fails")

    with pytest.raises(LookupError):
        record(program, stack="test")
    assert inside != [before]
    assert resource._get_stack_trace is before


def test_outputs_are_known_although_another_program_declared_the_type_without_its_sdk() -> None:
    code = """
import pulumi
from haven.program.recorder import record

def without_sdk():
    pulumi.CustomResource("random:index/randomId:RandomId", "x", {"byteLength": 8})

def with_sdk():
    import pulumi_random
    pulumi.export("hex", pulumi.Output.json_dumps(pulumi_random.RandomId("x", byte_length=8).hex))

record(without_sdk, stack="test")
print(record(with_sdk, stack="test").outputs["hex"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "@@" in done.stdout


def test_a_program_with_transforms_is_recorded_while_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def listen(*_: object, **__: object) -> None:
        raise AssertionError("a server was made")

    def renamed(arguments: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        return pulumi.ResourceTransformResult({**arguments.props, "name": "renamed"}, arguments.opts)

    monkeypatch.setattr(grpc.aio, "server", listen)
    options = pulumi.ResourceOptions(transforms=[renamed])
    made = record(
        lambda: pulumi.CustomResource("aws:sqs/queue:Queue", "queue", {"name": "work"}, options), stack="test"
    )
    assert [each.name for each in made.real()] == ["queue"]


def test_a_transform_that_awaits_changes_the_control_plane_of_a_cluster_too() -> None:
    async def tagged(arguments: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        await asyncio.sleep(0)
        return pulumi.ResourceTransformResult({**arguments.props, "tags": {"by": "a transform"}}, arguments.opts)

    def cluster() -> None:
        eks.Cluster(
            "cluster",
            name="inference",
            skip_default_node_group=True,
            skip_default_security_groups=True,
            create_oidc_provider=False,
            use_default_vpc_cni=True,
            authentication_mode=eks.AuthenticationMode.API,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            service_role=aws.iam.Role("role", assume_role_policy="{}"),
            opts=pulumi.ResourceOptions(transforms=[tagged]),
        )

    made = record(cluster, stack="test")
    (control_plane,) = (each for each in made.real() if each.type == EKS_CLUSTER)
    assert control_plane.inputs["tags"] == {"by": "a transform"}
