"""HTML from Python: text is escaped unless it is HTML already."""

from collections.abc import Iterable, Sequence
from html import escape

from haven.report.figures import Figure, Kind, Source, Statement, united

_VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


NONE = Html("-")
"""A cell without anything in it; a narrow page leaves it out."""


def element(tag: str, *content: str, **attributes: str | bool | None) -> Html:
    """One element.

    Args:
        tag: its name.
        content: text, which is escaped, or `Html`.
        attributes: `class_` is `class`, `data_source` is `data-source`; True is one without a value, None and False
            are left out.
    """
    names = "".join(_attribute(name, value) for name, value in attributes.items() if value not in (None, False))
    if tag in _VOID:
        return Html(f"<{tag}{names}>")
    return Html(f"<{tag}{names}>{together(content)}</{tag}>")


def _attribute(name: str, value: str | bool | None) -> str:
    plain = name.rstrip("_").replace("_", "-")
    return f" {plain}" if value is True else f' {plain}="{escape(str(value))}"'


def together(parts: Iterable[str]) -> Html:
    """Several parts, one behind another."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def figure(shown: Figure | Statement | None, *, marked: bool = True) -> Html:
    """A figure, or the words in its place; a dash where there is none.

    Args:
        shown: the figure.
        marked: whether `[A]` is behind it if it rests on an assumption.
    """
    if shown is None:
        return NONE
    if isinstance(shown, Statement):
        return statement(shown)
    mark = element("abbr", "[A]", title="rests on an assumption")
    words = Html(f"{escape(shown.text)}&nbsp;{mark}") if marked and shown.assumed else shown.text
    return element("span", words, class_="figure", data_source=keys(shown.sources))


def span(first: Figure | None, last: Figure | None) -> Html:
    """From one figure to another, with one mark for both."""
    if first is not None and last is not None and first.text == last.text:
        return figure(last)
    both = first is not None and last is not None and last.assumed >= first.assumed
    return together([figure(first, marked=not both), " to ", figure(last)])


def statement(shown: Statement) -> Html:
    """A text with numbers in it."""
    return element("span", shown.text, data_source=keys(shown.sources))


def keys(sources: Sequence[Source]) -> str:
    """Sources as the attribute `data-source` lists them."""
    return " ".join(each.key for each in sources)


def references(figures: Iterable[Figure | Statement]) -> Html:
    """Links to the sources of a row's figures."""
    return links(united(figures))


def links(sources: Sequence[Source]) -> Html:
    """Links to sources."""
    made = (
        element(
            "a", each.key[1:], href=f"#{each.key}", title=each.text, class_="assumption" if _assumed(each) else None
        )
        for each in sources
    )
    return element("span", Html(" ".join(made)), class_="refs", data_source=keys(sources))


def _assumed(source: Source) -> bool:
    return source.kind is Kind.ASSUMPTION


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, class_: str = "") -> Html:
    """A table whose first column names the rows; on a narrow page each row is a block with its columns' names."""
    titles = element("tr", *(element("th", each, scope="col") for each in head))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(_cell(title, text) for title, text in zip(head[1:], row[1:], strict=True)),
        )
        for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", titles),
        element("tbody", *body),
        class_=class_ or None,
    )


def _cell(title: str, text: str) -> Html:
    return element("td", text, data_label=title, class_="none" if text == NONE else None)
