"""What Resilience Hub assesses: services, where their resources are found, and the policies they are measured by."""

import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits, offerings
from haven_components.choices import RecoveryApproach
from haven_components.names import partition
from haven_components.shared import checks as _checks
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy

MOST_NAME_CHARACTERS = 41
"""Leaves room for the longest approach in a policy's name: the API takes 60."""

SERVICE = "resiliencehub.amazonaws.com"
EXECUTION_POLICY = "AWSResilienceHubV2AssessmentExecutionPolicy"
"""AWS's own, read-only: its user guide asks to attach it instead of a copy, because what an assessment reads grows (AWS
Resilience Hub User Guide, IAM roles and permissions reference; read 2026-11-26)."""


class AssessedTagArgs(TypedDict):
    key: str
    """The tag's key."""
    values: list[str]
    """What its value may be, 1 to 10."""


class AssessedServiceArgs(TypedDict):
    name: str
    """What the service is called, after the component's name and a hyphen: lower-case letters, digits and hyphens, each
    name once, at most 60 characters altogether."""
    tags: list[AssessedTagArgs]
    """By which tags its resources are found in both Regions, 1 to 10 of them. A resource has all of them."""
    approach: NotRequired[RecoveryApproach]
    """The standby of this service, where that is another one than the others have. Its policy then holds no objectives:
    nobody promises them with it. Omitted: the component's approach and objectives."""


class ResilienceAssessmentArgs(TypedDict):
    primary_region: str
    """The Region of the component's AWS provider, where Resilience Hub keeps everything: one that has its next
    generation."""
    recovery_region: str
    """The Region that takes over."""
    approach: RecoveryApproach
    """The standby in the recovery Region."""
    rto_minutes: NotRequired[int]
    """Minutes after which the system is to be back, 0 or more, when a Region is lost, and when a zone is. Omitted: no
    objective."""
    rpo_minutes: NotRequired[int]
    """Minutes of writes that may be lost, 0 or more, with a Region or a zone. Omitted: no objective."""
    availability_percent: NotRequired[float]
    """Share of the time in which the system answers, over 0 to 100. Omitted: no objective."""
    backup_interval_minutes: NotRequired[int]
    """Minutes between two backups at most, 0 or more. Omitted: no objective."""
    services: list[AssessedServiceArgs]
    """What is assessed, one or more. An account has 100 services for each Region unless that quota is raised, of 500
    resources each that can be assessed (AWS Resilience Hub User Guide, service quotas; read 2026-11-26)."""


class ResilienceAssessment(pulumi.ComponentResource):
    """A system of the next generation of Resilience Hub with its services, a policy for each approach, and a role.

    Nothing is assessed until somebody starts it: `aws resiliencehubv2 start-failure-mode-assessment --service-arn ARN`.
    Within a Region the policies ask for zones that all serve. Resources are found by their tags; what runs inside of a
    cluster has none, so nodes are found and pods are not.
    """

    system_arn: pulumi.Output[str]
    """ARN of the system that the services are in."""
    policy_arn: pulumi.Output[str]
    """ARN of the policy with the objectives."""
    service_arns: pulumi.Output[dict[str, str]]
    """ARNs of the services by what they are called in the arguments."""
    invoker_role_arn: pulumi.Output[str]
    """ARN of the role with which Resilience Hub reads the resources."""

    def __init__(self, name: str, args: ResilienceAssessmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ResilienceAssessment", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        role, permissions = self._role()
        system = self._system()
        policy = self._policy(name, RecoveryApproach(args["approach"]), objectives=True)
        lower = {each: self._policy(f"{name}-{_words(each)}", each, objectives=False) for each in self._others()}
        services = {
            each["name"]: self._service(each, lower.get(self._approach(each), policy), system, role, permissions)
            for each in args["services"]
        }
        self.system_arn = system.arn
        self.policy_arn = policy.arn
        self.service_arns = pulumi.Output.all(**{called: each.arn for called, each in services.items()})
        self.invoker_role_arn = role.arn
        self.register_outputs(
            {
                "system_arn": self.system_arn,
                "policy_arn": self.policy_arn,
                "service_arns": self.service_arns,
                "invoker_role_arn": self.invoker_role_arn,
            }
        )

    def _approach(self, service: AssessedServiceArgs) -> RecoveryApproach:
        return RecoveryApproach(service.get("approach", self._args["approach"]))

    def _others(self) -> Sequence[RecoveryApproach]:
        """The approaches of single services, each once."""
        found = dict.fromkeys(self._approach(each) for each in self._args["services"])
        return [each for each in found if each != self._args["approach"]]

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """Its trust names no source: the user guide's has no condition, and one on a key that isn't sent would refuse
        every assessment (AWS Resilience Hub User Guide, IAM roles and permissions reference; read 2026-11-26)."""
        name = f"{self._name}-invoker"
        trust = assume_role_policy(SERVICE)
        role = service_role(name, f"Resilience Hub reads what {self._name} assesses", trust, self._options)
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-permissions",
            role=role.name,
            policy_arn=f"arn:{partition(self._args['primary_region'])}:iam::aws:policy/{EXECUTION_POLICY}",
            opts=self._options,
        )
        return role, attachment

    def _system(self) -> aws.resiliencehub.V2System:
        return aws.resiliencehub.V2System(
            f"{self._name}-system",
            name=self._name,
            description=f"{self._args['primary_region']}, with {self._args['recovery_region']} to recover in",
            tags={"Name": self._name},
            opts=self._options,
        )

    def _policy(self, name: str, approach: RecoveryApproach, *, objectives: bool) -> aws.resiliencehub.V2Policy:
        """What holds when a Region is lost is the least that holds when a zone is."""
        times = self._times() if objectives else {}
        kept: aws.resiliencehub.V2PolicyMultiRegionArgsDict = {"disaster_recovery_approach": approach.value}
        within: aws.resiliencehub.V2PolicyMultiAzArgsDict = {
            "disaster_recovery_approach": RecoveryApproach.ACTIVE_ACTIVE.value
        }
        for lost in (kept, within):
            if "rto_minutes" in times:
                lost["rto_in_minutes"] = times["rto_minutes"]
            if "rpo_minutes" in times:
                lost["rpo_in_minutes"] = times["rpo_minutes"]
        backups, share = times.get("backup_interval_minutes"), self._args.get("availability_percent")
        return aws.resiliencehub.V2Policy(
            f"{name}-policy",
            name=name,
            description="What the loss of a zone or a Region may cost, and the standby for it",
            multi_region=kept,
            multi_az=within,
            availability_slo={"target": share} if objectives and share is not None else None,
            data_recovery={"time_between_backups_in_minutes": backups} if backups is not None else None,
            tags={"Name": name},
            opts=self._options,
        )

    def _times(self) -> dict[str, int]:
        """The objectives in minutes, without those that weren't given."""
        given = {
            "rto_minutes": self._args.get("rto_minutes"),
            "rpo_minutes": self._args.get("rpo_minutes"),
            "backup_interval_minutes": self._args.get("backup_interval_minutes"),
        }
        return {key: int(minutes) for key, minutes in given.items() if minutes is not None}

    def _service(
        self,
        service: AssessedServiceArgs,
        policy: aws.resiliencehub.V2Policy,
        system: aws.resiliencehub.V2System,
        role: aws.iam.Role,
        permissions: aws.iam.RolePolicyAttachment,
    ) -> aws.resiliencehub.V2Service:
        name = f"{self._name}-{service['name']}"
        declared = aws.resiliencehub.V2Service(
            f"{name}-service",
            name=name,
            description=f"{service['name']} of {self._name}",
            regions=[self._args["primary_region"], self._args["recovery_region"]],
            associated_systems=[{"system_arn": system.arn}],
            policy_arn=policy.arn,
            permission_model={"invoker_role_name": role.name},
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        aws.resiliencehub.V2InputSource(
            f"{name}-tags",
            service_arn=declared.arn,
            resource_configuration={
                "resource_tags": [{"key": each["key"], "values": each["values"]} for each in service["tags"]]
            },
            opts=self._options,
        )
        return declared


def _words(approach: RecoveryApproach) -> str:
    return approach.value.lower().replace("_", "-")


def _validate(name: str, args: ResilienceAssessmentArgs) -> None:
    checks = Checks("ResilienceAssessment", name, ResilienceAssessmentArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _check_region(checks, args["primary_region"]),
        lambda: _checks.require_other_region(
            checks, "recovery_region", args["recovery_region"], args["primary_region"]
        ),
        lambda: _check_objectives(checks, args),
        lambda: _check_services(checks, name, args["services"]),
    )


def _check_region(checks: Checks, region: str) -> None:
    checks.require(
        offerings.RESILIENCE_HUB.covers(region),
        "primary_region",
        got=region,
        allowed=f"a Region with Resilience Hub's next generation: {offerings.RESILIENCE_HUB.where}",
        fix="assess from another Region, or leave the component out",
    )


def _check_objectives(checks: Checks, args: ResilienceAssessmentArgs) -> None:
    _checks.require_choice(checks, "approach", args["approach"], RecoveryApproach)
    given = (
        ("rto_minutes", args.get("rto_minutes", 0)),
        ("rpo_minutes", args.get("rpo_minutes", 0)),
        ("backup_interval_minutes", args.get("backup_interval_minutes", 0)),
    )
    for path, minutes in given:
        checks.require(minutes >= 0, path, got=minutes, allowed="0 or more", fix="give minutes")
    share = args.get("availability_percent", 100)
    checks.require(
        0 < share <= 100, "availability_percent", got=share, allowed="over 0 to 100", fix="give a percentage, as 99.9"
    )


def _check_services(checks: Checks, name: str, services: Sequence[AssessedServiceArgs]) -> None:
    names = [each["name"] for each in services]
    longest = limits.RESILIENCE_HUB_NAME.most - len(name) - 1
    checks.require(
        len(set(names)) == len(names) > 0
        and all(len(each) <= longest and re.fullmatch(r"[a-z0-9][a-z0-9-]*", each) for each in names),
        "services",
        got=names,
        allowed=f"one or more, each name once, of at most {longest} lower-case letters, digits and hyphens",
        fix="rename a service, or name one",
    )
    for index, each in enumerate(services):
        if "approach" in each:
            _checks.require_choice(checks, f"services[{index}].approach", each["approach"], RecoveryApproach)
        _check_tags(checks, f"services[{index}].tags", each["tags"])


def _check_tags(checks: Checks, path: str, tags: Sequence[AssessedTagArgs]) -> None:
    least, most = limits.RESILIENCE_HUB_TAGS.least, limits.RESILIENCE_HUB_TAGS.most
    keys = [each["key"] for each in tags]
    checks.require(
        len(set(keys)) == len(keys)
        and least <= len(keys) <= most
        and all(least <= len(each["values"]) <= most for each in tags),
        path,
        got={each["key"]: each["values"] for each in tags},
        allowed=f"{least} to {most} keys, each once, with {least} to {most} values each",
        fix="name fewer, or at least one",
    )
