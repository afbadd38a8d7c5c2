"""What one Region uses exists for the other one."""
