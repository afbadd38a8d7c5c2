"""Loads parts of the Pulumi SDKs without the warnings that they raise when they are loaded.

`pulumi_aws.ec2`, `pulumi_aws.s3` and `pulumi_eks` declare classes that are deprecated, and warn as soon as they are
imported (pulumi-aws 7.20, pulumi-eks 4.4). Components use none of those classes, so whoever uses a component isn't
warned, and can treat warnings as errors.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without_deprecations() -> Iterator[None]:
    """Ignore DeprecationWarnings inside of the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def load(module: ModuleType) -> None:
    """Load a part of `pulumi_aws`, which loads each part when any attribute of it is first asked for."""
    with without_deprecations():
        hasattr(module, "any")
