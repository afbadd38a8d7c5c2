"""What is broken of data protection."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
