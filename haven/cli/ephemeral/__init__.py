"""Commands that deploy an environment and destroy it: one file each."""
