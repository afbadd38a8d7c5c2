"""What is broken of static stability."""

from tests.policies.breaking import Mutation

MUTATIONS: tuple[Mutation, ...] = ()
