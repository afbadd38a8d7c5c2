"""ARNs of the wrong partition, Region or account: nothing of AWS finds what they name."""

from collections.abc import Iterable, Iterator, Mapping

from haven.base.problems import Problem, shown
from haven_components.names import partition
from infra.config import models
from infra.config.account_models import Audit
from infra.config.operations_models import Operations
from infra.config.part_models import Backups, Edge, RecoveryPlan, Secret
from infra.config.rules.validators import Rules

RULES = Rules()


@RULES.on("regions", "cluster")
def _administrators(pair: models.Regions, cluster: models.Cluster) -> Iterable[Problem]:
    return _of_partition(pair, _numbered("haven:cluster.adminRoleArns", cluster.admin_role_arns))


@RULES.on("regions", "operations")
def _operators(pair: models.Regions, operations: Operations) -> Iterable[Problem]:
    named = {"haven:operations.permissionsBoundary": operations.permissions_boundary}
    return _of_partition(pair, {**_numbered("haven:operations.operatorArns", operations.operator_arns), **named})


@RULES.on("account", "operations")
def _boundary(account: str | None, operations: Operations) -> Iterable[Problem]:
    """A boundary is a policy of the role's own account, or one of AWS's."""
    arn = operations.permissions_boundary
    if arn is not None and arn.split(":")[4] != "aws":
        yield from _of_account(account, {"haven:operations.permissionsBoundary": arn})


@RULES.on("regions", "recoveryPlan")
def _approvers(pair: models.Regions, plan: RecoveryPlan | None) -> Iterable[Problem]:
    return _of_partition(pair, {"haven:recoveryPlan.approvalRoleArn": plan.approval_role_arn if plan else None})


@RULES.on("regions", "backups")
def _vaults(pair: models.Regions, backups: Backups) -> Iterable[Problem]:
    isolated, recovery = backups.isolated_vault_arn, backups.recovery_isolated_vault_arn
    named = {"haven:backups.isolatedVaultArn": isolated, "haven:backups.recoveryIsolatedVaultArn": recovery}
    return _of_partition(pair, named)


@RULES.on("regions", "database")
def _snapshots(pair: models.Regions, database: models.Database) -> Iterable[Problem]:
    restored, home = database.restore_snapshot, database.home_snapshot
    return _of_partition(pair, {"haven:database.restoreSnapshot": restored, "haven:database.homeSnapshot": home})


@RULES.on("regions", "audit")
def _buckets(pair: models.Regions, audit: Audit) -> Iterable[Problem]:
    return _of_partition(pair, _numbered("haven:audit.dataEventBuckets", audit.data_event_buckets))


@RULES.on("account", "regions", "edge")
def _certificates(account: str | None, pair: models.Regions, edge: Edge) -> Iterable[Problem]:
    named = {f"haven:edge.certificates.{region}": arn for region, arn in edge.certificates.items()}
    yield from _of_partition(pair, named)
    yield from _of_account(account, named)


@RULES.on("account", "regions", "secrets")
def _functions(account: str | None, pair: models.Regions, secrets: Mapping[str, Secret]) -> Iterable[Problem]:
    """Secrets Manager is allowed to call the function where the secret is at home."""
    named = {
        f"haven:secrets.{name}.rotation.lambdaArn": secret.rotation.lambda_arn
        for name, secret in secrets.items()
        if secret.rotation is not None
    }
    yield from _of_partition(pair, named)
    yield from _of_account(account, named)
    for key, arn in named.items():
        if arn.split(":")[3] != pair.primary:
            fix = f"write the ARN of the function in {pair.primary}"
            yield Problem(key, shown(arn), f"a function in {pair.primary}, where the secret is replaced", fix)


def _numbered(key: str, arns: Iterable[str]) -> Mapping[str, str]:
    return {f"{key}[{index}]": arn for index, arn in enumerate(arns)}


def _of_partition(pair: models.Regions, named: Mapping[str, str | None]) -> Iterator[Problem]:
    wanted = partition(pair.primary)
    for key, arn in named.items():
        if arn is not None and arn.split(":")[1] != wanted:
            allowed = f"an ARN of the partition {wanted}, in which {pair.primary} is"
            yield Problem(key, shown(arn), allowed, f"write one that begins with arn:{wanted}:")


def _of_account(account: str | None, named: Mapping[str, str]) -> Iterator[Problem]:
    for key, arn in named.items():
        if account is not None and arn.split(":")[4] != account:
            yield Problem(key, shown(arn), f"an ARN of account {account}", f"write one of account {account}")
