"""Runs a Pulumi program in this process and holds what it declares."""
