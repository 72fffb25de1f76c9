"""Two models side by side as one HTML page that needs no other file and no network."""

from collections.abc import Mapping
from dataclasses import asdict
from html import escape

from lungview.metrics.froc import RATES
from lungview_training.evaluation.comparison import Change, Compared, Comparison
from lungview_training.evaluation.document import froc_curve
from lungview_training.evaluation.intervals import Figure
from lungview_training.evaluation.page import WORDS
from lungview_training.evaluation.plots import froc_plot
from lungview_training.evaluation.style import cell, page, pictures, plot, table

MOST_SHOWN = 24
"""Pictures of a kind; the JSON names them all."""

_LESS_IS_BETTER = frozenset({"negatives_fp", "negatives_flagged", "ece"})


def build_comparison_page(comparison: Comparison) -> str:
    """The page: figures of both with their difference, curves, lesions gained and lost with pictures."""
    before, after = comparison.models
    slices, lost, gained = comparison.before.slices, comparison.lost, comparison.gained
    parts = [
        f"<header><h1>{escape(before.title)}, then {escape(after.title)}</h1>"
        f"<p>{len({each.patient for each in slices})} patients, {len(slices)} slices. "
        f"Lesions gained: <b>{len(gained)}</b>, lost: <b>{len(lost)}</b>.</p>"
        f'<p class="note">Before: weights {before.weights_sha256[:12]}, marks shown from a score of '
        f"{comparison.before.threshold:g}. After: weights {after.weights_sha256[:12]}, from "
        f"{comparison.after.threshold:g}. Intervals: 95 %, the same patients drawn with replacement for both models; "
        "a difference whose interval leaves out 0 is unlikely to be chance. "
        "For research, not for diagnosis.</p></header>",
        *(_part(name, figures) for name, figures in comparison.parts.items()),
    ]
    if before.has_score and after.has_score and any(not each.is_free for each in slices):
        drawn = froc_plot(froc_curve(comparison.after), dict.fromkeys(RATES), froc_curve(comparison.before))
        parts.append(f'<div class="plots">{plot("Sensitivity: blue after, pink before (FROC)", drawn)}</div>')
    parts += [_changes("Lesions gained", gained), _changes("Lesions lost", lost)]
    return page("LungView comparison", parts)


def _part(name: str, figures: Mapping[str, Compared]) -> str:
    rows = [
        [WORDS[key], cell(asdict(found.before)), cell(asdict(found.after)), _difference(key, found.difference)]
        for key, found in figures.items()
        if key in WORDS
    ]
    return f"<h2>{escape(name.capitalize())}</h2>{table(('', 'before', 'after', 'difference'), rows)}"


def _difference(key: str, figure: Figure) -> str:
    """Coloured where its interval leaves out 0."""
    words = cell(asdict(figure), sign="+")
    if figure.interval_95 is None or figure.interval_95[0] <= 0 <= figure.interval_95[1]:
        return words
    is_better = (figure.interval_95[0] > 0) != (key in _LESS_IS_BETTER)
    return f'<span class="{"up" if is_better else "down"}">{words}</span>'


def _changes(title: str, changes: tuple[Change, ...]) -> str:
    if not changes:
        return f'<h2>{title}</h2><p class="note">None.</p>'
    shown = pictures(f"{title}: {len(changes)}", [each.picture for each in changes[:MOST_SHOWN]], has_former=True)
    more = len(changes) - MOST_SHOWN
    return shown + (f'<p class="note">And {more} more, named in comparison.json.</p>' if more > 0 else "")
