"""Databases, caches, tables, buckets, queues and image repositories."""
