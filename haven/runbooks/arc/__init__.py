"""A failover by AWS's own Region switch plan (Application Recovery Controller), which a runbook starts and watches."""
