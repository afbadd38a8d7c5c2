"""Repositories for container images, the same ones in two Regions."""

import json
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import partition, region_code, repository_name
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document, stateful

UNTAGGED_DAYS = 14
KEPT_IMAGES = 500

MOST_NAME_CHARACTERS = 64
"""Room for the rest of a repository's name."""


class RegistrySideArgs(TypedDict):
    region: str
    """The Region of these repositories, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts the images. ECR takes it at creation only: another one re-creates
    the repositories."""


class ReplicatedRegistryArgs(TypedDict):
    primary: RegistrySideArgs
    """The repositories in the Region of the component's AWS provider."""
    recovery: RegistrySideArgs
    """The repositories in the other Region."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    repositories: list[str]
    """What the repositories are called, each once: lower-case letters, digits, and single hyphens, dots, underscores or
    slashes between them. Their names begin with the component's: `serving` of `haven-images` is
    `haven-images/serving` in both Regions."""
    untagged_days: NotRequired[int]
    """Days after which an image without a tag is deleted, 1 to 3,650. Omitted: 14."""
    kept_images: NotRequired[int]
    """How many images a repository keeps, 1 to 20,000: the newest ones, whether they run somewhere or not. Each Region
    counts its own. Omitted: 500."""
    reader_account_ids: NotRequired[list[str]]
    """Other AWS accounts, twelve digits each, whose roles may pull the images in both Regions; they also need the keys'
    permission. Omitted: only the account itself."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose repositories may be deleted with their images. Omitted: false,
    so they are protected and retained, and ECR refuses to delete one that holds images."""


class ReplicatedRegistry(pulumi.ComponentResource):
    """Encrypted repositories with immutable tags that are scanned on push, under the same names in both Regions.

    What copies the images is a rule of the account's registry, of which there is one per account and Region. It belongs
    to the account's baseline, in both Regions: filter `PREFIX_MATCH` on the output `repository_prefix`, the destination
    is the other Region. Images that came by replication are not sent on, so two rules don't chase each other. The rule
    has to be there before the first push, since what is older stays behind; these repositories have to be there before
    the rule, since ECR would otherwise make them itself, without this key and with tags that change (ECR User Guide,
    private image replication; read 2026-11-21).

    Neither deletions nor policies are replicated: each side has its own, alike.
    """

    repository_prefix: pulumi.Output[str]
    """What the names of the repositories begin with: the filter of the replication rules."""
    primary_urls: pulumi.Output[dict[str, str]]
    """Repository, as in the arguments, to its address in the primary Region, for pushes and pulls."""
    recovery_urls: pulumi.Output[dict[str, str]]
    """Repository, as in the arguments, to its address in the recovery Region."""

    def __init__(self, name: str, args: ReplicatedRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ReplicatedRegistry", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self.repository_prefix = pulumi.Output.from_input(f"{name}/")
        self.primary_urls = self._side(args["primary"], None)
        self.recovery_urls = self._side(args["recovery"], args["recovery_provider"])
        self.register_outputs(
            {
                "repository_prefix": self.repository_prefix,
                "primary_urls": self.primary_urls,
                "recovery_urls": self.recovery_urls,
            }
        )

    def _side(self, side: RegistrySideArgs, provider: aws.Provider | None) -> pulumi.Output[dict[str, str]]:
        urls = {each: self._repository(each, side, provider).repository_url for each in self._args["repositories"]}
        return pulumi.Output.all(**urls).apply(dict)

    def _repository(self, repository: str, side: RegistrySideArgs, provider: aws.Provider | None) -> aws.ecr.Repository:
        name = f"{self._name}-{region_code(side['region'])}-{repository}"
        made = aws.ecr.Repository(
            name,
            name=repository_name(self._name, repository),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": side["kms_key_arn"]}],
            force_delete=self._ephemeral,
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider),
        )
        beside = pulumi.ResourceOptions(parent=self, provider=provider)
        aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=made.name, policy=self._lifecycle(), opts=beside)
        if "reader_account_ids" in self._args:
            aws.ecr.RepositoryPolicy(
                f"{name}-readers", repository=made.name, policy=self._readers(side["region"]), opts=beside
            )
        return made

    def _lifecycle(self) -> str:
        """Rules are applied in the order of their priorities; one for all images has to come last."""
        days = int(self._args.get("untagged_days", UNTAGGED_DAYS))
        images = int(self._args.get("kept_images", KEPT_IMAGES))
        expire = {"action": {"type": "expire"}}
        untagged = {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        }
        oldest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images}
        rules = [
            {"rulePriority": 1, "description": f"Untagged for {days} days", "selection": untagged, **expire},
            {"rulePriority": 2, "description": f"Beyond the newest {images}", "selection": oldest, **expire},
        ]
        return json.dumps({"rules": rules}, sort_keys=True)

    def _readers(self, region: str) -> pulumi.Output[str]:
        """Who may pull. A repository's policy has no resource: it is that repository."""
        accounts = self._args["reader_account_ids"]
        statement: Mapping[str, object] = {
            "Sid": "Readers",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:{partition(region)}:iam::{each}:root" for each in accounts]},
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
        return policy_document(statement)


def _validate(name: str, args: ReplicatedRegistryArgs) -> None:
    checks = Checks("ReplicatedRegistry", name, ReplicatedRegistryArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _validate_name(checks, name),
        lambda: _check_repositories(checks, name, args["repositories"]),
        lambda: _validate_readers(checks, args),
        lambda: _validate_lifecycle(checks, args),
    )


def _validate_name(checks: Checks, name: str) -> None:
    # The component's name is a part of the repositories' names, which ECR holds to a stricter form.
    _checks.require_match(
        checks,
        "name",
        name,
        limits.REPOSITORY_NAME,
        allowed="single hyphens, none at the end",
        fix="choose another name: repositories are named after it",
    )


def _validate_readers(checks: Checks, args: ReplicatedRegistryArgs) -> None:
    for position, account in enumerate(args.get("reader_account_ids", [])):
        _checks.require_account(checks, account, f"reader_account_ids[{position}]")
    checks.require(
        args.get("reader_account_ids") != [],
        "reader_account_ids",
        got=[],
        allowed="one or more",
        fix="leave it out if only the account itself pulls images",
    )


def _validate_lifecycle(checks: Checks, args: ReplicatedRegistryArgs) -> None:
    days, images = args.get("untagged_days", UNTAGGED_DAYS), args.get("kept_images", KEPT_IMAGES)
    _checks.require_between(
        checks, "untagged_days", days, limits.UNTAGGED_IMAGE_DAYS, fix=f"leave it out for {UNTAGGED_DAYS}"
    )
    _checks.require_between(checks, "kept_images", images, limits.KEPT_IMAGES, fix=f"leave it out for {KEPT_IMAGES}")


def _check_repositories(checks: Checks, name: str, repositories: list[str]) -> None:
    checks.require(
        len(repositories) > 0 and len(set(repositories)) == len(repositories),
        "repositories",
        got=list(repositories),
        allowed="one or more, each once",
        fix="name every image that the environment runs",
    )
    for position, repository in enumerate(repositories):
        whole = repository_name(name, repository)
        checks.require(
            limits.REPOSITORY_NAME.fullmatch(repository) is not None
            and len(whole) <= limits.REPOSITORY_NAME_CHARACTERS,
            f"repositories[{position}]",
            got=repository,
            allowed="lower-case letters and digits, single hyphens, dots, underscores or slashes between them, at most "
            f"{limits.REPOSITORY_NAME_CHARACTERS} characters in {whole}",
            fix="choose another name",
        )
