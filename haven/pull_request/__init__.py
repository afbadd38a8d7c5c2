"""Reports what a pull request changes in each stack, compared with the target branch: `haven pr`."""
