"""The one table of stateful types, held against every type of the AWS provider and of Pulumi's package."""

import re

from haven.program.stateful_types import OTHERS, STATEFUL, stateful, token
from haven.terraform.naming import snake
from haven.terraform.schema import ProviderSchema
from tests.haven.program.no_stores import NO_STORES
from tests.policies import sdk

STORE = re.compile(
    r"(table|bucket|cluster|database|db|volume|snapshot|vault|repository|file_system|store|queue|stream|index|domain"
    r"|archive|directory|registry|ledger|backup|keyspace|graph|instance|cache|broker|workspace|pool|collection|image|ami"
    r"|copy|disk|key|secret|container|catalog|lake|feature_group|object|dataset|data_set|organization|account|hsm|zone"
    r"|authority|log_group|trail|recorder|knowledge_base|notebook|space|tracker|replica|replication_group|policy_store)$"
)
PATTERNS = {re.compile(each) for each in NO_STORES}


def _is_listed(name: str) -> bool:
    return any(each.fullmatch(name) for each in PATTERNS)


def test_every_type_of_the_provider_whose_name_ends_like_a_store_s_is_stateful_or_listed_with_a_reason(
    provider_schema: ProviderSchema,
) -> None:
    names = {each.removeprefix("aws_") for each in provider_schema.types if not stateful(token(each))}
    assert {each for each in names if STORE.search(each) and not _is_listed(each)} == set()


def test_every_token_of_the_table_is_a_resource_of_the_installed_sdk() -> None:
    tokens = {each.type for each in STATEFUL if each.type.startswith("aws:")}
    assert not tokens - sdk.tokens()


def test_a_type_has_one_row_and_says_what_it_holds() -> None:
    assert (
        len({each.type for each in STATEFUL})
        == len({each.terraform or each.type for each in STATEFUL})
        == len(STATEFUL)
    )
    assert all(each.holds for each in STATEFUL)
    assert not {each.terraform for each in STATEFUL} & OTHERS.keys()


def test_pulumi_s_newest_types_are_stateful_or_listed(provider_schema: ProviderSchema) -> None:
    known = {re.sub("[^a-z0-9]", "", each.removeprefix("aws_")) for each in provider_schema.types}
    left = set()
    for each in sdk.tokens():
        module, name = each.split(":")[1].partition("/")[0], snake(each.rpartition(":")[2])
        is_newer = f"{module}{name}".replace("_", "") not in known and name.replace("_", "") not in known
        if is_newer and STORE.search(name) and not stateful(token(each)) and not _is_listed(f"{module}_{name}"):
            left.add(f"{module}_{name}")
    assert left == set()
