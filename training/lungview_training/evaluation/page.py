"""The report as one HTML page that needs no other file and no network."""

from collections.abc import Mapping, Sequence
from html import escape

from lungview_training.evaluation.document import Plain, froc_curve
from lungview_training.evaluation.figures import reliability
from lungview_training.evaluation.marks import gather
from lungview_training.evaluation.measure import Measured
from lungview_training.evaluation.pictures import Picture
from lungview_training.evaluation.plots import froc_plot, histogram, reliability_plot

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2329;--page:#fff;--line:#cfd6dc;--accent:#0b6fb8;--soft:#eef3f7}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--page:#14181c;--line:#3a434b;--accent:#5ac8ff;--soft:#1e252b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:64rem;margin:2rem auto;
padding:0 1rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.25rem .7rem;
border-bottom:1px solid var(--line);text-align:left}.scroll{max-height:32rem;overflow:auto}
.warning{border:3px solid #c62828;background:#c6282822;padding:.8rem 1rem;font-weight:600}
.row{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:256px;font-size:12px}figure img{width:100%}
svg{width:420px;max-width:100%;font-size:12px}svg text{fill:var(--ink)}.grid{stroke:var(--line)}.bar{fill:var(--accent)}
.curve{fill:none;stroke:var(--accent);stroke-width:2.5}.ideal{stroke:var(--ink);stroke-dasharray:5 4}
.note{color:var(--ink);opacity:.8}
"""

_ROWS = (
    ("best_box_iou", "IoU of the best box, on boxed slices"),
    ("map50", "mAP at IoU .50"),
    ("map", "mAP at IoU .50 to .95"),
    ("cpm", "CPM: mean sensitivity at 1/8 to 8 false marks per scan"),
    ("negatives_fp", "false marks on a lesion-free slice"),
    ("negatives_flagged", "lesion-free slices with a mark"),
)


def build_page(document: Plain, measured: Measured) -> str:
    """The page: warning first, then figures, plots, subtypes, worst cases, and each slice."""
    model, data = _table(document["model"]), _table(document["data"])
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>LungView evaluation</title>',
        f"<style>{_STYLE}</style></head><body><h1>How well {escape(str(model['title']))} does</h1>",
        _warning(str(document["warning"])),
        f"<p>{data['patients']} patients, {data['scans']} scans, {data['slices']} slices "
        f"({data['boxed_slices']} boxed, {data['lesion_free_slices']} lesion-free), "
        f"{data['boxes']} readers' boxes. {_split(data)}</p>",
        f'<p class="note">Weights {str(model["weights_sha256"])[:12]}, {_threshold(model)}. '
        f"Intervals: {escape(str(document['intervals']))}. For research, not for diagnosis.</p>",
        _figures([(words, document[key]) for key, words in _ROWS]),
        _scores(document, measured),
        _lesions(document),
        _groups("By part of the model's own split", _table(document["split"]), "The model's own split is not known."),
        _groups("By subtype", _table(document["subtypes"]), "The readers' boxes carry no labels."),
        _pictures("Boxed slices that the best mark fits least", measured.worst.missed),
        _pictures("Lesion-free slices with the surest marks", measured.worst.false),
        _slices(document["slices"]),
        "</body></html>",
    ]
    return "\n".join(parts)


def _warning(text: str) -> str:
    return f'<p class="warning" role="alert">{escape(text)}</p>' if text else ""


def _split(data: Mapping[str, object]) -> str:
    if not data["split_known"]:
        return "What the model learned from is not known."
    counts = {part: len(_list(data[f"in_{part}_split"])) for part in ("training", "validation", "test")}
    told = ", ".join(f"{count} in its {part} part" for part, count in counts.items())
    return f"In the model's own split: {told}; the others are in none."


def _threshold(model: Mapping[str, object]) -> str:
    threshold = model["score_threshold"]
    return "a model without scores" if threshold is None else f"marks shown from a score of {threshold}"


def _figures(rows: Sequence[tuple[str, object]]) -> str:
    lines = "".join(f"<tr><th>{escape(words)}</th>{_cells(figure)}</tr>" for words, figure in rows)
    return f"<table><tr><th>figure</th><th>value</th><th>95 % interval</th></tr>{lines}</table>"


def _cells(figure: object) -> str:
    if not isinstance(figure, Mapping) or figure["value"] is None:
        return "<td>–</td><td>–</td>"
    interval = figure["interval_95"]
    span = "–" if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}"
    return f"<td>{figure['value']:.3f}</td><td>{span}</td>"


def _scores(document: Plain, measured: Measured) -> str:
    best = [each.best_iou for each in measured.slices if each.best_iou is not None]
    fits = histogram(best, "IoU of the best box")
    if document["froc"] is None:
        return f'<h2>Fit</h2><p class="note">{escape(str(document["no_scores"]))}</p>{fits}'
    sensitivity = _table(_table(document["froc"])["sensitivity_at"])
    rows = [(f"sensitivity at {rate} false marks per scan", figure) for rate, figure in sensitivity.items()]
    rows.append(("calibration error (ECE)", _table(document["calibration"])["ece"]))
    plots = froc_plot(froc_curve(measured)) if best else ""
    plots += reliability_plot(reliability(gather(measured.slices, measured.threshold))) + fits
    return (
        f'<h2>Sensitivity and calibration</h2><p class="note">{escape(str(_table(document["froc"])["hit_rule"]))}</p>'
        f'<div class="row">{plots}</div>{_figures(rows)}'
    )


def _lesions(document: Plain) -> str:
    if document["lesions"] is None:
        return f'<h2>By lesion</h2><p class="note">{escape(str(document["no_lesions"]))}</p>'
    found = _table(document["lesions"])
    rows = [
        ("lesions found", found["sensitivity"]),
        ("IoU of found lesions", found["found_iou"]),
        ("false lesions per series", found["false_lesions_per_scan"]),
    ]
    note = ""
    if isinstance(froc := found["froc"], Mapping):
        note = f'<p class="note">{escape(str(froc["hit_rule"]))}</p>'
        rates = _table(froc["sensitivity_at"]).items()
        rows += [(f"sensitivity at {rate} false lesions per series", figure) for rate, figure in rates]
        rows.append(("CPM by lesion", froc["cpm"]))
    told = f"{found['found']} of {found['lesions']} readers' lesions found in {found['series']} series."
    return f"<h2>By lesion</h2><p>{told}</p>{note}{_figures(rows)}"


def _groups(title: str, groups: Mapping[str, object], nothing: str) -> str:
    """Figures of patients or slices that belong together."""
    if not groups:
        return f'<h2>{title}</h2><p class="note">{nothing}</p>'
    parts = [f"<h2>{title}</h2>"]
    for label, figures in groups.items():
        found = _table(figures)
        counts = f"{found['patients']} patients, {found['slices']} slices, {found['boxes']} boxes"
        rows = [(words, found[key]) for key, words in _ROWS if key in found]
        parts.append(f"<h3>{escape(label)}</h3><p>{counts}</p>{_figures(rows)}")
    return "".join(parts)


def _pictures(title: str, pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    shown = "".join(
        f'<figure><img src="{each.uri}" alt="{escape(each.caption)}"><figcaption>{escape(each.caption)}</figcaption>'
        "</figure>"
        for each in pictures
    )
    return f'<h2>{title}</h2><p class="note">Yellow: readers. Blue: the model.</p><div class="row">{shown}</div>'


def _slices(rows: object) -> str:
    keys = ("patient", "scan", "slice", "best_score", "best_box_iou", "marks", "found", "false_marks")
    head = "".join(f"<th>{key.replace('_', ' ')}</th>" for key in keys)
    lines = "".join(
        "<tr>" + "".join(f"<td>{'–' if row[key] is None else escape(str(row[key]))}</td>" for key in keys) + "</tr>"
        for row in map(_table, _list(rows))
    )
    return f'<h2>Each slice</h2><div class="scroll"><table><tr>{head}</tr>{lines}</table></div>'


def _table(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _list(value: object) -> Sequence[object]:
    assert isinstance(value, Sequence)
    return value
