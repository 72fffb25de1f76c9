"""How reports look: one style sheet, light and dark, on screen and on paper; and the pieces all reports share."""

from collections.abc import Mapping, Sequence
from html import escape

from lungview_training.evaluation.pictures import FORMER, MODEL, READER, Picture

_LIGHT = (
    "--ink:#1b2127;--soft:#5b6670;--page:#fff;--panel:#f4f6f8;--line:#d5dbe1;--accent:#1668b0;--band:#1668b029;"
    "--bad:#b3261e;--good:#0b7a55"
)
_DARK = (
    "--ink:#e6e8eb;--soft:#9aa3ad;--page:#1b1d21;--panel:#23262b;--line:#3a3f47;--accent:#4c9be8;--band:#4c9be833;"
    "--bad:#ff8a80;--good:#3ecf9a"
)
_STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
body{{font:15px/1.5 system-ui,"Segoe UI",sans-serif;color:var(--ink);background:var(--page);max-width:72rem;
margin:0 auto;padding:2rem 1.5rem 4rem}}
h1{{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}}h2{{font-size:1.15rem;margin:2.6rem 0 .6rem;
padding-top:.8rem;border-top:1px solid var(--line)}}h3{{font-size:1rem;margin:1.2rem 0 .3rem}}p{{margin:.3rem 0 .7rem}}
.note{{color:var(--soft);font-size:13px;max-width:60rem}}
.warning{{border-left:4px solid var(--bad);background:color-mix(in srgb,var(--bad) 10%,transparent);padding:.7rem 1rem;
margin:1rem 0;font-weight:600;border-radius:0 6px 6px 0}}
.cards{{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:12px;margin:1.2rem 0}}
.card{{background:var(--panel);border-radius:8px;padding:12px 14px}}
.card b{{display:block;font-size:1.9rem;line-height:1.15;font-weight:600;font-variant-numeric:tabular-nums}}
.card span{{display:block;color:var(--soft);font-size:12.5px;line-height:1.35}}
.card .name{{color:var(--ink);min-height:2.8em}}
.card svg{{width:100%;height:8px;display:block;margin:7px 0 4px}}
.track{{fill:var(--line)}}.span{{fill:var(--accent);opacity:.45}}.dot{{fill:var(--accent)}}
table{{border-collapse:collapse;font-variant-numeric:tabular-nums}}.scroll table{{width:100%}}
td,th{{padding:.32rem .7rem;border-bottom:1px solid var(--line);text-align:right;font-weight:400;white-space:nowrap}}
td:first-child,th:first-child{{text-align:left;padding-left:0;white-space:normal}}
thead th{{color:var(--soft);font-size:12.5px;vertical-align:bottom}}tbody th{{min-width:9.5rem}}
.scroll tbody th{{min-width:0}}
td i{{color:var(--soft);font-style:normal;font-size:12.5px;margin-left:.5em}}
.scroll{{max-height:34rem;overflow:auto;border:1px solid var(--line);border-radius:8px}}
.scroll table td:first-child,.scroll table th:first-child{{padding-left:.8rem}}
.scroll thead th{{position:sticky;top:0;background:var(--panel)}}.wide{{overflow-x:auto}}
.up{{color:var(--good)}}.down{{color:var(--bad)}}
.plots{{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:20px;margin:1rem 0}}
.plots figure,.pictures figure{{margin:0}}.plots figure{{max-width:30rem}}
figcaption{{font-size:12.5px;color:var(--soft);margin-top:4px}}
.plots figcaption{{color:var(--ink);font-weight:600;margin:0 0 4px;font-size:13.5px}}
.plots svg{{width:100%;height:auto;display:block;font-size:12px}}svg text{{fill:var(--soft)}}
.grid{{stroke:var(--line)}}.bar{{fill:var(--accent)}}.band{{fill:var(--band)}}
.curve{{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round}}
.former{{fill:none;stroke:rgb{FORMER};stroke-width:2.5;stroke-linejoin:round}}
.ideal{{stroke:var(--soft);stroke-dasharray:4 4}}
.pictures{{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:16px}}
.pictures img{{width:100%;aspect-ratio:516/256;display:block;border-radius:4px;background:#000}}
.key{{display:inline-block;width:11px;height:11px;border:2.5px solid;border-radius:2px;margin:0 5px -1px 0}}
.key:not(:first-child){{margin-left:14px}}
@media print{{:root{{{_LIGHT}}}body{{max-width:none;padding:0;font-size:11px}}.scroll{{max-height:none;overflow:visible;
border:0}}.scroll thead th{{position:static}}figure,.card,tr{{break-inside:avoid}}h2,h3{{break-after:avoid}}
*{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}}}
"""


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page that needs no other file and no network."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>',
            f"<style>{_STYLE}</style></head><body>",
            *parts,
            "</body></html>",
        )
    )


def warning(text: str) -> str:
    """A sentence nobody should miss, nothing for ""."""
    return f'<p class="warning" role="alert">{escape(text)}</p>' if text else ""


def card(name: str, figure: object, highest: float = 1.0) -> str:
    """A headline figure with its interval, in words and on a scale from 0 to highest."""
    if not isinstance(figure, Mapping) or figure["value"] is None:
        return f'<div class="card"><span class="name">{escape(name)}</span><b>–</b><span>cannot be told</span></div>'
    value, interval = figure["value"], figure["interval_95"]
    words = "one patient: no interval" if interval is None else f"95 %: {interval[0]:.2f} to {interval[1]:.2f}"
    return (
        f'<div class="card"><span class="name">{escape(name)}</span><b>{value:.2f}</b>'
        f"{_scale(value, interval or (value, value), highest)}<span>{words}</span></div>"
    )


def _scale(value: float, interval: Sequence[float], highest: float) -> str:
    low, high, at = (100 * min(max(each / highest, 0.0), 1.0) for each in (*interval, value))
    return (
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" x="0" y="3" width="100" height="2"/><rect class="span" x="{low:.1f}" y="2" '
        f'width="{max(high - low, 0.5):.1f}" height="4"/>'
        f'<rect class="dot" x="{max(at - 0.7, 0):.1f}" y="0" width="1.4" height="8"/></svg>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML, the first of a row names it."""
    top = "".join(f"<th>{escape(word)}</th>" for word in head)
    lines = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def cell(figure: object, digits: int = 2, sign: str = "") -> str:
    """A figure and its interval in one cell; sign: "+" where a gain is to be told from a loss."""
    if not isinstance(figure, Mapping) or figure["value"] is None:
        return "–"
    interval = figure["interval_95"]
    form = f"{sign}.{digits}f"
    span = "" if interval is None else f"<i>{interval[0]:{form}} to {interval[1]:{form}}</i>"
    return f"{figure['value']:{form}}{span}"


def plot(title: str, drawing: str) -> str:
    """A plot under its title."""
    return f"<figure><figcaption>{escape(title)}</figcaption>{drawing}</figure>"


def pictures(title: str, shown: Sequence[Picture], *, has_former: bool = False) -> str:
    """Pictures in rows, all of one size, with a key of their colours; nothing where there are none."""
    if not shown:
        return ""
    tiles = "".join(
        f'<figure><img src="{each.uri}" alt="{escape(each.caption)}"><figcaption>{escape(each.caption)}</figcaption>'
        "</figure>"
        for each in shown
    )
    keys = [("readers", READER), *((("model before", FORMER),) if has_former else ()), ("model", MODEL)]
    legend = "".join(f'<span class="key" style="border-color:rgb{colour}"></span>{words}' for words, colour in keys)
    note = "" if has_former else " &emsp;Where no mark reaches the threshold, the best one is drawn."
    return f'<h2>{escape(title)}</h2><p class="note">{legend}{note}</p><div class="pictures">{tiles}</div>'
