"""The colours of the report and of the topology, light and dark, and which of them are used on which."""

from collections.abc import Mapping, Sequence

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "panel": "#f6f8fa",
    "text": "#1f2328",
    "soft": "#59636e",
    "line": "#d1d9e0",
    "edge": "#818b98",
    "accent": "#0969da",
    "second": "#8250df",
    "good": "#1a7f37",
    "bad": "#cf222e",
}
DARK: Mapping[str, str] = {
    "page": "#0d1117",
    "panel": "#151b23",
    "text": "#f0f6fc",
    "soft": "#9198a1",
    "line": "#3d444d",
    "edge": "#6e7681",
    "accent": "#4493f8",
    "second": "#ab7df8",
    "good": "#3fb950",
    "bad": "#f85149",
}

TEXTS: Sequence[tuple[str, str]] = tuple(
    (text, ground) for text in ("text", "soft", "accent", "good", "bad") for ground in ("page", "panel")
)
"""Text and what is behind it: a contrast of 4.5 or more. Source: WCAG 2.2, 1.4.3 (AA), read 2026-11-26."""

SHAPES: Sequence[tuple[str, str]] = tuple(
    (shape, ground) for shape in ("edge", "accent", "second", "good", "bad") for ground in ("page", "panel")
)
"""Shapes that mean something, and what is behind them: 3 or more. Source: WCAG 2.2, 1.4.11 (AA), read 2026-11-26."""


def contrast(first: str, second: str) -> float:
    """The contrast of two colours (`#rrggbb`), 1 to 21. Source: WCAG 2.2, contrast ratio, read 2026-11-26."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
