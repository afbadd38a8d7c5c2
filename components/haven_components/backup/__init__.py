"""Backup vaults, plans and restore tests."""
