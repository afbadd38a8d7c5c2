"""What is broken of tier conformance."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
