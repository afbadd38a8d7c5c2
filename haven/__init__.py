"""Disaster recovery for AI systems on AWS: the domain and the operator's tool."""
