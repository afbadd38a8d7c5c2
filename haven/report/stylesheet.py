"""The stylesheet of a report: light and dark, phone and desktop, screen and paper."""

from collections.abc import Mapping, Sequence

from haven.report.palette import DARK, LIGHT
from haven.report.topology_svg import STYLE as TOPOLOGY


def stylesheet(tiers: Sequence[str]) -> str:
    """All rules; colours are those of the palette alone.

    Args:
        tiers: each has a radio button `tier-TIER` that shows `panel-TIER`.
    """
    shown = "".join(f"body:has(#tier-{each}:checked) #panel-{each} {{ display: block }}\n" for each in tiers)
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
        f"{_BASE}{_TIERS}{_CHARTS}{_TABLES}"
        f"@media screen {{ @supports selector(:has(*)) {{ .panel {{ display: none }}\n{shown}}} }}\n"
        f"{_NARROW}{_PAPER}{TOPOLOGY}"
    )


def _variables(palette: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())


_BASE = """
* { box-sizing: border-box }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100% }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 4rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem }
p { margin: .5rem 0; max-width: 48rem } a { color: var(--accent) }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere }
ul, ol { margin: .5rem 0; padding-left: 1.25rem }
.soft, caption, .name small { color: var(--soft) }
.good { color: var(--good) } .bad { color: var(--bad) }
abbr { color: var(--soft); font-size: .75em; text-decoration: none; vertical-align: .15em }
.refs { font-size: .75rem; color: var(--soft); overflow-wrap: anywhere } .refs .assumption { font-style: italic }
.skip { position: absolute; left: -100vw }
.skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: .5rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
"""
_TIERS = """
fieldset { border: 0; padding: 0; margin: 1.5rem 0 0; min-width: 0 }
legend { padding: 0; margin-bottom: .5rem; color: var(--soft) }
.tabs { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem }
.tabs input { position: absolute; opacity: 0; width: 1px; height: 1px }
.tabs label { display: block; height: 100%; padding: .75rem 1rem; border: 1px solid var(--edge); border-radius: 8px;
  background: var(--panel); cursor: pointer }
.tabs input:checked + label { border-color: var(--accent); box-shadow: inset 0 0 0 2px var(--accent);
  background: var(--page) }
.tabs input:focus-visible + label { outline: 3px solid var(--accent); outline-offset: 2px }
.tabs b { font-size: 1.05rem } .tabs .own { color: var(--soft); font-size: .8125rem; margin-left: .4rem }
.tabs dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; margin: .4rem 0 0; font-size: .875rem }
.tabs dt { color: var(--soft) } .tabs dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums }
.tabs .verdict { display: block; margin-top: .4rem; font-size: .875rem; font-weight: 600 }
.tiles { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: 1rem 0 }
.tile { border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; background: var(--panel) }
.tile .label { color: var(--soft); font-size: .8125rem } .tile .value { font-size: 1.25rem; line-height: 1.4 }
.tile .under { font-size: .8125rem }
@media (min-width: 62rem) { .tabs, .tiles { grid-template-columns: repeat(4, 1fr) } }
.topology-box svg { display: block; width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px }
.cards { display: none; list-style: none; padding: 0 }
"""
_CHARTS = """
.gantt ol, .bars ol { list-style: none; margin: 0; padding: 0 }
.gantt li, .bars ol li, .axis { display: grid; grid-template-columns: 13rem 1fr 12rem; gap: .75rem; align-items: center;
  padding: .2rem 0; font-size: .875rem }
.gantt li:nth-child(odd) { background: var(--panel) }
.gantt .name, .bars .name { overflow-wrap: anywhere; padding-left: .35rem }
.track { position: relative; display: block; height: 1.25rem }
.axis { color: var(--soft); font-size: .75rem } .axis .tick { position: absolute; transform: translateX(-50%);
  white-space: nowrap }
.box { position: absolute; top: .15rem; bottom: .15rem; min-width: 3px; border-radius: 2px; background: var(--accent) }
.tail { position: absolute; top: .5rem; height: .25rem; background: var(--edge) }
.goal { position: absolute; top: -.2rem; bottom: -.2rem; width: 0; border-left: 2px dashed var(--good) }
.figure { white-space: nowrap } .key { max-width: none; font-size: .875rem }
.took { font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: anywhere }
.bars .took { white-space: normal; text-align: right } .bars .track { display: flex; background: none }
.part { display: block; height: 100%; min-width: 2px } .series0 { background: var(--accent) }
.series1 { background: var(--second) } .series2 { background: var(--edge) }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style: none; padding: 0; font-size: .875rem }
.swatch { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem }
.mark { display: inline-block; vertical-align: middle; margin: 0 .3rem 0 .9rem } .mark:first-child { margin-left: 0 }
.mark.box, .mark.tail, .mark.goal { position: static; width: 1.5rem } .mark.box { height: .8rem }
.mark.goal { width: 0; height: 1rem }
"""
_TABLES = """
table { width: 100%; border-collapse: collapse; margin: .75rem 0; font-size: .875rem }
caption { text-align: left; padding-bottom: .35rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word }
.violations td, .violations th { overflow-wrap: anywhere }
th { font-weight: 600 } td { font-variant-numeric: tabular-nums }
thead th { color: var(--soft); font-weight: 400 }
.sources { font-size: .8125rem; padding-left: 0; list-style: none; overflow-wrap: anywhere }
.sources li { padding: .15rem 0 .15rem 2.5rem; text-indent: -2.5rem } .sources li:target { background: var(--panel) }
.sources b { display: inline-block; width: 2.5rem; text-indent: 0; color: var(--soft); font-weight: 400 }
.inside { color: var(--good) } .beyond { color: var(--bad); font-weight: 600 }
"""
_NARROW = """
@media screen and (max-width: 46rem) {
  body { padding: 1rem 1rem 3rem }
  .tabs, .tiles { gap: .5rem } .tabs label { padding: .6rem .7rem }
  .tabs dl { grid-template-columns: 1fr } .tabs dd { text-align: left; font-weight: 600 }
  .tabs .own { display: block; margin: 0 }
  .tile { padding: .6rem .7rem }
  .topology-box { display: none } .cards { display: block }
  .cards li { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .75rem; margin: .5rem 0;
    background: var(--panel); font-size: .875rem }
  .cards dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; margin: .25rem 0 0 }
  .cards dt { color: var(--soft) } .cards dd { margin: 0 } .cards .edge { color: var(--accent) }
  .gantt li, .bars ol li, .axis { grid-template-columns: 1fr auto; gap: .1rem .75rem }
  .gantt .track, .bars .track { grid-column: 1 / -1; grid-row: 2; height: .9rem } .tail { top: .35rem; height: .2rem }
  .axis .name { display: none } .goal { top: 0; bottom: 0 } .bars .took { text-align: right }
  thead { position: absolute; left: -200vw }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  table, tbody, caption { display: block } th, td { display: block; border: 0; padding: .1rem 0 }
  td { display: inline-block; margin-right: 1rem; max-width: 100% } td.none { display: none }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--soft) }
}
"""
_PAPER = """
@media print {
  body { max-width: none; padding: 0; font-size: 10pt } .tabs input, .skip { display: none }
  .panel { break-before: page } h2, h3 { break-after: avoid }
  li, tr, .tile, .topology-box { break-inside: avoid }
  .box, .tail, .part, .swatch, .tile { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""
