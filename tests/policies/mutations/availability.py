"""What is broken of availability."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
