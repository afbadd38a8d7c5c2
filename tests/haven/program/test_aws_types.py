"""The vocabulary of AWS type tokens."""

import re

from haven.program import aws_types
from tests.environments import ROOT
from tests.policies import sdk

TOKENS = {name: value for name, value in vars(aws_types).items() if name.isupper()}
TOKEN = re.compile(r"\"aws:\w+/\w+:\w+\"")


def test_every_token_is_a_resource_of_the_installed_sdk() -> None:
    assert not set(TOKENS.values()) - sdk.tokens()


def test_every_name_is_the_token_s_module_and_class() -> None:
    def name(token: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", token.rpartition(":")[2])
        return f"{token.partition(':')[2].partition('/')[0]}_{words}".upper()

    assert {each: name(token) for each, token in TOKENS.items()} == {each: each for each in TOKENS}


def test_product_code_takes_its_tokens_from_the_vocabulary() -> None:
    literal = {
        str(file.relative_to(ROOT)): found
        for room in ("haven", "infra", "policies")
        for file in (ROOT / room).rglob("*.py")
        if file.name != "aws_types.py" and (found := TOKEN.findall(file.read_text(encoding="utf-8")))
    }
    assert not literal
