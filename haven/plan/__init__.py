"""What a stack would deploy, and what another tier would change."""
