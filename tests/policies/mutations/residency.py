"""What is broken of residency."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
