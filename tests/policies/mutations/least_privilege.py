"""What is broken of least privilege."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
