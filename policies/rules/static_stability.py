"""Recovery needs nothing of the lost Region, and no control plane that lives in one place."""
