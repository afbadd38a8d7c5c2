"""Hosts the components for every Pulumi language: `pulumi package add <this directory>`."""

from importlib import metadata

from pulumi.provider.experimental import component_provider_host

from haven_components import COMPONENTS

if __name__ == "__main__":
    component_provider_host(list(COMPONENTS), "haven", version=metadata.version("haven-dr"))
