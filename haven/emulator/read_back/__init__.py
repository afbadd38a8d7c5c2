"""Reads the deployed resources back from the services and compares them with what the stack declares."""
