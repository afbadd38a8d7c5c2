"""The kinds of stacks there are: an environment, or what an account has once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra import topology
from infra.config import account_settings, reader, settings
from infra.config.account_models import ACCOUNT_KEYS
from infra.config.account_settings import AccountSettings
from infra.config.settings import KEYS, Refused, Settings
from infra.parts import account

_LOADERS: Mapping[str, Callable[[str, Mapping[str, str]], Settings | AccountSettings]] = {
    "environment": settings.load,
    "account": account_settings.load,
}


def load(stack: str, config: Mapping[str, str]) -> Settings | AccountSettings:
    """The settings of a stack, whatever its kind.

    Raises:
        Refused: with every problem there is; nothing has been declared then.
    """
    loader = _LOADERS.get(config.get(f"{reader.NAMESPACE}:kind") or "environment")
    if loader is None:
        # Nobody knows what this stack has to have. What is wrong whatever its kind can be said.
        known = {name: replace(key, required=False) for name, key in {**ACCOUNT_KEYS, **KEYS}.items()}
        raise Refused(reader.read(config, known, {})[1], f"the config of stack {stack}")
    return loader(stack, config)


def declare(found: Settings | AccountSettings) -> Mapping[str, Any]:
    """Register every resource of a stack.

    Returns:
        The stack's outputs.
    """
    return account.declare(found) if isinstance(found, AccountSettings) else topology.declare(found)
