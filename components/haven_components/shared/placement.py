"""Where the children of a component are created."""

from dataclasses import dataclass
from typing import Any

import pulumi

from haven_components.shared.support import stateful


@dataclass(frozen=True)
class Placement:
    """The parent and the Region of some of a component's children."""

    parent: pulumi.Resource
    provider: pulumi.ProviderResource | None
    """The AWS provider of the Region; None: the component's own."""
    ephemeral: bool

    def options(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child that holds no data."""
        return pulumi.ResourceOptions(parent=self.parent, provider=self.provider, **more)

    def stateful(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child that holds data."""
        return stateful(self.parent, ephemeral=self.ephemeral, provider=self.provider, **more)
