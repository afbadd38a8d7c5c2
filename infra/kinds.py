"""The kinds of stacks there are: an environment, or what an account has once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra import account, account_settings, keys, settings, topology
from infra.account_models import ACCOUNT_KEYS
from infra.account_settings import AccountSettings
from infra.settings import KEYS, Refused, Settings

_LOADERS: Mapping[str, Callable[[str, Mapping[str, str]], Settings | AccountSettings]] = {
    "environment": settings.load,
    "account": account_settings.load,
}


def load(stack: str, config: Mapping[str, str]) -> Settings | AccountSettings:
    """The settings of a stack, whatever its kind.

    Raises:
        Refused: with every problem there is; nothing has been declared then.
    """
    loader = _LOADERS.get(config.get(f"{keys.NAMESPACE}:kind") or "environment")
    if loader is None:
        # Nobody knows what this stack has to have. What is wrong whatever its kind can be said.
        known = {name: replace(key, required=False) for name, key in {**ACCOUNT_KEYS, **KEYS}.items()}
        raise Refused(keys.read(config, known, {})[1], f"the config of stack {stack}")
    return loader(stack, config)


def declare(found: Settings | AccountSettings) -> Mapping[str, Any]:
    """Register every resource of a stack.

    Returns:
        The stack's outputs.
    """
    return account.declare(found) if isinstance(found, AccountSettings) else topology.declare(found)
