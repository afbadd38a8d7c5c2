"""What a reason for accepting something must have, wherever it is given."""

SHORTEST_REASON = 10
"""Characters without the blanks around them: a word such as "meant" tells a reviewer nothing."""
