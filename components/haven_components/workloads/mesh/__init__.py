"""A service mesh within one cluster."""
