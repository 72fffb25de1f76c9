"""A run as one HTML page that needs no other file and no network."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from lungview_training.events import EvaluationDone
from lungview_training.record.curves import STYLE
from lungview_training.record.history import History

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2329;--page:#fff;--line:#cfd6dc}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--page:#14181c;--line:#3a434b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:64rem;margin:2rem auto;
padding:0 1rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.25rem .7rem;
border-bottom:1px solid var(--line);text-align:left}.scroll{max-height:24rem;overflow:auto}
.row{display:flex;flex-wrap:wrap;gap:1rem}.row img{width:256px;max-width:100%}
"""


def build_page(
    name: str,
    status: str,
    about: Mapping[str, object],
    history: History,
    drawn: Sequence[str],
    examples: Sequence[Path],
) -> str:
    """The page: where the run stands, curves, examples, evaluations, and what it was made with."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(name)}</title><style>{_STYLE}{STYLE}</style></head><body><h1>{escape(name)}</h1>",
        f"<p>{escape(status)} For research, not for diagnosis.</p>",
        f'<div class="row">{"".join(drawn)}</div>',
        _examples(examples),
        _evaluations(history.evaluations),
        _settings(about),
        "</body></html>",
    ]
    return "\n".join(parts)


def _examples(paths: Sequence[Path]) -> str:
    pictures = [base64.b64encode(path.read_bytes()).decode("ascii") for path in paths if path.is_file()]
    if not pictures:
        return ""
    shown = "".join(f'<img alt="Validation slice" src="data:image/png;base64,{each}">' for each in pictures)
    legend = "Blue: readers' boxes. Orange, dashed: the model's. Red glow: where it looked."
    return f'<h2>Validation slices</h2><p>{legend}</p><div class="row">{shown}</div>'


def _evaluations(evaluations: Sequence[EvaluationDone]) -> str:
    if not evaluations:
        return "<h2>Evaluations</h2><p>None yet, or no patients were held back for validation.</p>"
    words = ("step", "loss", "best box IoU", "AP at IoU .50", "sensitivity at 1 false mark", "lesion-free marked")
    head = "".join(f"<th>{word}</th>" for word in words)
    lines = "".join(_evaluation(each) for each in reversed(evaluations))
    return f'<h2>Evaluations</h2><div class="scroll"><table><tr>{head}</tr>{lines}</table></div>'


def _evaluation(each: EvaluationDone) -> str:
    figures = (each.loss, each.mean_iou, each.ap50, each.sensitivity_at_one, each.flagged)
    cells = "".join(f"<td>{'' if figure is None else f'{figure:.3f}'}</td>" for figure in figures)
    return f"<tr><td>{each.step}</td>{cells}</tr>"


def _settings(about: Mapping[str, object]) -> str:
    settings, starts = about.get("settings"), about.get("starts")
    rows = [("data", str(about.get("data_hash", ""))[:16]), ("fingerprint", str(about.get("fingerprint", ""))[:16])]
    if isinstance(settings, Mapping):
        rows += [(str(key), str(value)) for key, value in settings.items()]
    if isinstance(starts, Sequence) and starts and isinstance(starts[-1], Mapping):
        rows += [(f"last start: {key}", str(value)) for key, value in starts[-1].items()]
    lines = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows)
    return f'<h2>Made with</h2><div class="scroll"><table>{lines}</table></div>'
