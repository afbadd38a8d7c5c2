"""Reads previews and Terraform plans, and finds what is dangerous in them."""
