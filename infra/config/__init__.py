"""The config of both kinds of stacks: its models and the rules between its keys."""
