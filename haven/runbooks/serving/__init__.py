"""Makes a Region serve: workloads at full or standby scale, models that infer."""
