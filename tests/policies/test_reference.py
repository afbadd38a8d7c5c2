"""The page of all rules."""

from haven_policies.reference import PAGE, page


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    assert PAGE.read_text() == page(), "run make reference"
