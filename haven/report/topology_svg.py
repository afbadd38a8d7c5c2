"""Draws the topology of an environment as SVG: two Regions side by side, replication as arrows between them.

`python -m haven.report.topology_svg` writes the README's picture, from the recording of stack `warm`.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from haven.config.stack_file import load_stack
from haven.program.run import run_program
from haven.report.palette import DARK, LIGHT
from haven.report.topology import DataFlow, RegionColumn, ServiceRow, Topology, topology

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "topology.svg"
STACK = "warm"

_WIDTH, _REGION, _MARGIN = 960, 330, 20
_GAP = _WIDTH - 2 * (_REGION + _MARGIN)
_TOP, _HEAD, _ROW = 92, 132, 46
_RULES = """
  .topology {{ font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
    font-size: 14px }}
  .topology .ground {{ fill: {page} }} .topology text {{ fill: {text} }}
  .topology .soft, .topology .dim text {{ fill: {soft} }} .topology .soft {{ font-size: 12px }}
  .topology .heading {{ font-weight: 600; font-size: 16px }} .topology .name {{ font-weight: 600 }}
  .topology .region {{ fill: {panel}; stroke: {edge}; stroke-width: 1.5 }}
  .topology .active {{ stroke: {good}; stroke-width: 2.5 }}
  .topology .cell {{ fill: {page}; stroke: {line} }}
  .topology .zone {{ fill: none; stroke: {edge}; stroke-dasharray: 4 3 }}
  .topology .dim .region {{ stroke-dasharray: 6 4 }}
  .topology .dim .cell {{ fill: none; stroke: {edge}; stroke-dasharray: 3 3 }}
  .topology .edge {{ stroke: {accent}; stroke-width: 2; fill: none }}
  .topology .tip, .topology .mechanism {{ fill: {accent} }} .topology .mechanism {{ font-size: 12px }}
  .topology .traffic {{ stroke: {good}; stroke-width: 2; fill: none }} .topology .traffic-tip {{ fill: {good} }}
  .topology .idle {{ stroke-dasharray: 5 4 }}
"""
STYLE = f"{_RULES.format(**LIGHT)}@media screen and (prefers-color-scheme: dark) {{{_RULES.format(**DARK)}}}\n"
"""Rules for every picture in a document, light and dark."""

_ENDS = {
    DataFlow.TO_RECOVERY: ("end",),
    DataFlow.TO_PRIMARY: ("start",),
    DataFlow.BOTH: ("start", "end"),
}


def draw(shape: Topology, prefix: str = "") -> str:
    """The picture as SVG that fits light and dark pages.

    Args:
        shape: what to draw.
        prefix: of its ids, for one of several pictures in an HTML page that has `STYLE`. Omitted: the text of a file by
            itself.
    """
    height = _TOP + _HEAD + _ROW * len(shape.rows) + 40
    right = _MARGIN + _REGION + _GAP
    title = f"Environment {shape.stack}, tier {shape.tier}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="topology" viewBox="0 0 {_WIDTH} {height}" role="img"',
        f' aria-label="{_alt(shape)}">',
        f"{'' if prefix else f'<style>{STYLE}</style>'}<defs>{_tips(prefix)}</defs>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>',
        _text(_WIDTH / 2, 28, title, "heading", "middle"),
        *_traffic(shape, right, prefix),
        *_region(shape.primary, _MARGIN, height),
        *_region(shape.recovery, right, height),
    ]
    for place, row in enumerate(shape.rows):
        parts += _row(row, _TOP + _HEAD + place * _ROW, right, shape, prefix)
    return "\n".join((*parts, "</svg>", ""))


def _tips(prefix: str) -> str:
    return "".join(
        f'<marker id="{prefix}{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" '
        f'orient="auto-start-reverse"><path class="{name}" d="M0 0 8 4 0 8Z"/></marker>'
        for name in ("tip", "traffic-tip")
    )


def _dim(side: RegionColumn) -> str:
    """The attribute of what is on standby."""
    return "" if side.serves else ' class="dim"'


def _alt(shape: Topology) -> str:
    edges = ", ".join(f"{each.service} ({each.mechanism})" for each in shape.rows if each.mechanism)
    both = f"{shape.primary.region} ({shape.primary.state}) and {shape.recovery.region} ({shape.recovery.state})"
    return escape(f"Environment {shape.stack} of tier {shape.tier} in {both}. Replicated: {edges}.")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def _traffic(shape: Topology, right: float, prefix: str) -> Iterator[str]:
    """The service's DNS name, with an arrow to each Region that has a record; dashed where no traffic goes."""
    yield _text(_WIDTH / 2, 62, "DNS name", "name", "middle")
    ends = (
        (shape.primary, _MARGIN + _REGION / 2, _WIDTH / 2 - 44),
        (shape.recovery, right + _REGION / 2, _WIDTH / 2 + 44),
    )
    for side, x, start in ends:
        if not side.routing:
            continue
        idle = "" if side.serves else " idle"
        tip = f'marker-end="url(#{prefix}traffic-tip)"'
        yield f'<path class="traffic{idle}" {tip} d="M{start:g} 58H{x:g}V{_TOP - 2}"/>'
        yield _text((start + x) / 2, 52, side.routing, "soft", "middle")


def _region(side: RegionColumn, x: float, height: float) -> Iterator[str]:
    yield f"<g{_dim(side)}>{''.join(_column(side, x, height))}</g>"


def _column(side: RegionColumn, x: float, height: float) -> Iterator[str]:
    active = " active" if side.state == "active" else ""
    yield (
        f'<rect class="region{active}" x="{x:g}" y="{_TOP}" width="{_REGION}" height="{height - _TOP - 20:g}" rx="8"/>'
    )
    yield _text(x + 16, _TOP + 28, side.region, "heading")
    yield _text(x + _REGION - 16, _TOP + 28, f"{side.role}, {side.state}", "soft", "end")
    yield _text(x + 16, _TOP + 52, f"VPC {side.block}" if side.block else "no network", "soft")
    if not side.zones:
        return
    width = (_REGION - 32 - 8 * (len(side.zones) - 1)) / len(side.zones)
    for place, zone in enumerate(side.zones):
        left = x + 16 + place * (width + 8)
        yield f'<rect class="zone" x="{left:g}" y="{_TOP + 64}" width="{width:g}" height="44" rx="4"/>'
        yield _text(left + width / 2, _TOP + 82, zone, "soft", "middle")
        yield _text(left + width / 2, _TOP + 99, "subnets", "soft", "middle")


def _row(row: ServiceRow, y: float, right: float, shape: Topology, prefix: str) -> Iterator[str]:
    for x, content, side in ((_MARGIN, row.primary, shape.primary), (right, row.recovery, shape.recovery)):
        if content:
            yield f"<g{_dim(side)}>"
            yield f'<rect class="cell" x="{x + 16:g}" y="{y:g}" width="{_REGION - 32}" height="36" rx="4"/>'
            yield _text(x + 28, y + 23, row.service, "name")
            yield _text(x + _REGION - 28, y + 23, content, "", "end") + "</g>"
    if row.edge is not DataFlow.NONE:
        ends = " ".join(f'marker-{each}="url(#{prefix}tip)"' for each in _ENDS[row.edge])
        left, end = _MARGIN + _REGION - 12, right + 12
        yield f'<path class="edge" {ends} d="M{left} {y + 24:g}H{end:g}"/>'
        yield _text(_WIDTH / 2, y + 16, row.mechanism, "mechanism", "middle")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(topology(run_program(load_stack(STACK, ROOT)))))
