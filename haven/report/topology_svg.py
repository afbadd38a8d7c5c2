"""Draws the topology of an environment as SVG: two Regions side by side, replication as arrows between them.

`python -m haven.report.topology_svg` writes the README's picture, from the recording of stack `warm`.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from haven.config.stack_file import load_stack
from haven.program.run import run_program
from haven.report.topology import DataFlow, RegionColumn, ServiceRow, Topology, topology

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "topology.svg"
STACK = "warm"

_WIDTH, _REGION, _MARGIN = 960, 330, 20
_GAP = _WIDTH - 2 * (_REGION + _MARGIN)
_TOP, _HEAD, _ROW = 92, 132, 46
_STYLE = """
  svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; font-size: 14px }
  .page { fill: #ffffff } text { fill: #1f2328 } .soft { fill: #59636e; font-size: 12px }
  .title { font-weight: 600; font-size: 16px } .name { font-weight: 600 }
  .region { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.5 } .active { stroke: #1a7f37; stroke-width: 2.5 }
  .cell { fill: #ffffff; stroke: #d1d9e0 } .zone { fill: none; stroke: #8c959f; stroke-dasharray: 4 3 }
  .edge { stroke: #0969da; stroke-width: 2; fill: none } .tip { fill: #0969da }
  .mechanism { fill: #0969da; font-size: 12px }
  .traffic { stroke: #1a7f37; stroke-width: 2; fill: none } .traffic-tip { fill: #1a7f37 }
  .idle { stroke-dasharray: 5 4 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #f0f6fc } .soft { fill: #9198a1 }
    .region { fill: #151b23; stroke: #656c76 } .active { stroke: #3fb950 } .cell { fill: #0d1117; stroke: #3d444d }
    .zone { stroke: #656c76 } .edge { stroke: #4493f8 } .tip, .mechanism { fill: #4493f8 }
    .traffic { stroke: #3fb950 } .traffic-tip { fill: #3fb950 }
  }
"""
_TIPS = "".join(
    f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" '
    f'orient="auto-start-reverse"><path class="{name}" d="M0 0 8 4 0 8Z"/></marker>'
    for name in ("tip", "traffic-tip")
)
_ENDS = {
    DataFlow.TO_RECOVERY: 'marker-end="url(#tip)"',
    DataFlow.TO_PRIMARY: 'marker-start="url(#tip)"',
    DataFlow.BOTH: 'marker-start="url(#tip)" marker-end="url(#tip)"',
}


def draw(shape: Topology) -> str:
    """The picture, as the text of an SVG file that fits light and dark pages."""
    height = _TOP + _HEAD + _ROW * len(shape.rows) + 40
    right = _MARGIN + _REGION + _GAP
    title = f"Environment {shape.stack}, tier {shape.tier}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"',
        f' aria-label="{_alt(shape)}">',
        f"<style>{_STYLE}</style><defs>{_TIPS}</defs>",
        f'<rect class="page" width="{_WIDTH}" height="{height}" rx="8"/>',
        _text(_WIDTH / 2, 28, title, "title", "middle"),
        *_traffic(shape, right),
        *_region(shape.primary, _MARGIN, height),
        *_region(shape.recovery, right, height),
    ]
    for place, row in enumerate(shape.rows):
        parts += _row(row, _TOP + _HEAD + place * _ROW, right)
    return "\n".join((*parts, "</svg>", ""))


def _alt(shape: Topology) -> str:
    edges = ", ".join(f"{each.service} ({each.mechanism})" for each in shape.rows if each.mechanism)
    both = f"{shape.primary.region} ({shape.primary.state}) and {shape.recovery.region} ({shape.recovery.state})"
    return escape(f"Environment {shape.stack} of tier {shape.tier} in {both}. Replicated: {edges}.")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def _traffic(shape: Topology, right: float) -> Iterator[str]:
    """The service's DNS name, with an arrow to each Region that has a record; dashed where no traffic goes."""
    yield _text(_WIDTH / 2, 62, "DNS name", "name", "middle")
    ends = (
        (shape.primary, _MARGIN + _REGION / 2, _WIDTH / 2 - 44),
        (shape.recovery, right + _REGION / 2, _WIDTH / 2 + 44),
    )
    for side, x, start in ends:
        if not side.routing:
            continue
        idle = "" if side.state == "active" or "latency" in side.routing else " idle"
        yield f'<path class="traffic{idle}" marker-end="url(#traffic-tip)" d="M{start:g} 58H{x:g}V{_TOP - 2}"/>'
        yield _text((start + x) / 2, 52, side.routing, "soft", "middle")


def _region(side: RegionColumn, x: float, height: float) -> Iterator[str]:
    active = " active" if side.state == "active" else ""
    yield (
        f'<rect class="region{active}" x="{x:g}" y="{_TOP}" width="{_REGION}" height="{height - _TOP - 20:g}" rx="8"/>'
    )
    yield _text(x + 16, _TOP + 28, side.region, "title")
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


def _row(row: ServiceRow, y: float, right: float) -> Iterator[str]:
    for x, content in ((_MARGIN, row.primary), (right, row.recovery)):
        if content:
            yield f'<rect class="cell" x="{x + 16:g}" y="{y:g}" width="{_REGION - 32}" height="36" rx="4"/>'
            yield _text(x + 28, y + 23, row.service, "name")
            yield _text(x + _REGION - 28, y + 23, content, "", "end")
    if row.edge is not DataFlow.NONE:
        ends = _ENDS[row.edge]
        left, end = _MARGIN + _REGION - 12, right + 12
        yield f'<path class="edge" {ends} d="M{left} {y + 24:g}H{end:g}"/>'
        yield _text(_WIDTH / 2, y + 16, row.mechanism, "mechanism", "middle")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(topology(run_program(load_stack(STACK, ROOT)))))
