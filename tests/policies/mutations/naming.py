"""What is broken of naming."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
