"""Renews a project's own data files from AWS's APIs."""
