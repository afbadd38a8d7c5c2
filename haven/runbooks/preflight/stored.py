"""What must be in a Region before anything starts there: images by digest, weights, keys, secrets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.terminal import plural
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest, Weights
from haven.runbooks.observation import Answer, region_of
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import REWRITE, Key, Question, Questions, View, asking

_IMAGES, _WEIGHTS, _KEY, _SECRET = "images", "weights", "key", "secret"
_MEDIA_TYPES = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
]
"""Without them ECR converts what it finds to the oldest of these, or fails."""
_MOST_IMAGES = 100
"""In one request (ECR API Reference, BatchGetImage; read 2026-11-26)."""
_CURRENT = "AWSCURRENT"
_IN_SYNC = "InSync"
_GIB = 2**30
_LEAST_SHARE = 0.5
"""Of the size in the stack file, below which weights can't be whole. An assumption: that size is an estimate."""
_OLD_MANIFEST = "the manifest doesn't have them: it was written by an older program"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own."""
    found: dict[Key, Question] = {}
    for region in manifest.both:
        for repository, digests in _by_repository(manifest).items():
            found[f"{_IMAGES} {repository}", region] = asking(client, "ecr", region, _missing, repository, digests)
        for each in manifest.weights or ():
            bucket = manifest.sides[region].buckets.get(each.bucket, "")
            found[_weights_key(each), region] = asking(client, "s3", region, _objects, bucket, each.prefix)
        if manifest.key:
            found[_KEY, region] = asking(client, "kms", region, _described_key, manifest.key)
        for name in manifest.secrets or ():
            found[f"{_SECRET} {name}", region] = asking(client, "secretsmanager", region, _described_secret, name)
    return found


def _by_repository(manifest: RecoveryManifest) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for image in manifest.images or ():
        repository, _, digest = image.partition("@")
        found[repository].append(digest)
    return found


def _missing(ecr: Any, repository: str, digests: Sequence[str]) -> Mapping[str, str]:
    """Digest of each image that isn't there -> why."""
    found: dict[str, str] = {}
    for begin in range(0, len(digests), _MOST_IMAGES):
        some = digests[begin : begin + _MOST_IMAGES]
        answer = ecr.batch_get_image(
            repositoryName=repository,
            imageIds=[{"imageDigest": each} for each in some],
            acceptedMediaTypes=_MEDIA_TYPES,
        )
        there = {each["imageId"].get("imageDigest") for each in answer.get("images", [])}
        why = {each["imageId"].get("imageDigest"): each.get("failureCode", "") for each in answer.get("failures", [])}
        found |= {each: why.get(each) or "not in the answer" for each in some if each not in there}
    return found


def _weights_key(weights: Weights) -> str:
    return f"{_WEIGHTS} {weights.bucket}/{weights.prefix}"


def _objects(s3: Any, bucket: str, prefix: str) -> Mapping[str, int]:
    """Key -> size in bytes of every object below a prefix."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    return {each["Key"]: int(each["Size"]) for page in pages for each in page.get("Contents", [])}


def _described_key(kms: Any, alias: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = kms.describe_key(KeyId=alias)["KeyMetadata"]
    return found


def _described_secret(secrets: Any, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = secrets.describe_secret(SecretId=name)
    return found


def checks(view: View) -> Iterator[Check]:
    """Images, weights, keys and secrets, in this order."""
    yield from _images(view)
    yield from _all_weights(view)
    if view.manifest.key:
        for region, answer in view.both(_KEY).items():
            yield _key(view, region, answer)
    yield from _secrets(view)


def _unnamed(view: View, what: str) -> Check:
    return view.line(what, view.to, "named by the manifest", REWRITE).unknown(_OLD_MANIFEST)


def _images(view: View) -> Iterator[Check]:
    if view.manifest.images is None:
        yield _unnamed(view, "images")
    for repository, digests in _by_repository(view.manifest).items():
        answer = view.answers[f"{_IMAGES} {repository}", view.to]
        line = view.line(
            f"images of {repository}",
            view.to,
            f"{plural(len(digests), 'digest')} that pods need, in the registry of {view.to}",
            "push them to the other Region's registry once more, which copies them (docs/charts-and-images.md)",
        )
        if not answer.known:
            yield line.unknown(answer.unknown, "allow ecr:BatchGetImage")
        elif answer.value is None:
            yield line.problem("no such repository", "pulumi up declares it; then push its images")
        else:
            missing = "; ".join(f"{digest}: {why}" for digest, why in answer.value.items())
            yield line.judge(missing or "all there", fine=not missing)


def _all_weights(view: View) -> Iterator[Check]:
    if view.manifest.weights is None:
        yield _unnamed(view, "weights")
    for each in view.manifest.weights or ():
        yield _weights(view, each, *view.both(_weights_key(each)).values())


def _weights(view: View, weights: Weights, here: Answer, there: Answer) -> Check:
    what = f"weights {weights.prefix} in {view.side.buckets.get(weights.bucket, weights.bucket)}"
    needed = f"every object of the other Region's bucket, about {weights.gib:g} GiB"
    fix = "upload the version to the bucket of the Region that writes, or let S3 Batch Replication copy it"
    line = view.line(what, view.to, needed, fix)
    if not here.known:
        return line.unknown(here.unknown, "allow s3:ListBucket")
    if not here.value:
        return line.problem("no object" if here.value is not None else "no such bucket")
    size = sum(here.value.values()) / _GIB
    got = f"{plural(len(here.value), 'object')}, {size:.1f} GiB"
    if size < weights.gib * _LEAST_SHARE:
        return line.problem(got, "upload what is missing, or correct weightsGib in the stack file")
    if there.value is None:
        warning = view.line(what, view.old, needed, fix)
        return warning.unknown(f"{got}; not compared with {view.old}: {there.unknown or 'no such bucket'}")
    lacking = sorted(key for key, each in there.value.items() if here.value.get(key) != each)
    if lacking:
        return line.problem(f"{got}; {len(lacking)} lacking or of another size, such as {lacking[0]}")
    return line.ok(got)


def _key(view: View, region: str, answer: Answer) -> Check:
    alias = view.manifest.key
    line = view.line(
        f"key {alias}",
        region,
        "enabled, a key of this Region, not to be deleted",
        f"aws kms cancel-key-deletion or enable-key --region {region}: nothing there can be decrypted without it",
    )
    if not answer.known:
        return line.unknown(answer.unknown, "allow kms:DescribeKey")
    if answer.value is None:
        return line.problem("no such alias", "pulumi up declares it")
    state, arn = str(answer.value["KeyState"]), str(answer.value["Arn"])
    deleted = answer.value.get("DeletionDate")
    when = f", on {deleted:%Y-%m-%d}" if deleted is not None else ""
    fine = state == "Enabled" and answer.value.get("Enabled") is True and region_of(arn) == region
    where = "" if region_of(arn) == region else f", in {region_of(arn)}"
    return line.judge(f"{state}{when}{where}", fine=fine)


def _secrets(view: View) -> Iterator[Check]:
    if view.manifest.secrets is None:
        yield _unnamed(view, "secrets")
    for name in view.manifest.secrets or ():
        here, there = view.both(f"{_SECRET} {name}").values()
        yield _secret(view, name, here, there)


def _secret(view: View, name: str, here: Answer, there: Answer) -> Check:
    needed = f"the version of {view.old}, replicated"
    fix = f"aws secretsmanager replicate-secret-to-regions --secret-id {name}, in its primary Region"
    line = view.line(f"secret {name}", view.to, needed, fix)
    if not here.known:
        return line.unknown(here.unknown, "allow secretsmanager:DescribeSecret")
    if why := _unusable(here.value):
        return line.problem(
            why, "restore it (aws secretsmanager restore-secret), or write a value in its primary Region"
        )
    version = _current(here.value)
    if there.value is None:
        warning = view.line(line.what, view.old, needed, "look once more when it answers")
        return warning.unknown(f"version {version}; not compared: {there.unknown or 'no such secret'}")
    replica = _replica_problem(here.value, there.value)
    other = _current(there.value)
    if replica or other != version:
        return line.problem(replica or f"version {version}, and {other} in {view.old}")
    return line.ok(f"version {version} in both Regions")


def _unusable(secret: Mapping[str, Any] | None) -> str:
    """Why nobody can read it, whatever the other Region has."""
    if secret is None:
        return "no such secret"
    if secret.get("DeletedDate") is not None:
        return f"to be deleted since {secret['DeletedDate']:%Y-%m-%d}"
    return "no current version" if _current(secret) is None else ""


def _current(secret: Mapping[str, Any]) -> str | None:
    stages = secret.get("VersionIdsToStages") or {}
    return next((version for version, labels in stages.items() if _CURRENT in labels), None)


def _replica_problem(*secrets: Mapping[str, Any]) -> str:
    """What Secrets Manager has against a replica, whichever of the Regions is the secret's primary one."""
    replicas = [each for secret in secrets for each in secret.get("ReplicationStatus") or []]
    bad = [each for each in replicas if each.get("Status") != _IN_SYNC]
    return "; ".join(f"{each['Region']}: {each.get('Status')}: {each.get('StatusMessage', '')}" for each in bad)
