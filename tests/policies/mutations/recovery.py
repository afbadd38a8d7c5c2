"""What is broken of recovery."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
