"""What a change means for the stacks, held against the branch that it goes to: `haven pr`."""
