"""An environment that is watched, for the tests of what watches it."""

import json
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import GrafanaAuthentication, Observability, ObservabilityArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
ACCOUNT = "123456789012"
KEYS = {region: f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1" for region in CODES}
NAME = "haven-test-watch"
COLLECTOR = {"cluster_name": "haven-test-euw1", "namespace": "observability", "service_account": "collector"}
GRAFANA = {"authentication": GrafanaAuthentication.IDENTITY_CENTER}
MESH = {
    "latency_histogram": "istio_request_duration_milliseconds",
    "latency_label": "destination_service_name",
    "requests_counter": "istio_requests_total",
    "error_selector": 'response_code=~"5.."',
    "requests_label": "destination_service_name",
}
SAML = {
    "metadata_url": "https://idp.example.com/metadata",
    "role_attribute": "role",
    "admin_roles": ["admins"],
    "editor_roles": ["editors"],
}


def side(region: str, **watched: Any) -> dict[str, Any]:
    return {"region": region, "kms_key_arn": KEYS[region], "database": {"cluster_id": f"db-{CODES[region]}"}} | watched


def declare(name: str = NAME, *, both: bool = True, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args: dict[str, Any] = {"account_id": ACCOUNT, "environment": "test", "primary": side(PRIMARY)}
        if both:
            args |= {"recovery": side(RECOVERY), "recovery_provider": providers[RECOVERY]}
        watch = Observability(
            name, cast("ObservabilityArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        for output in Observability.__annotations__:
            pulumi.export(output, getattr(watch, output))

    return record(program, stack="test")


def of(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name.removeprefix(f"{NAME}-"): each for each in recording.real() if each.type.endswith(f":{kind}")}


def workspaces(recording: Recording) -> dict[str, Resource]:
    return {name: each for name, each in of(recording, "Workspace").items() if each.type.startswith("aws:amp/")}


def statements_of(policy: Resource, argument: str = "policy") -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(policy.inputs[argument])["Statement"]}
