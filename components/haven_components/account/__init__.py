"""What an account has once: baseline, audit trail, budgets, state backend."""
