"""The report as one HTML page that needs no other file and no network."""

from collections.abc import Mapping, Sequence
from html import escape

from lungview.metrics.froc import RATES
from lungview_training.evaluation.document import Plain, froc_curve
from lungview_training.evaluation.figures import reliability
from lungview_training.evaluation.marks import gather
from lungview_training.evaluation.measure import Measured
from lungview_training.evaluation.plots import Interval, froc_plot, histogram, reliability_plot
from lungview_training.evaluation.style import card, cell, page, pictures, plot, table, warning

WORDS = {
    "best_box_iou": "IoU of the best-scored box, on boxed slices",
    "found_iou": "IoU of found boxes (IoU 0.1 or more)",
    "sensitivity": "readers' boxes hit by a shown mark",
    "map50": "mAP at IoU 0.50",
    "map": "mAP at IoU 0.50 to 0.95",
    "cpm": "CPM: mean sensitivity at 1/8 to 8 false marks per scan",
    "box_cpm": "CPM, by box",
    "negatives_fp": "false marks on a lesion-free slice",
    "negatives_flagged": "lesion-free slices with a mark",
    "ece": "calibration error (ECE)",
}
_CARDS = {
    "best_box_iou": "best-box IoU on boxed slices",
    "found_iou": "IoU of found boxes",
    "map50": "mAP at IoU 0.50",
    "map": "mAP at IoU 0.50 to 0.95",
    "cpm": "CPM: sensitivity at few false marks",
    "negatives_fp": "false marks on a lesion-free slice",
}
_GROUP = ("best_box_iou", "found_iou", "sensitivity", "map50", "map", "box_cpm", "negatives_fp")


def build_page(document: Plain, measured: Measured) -> str:
    """The page: warning first, then headline figures, plots, lesions, groups, worst cases, and each slice."""
    model = _table(document["model"])
    parts = (
        f"<header><h1>How well {escape(str(model['title']))} does</h1>{_data(document)}</header>",
        warning(str(document["warning"])),
        f'<div class="cards">{"".join(card(words, document[key]) for key, words in _CARDS.items())}</div>',
        _plots(document, measured),
        _figures(document),
        _lesions(document),
        _sizes("By size of readers' boxes", document["sizes"], "boxes", str(document["size_rule"])),
        _groups("By part of the model's own split", document["split"], "The model's own split is not known."),
        _groups("By subtype", document["subtypes"], "The readers' boxes carry no labels."),
        pictures("Boxed slices that the best mark fits least", measured.worst.missed),
        pictures("Lesion-free slices with the surest marks", measured.worst.false),
        _slices(document["slices"]),
    )
    return page("LungView evaluation", parts)


def _data(document: Plain) -> str:
    data, model = _table(document["data"]), _table(document["model"])
    threshold = model["score_threshold"]
    shown = "a model without scores" if threshold is None else f"marks shown from a score of {threshold}"
    return (
        f"<p>{_count(data['patients'], 'patient')}, {_count(data['scans'], 'scan')}, {data['slices']} slices "
        f"({data['boxed_slices']} boxed, {data['lesion_free_slices']} lesion-free), {data['boxes']} readers' boxes. "
        f"{_split(data)}</p>"
        f'<p class="note">Weights {str(model["weights_sha256"])[:12]}, {shown}. '
        f"Intervals: {escape(str(document['intervals']))}. For research, not for diagnosis.</p>"
    )


def _count(number: object, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _split(data: Mapping[str, object]) -> str:
    if not data["split_known"]:
        return "What the model learned from is not known."
    counts = {part: len(_list(data[f"in_{part}_split"])) for part in ("training", "validation", "test")}
    told = ", ".join(f"{count} in its {part} part" for part, count in counts.items())
    return f"In the model's own split: {told}; the others are in none."


def _plots(document: Plain, measured: Measured) -> str:
    best = [each.best_iou for each in measured.slices if each.best_iou is not None]
    drawn = [plot("Fit of the best box", histogram(best, "IoU on boxed slices"))]
    if document["froc"] is not None:
        froc = _table(document["froc"])
        title = f"Sensitivity by {'lesion' if froc['counted'] == 'lesions' else 'box'} (FROC)"
        if best:
            drawn.insert(0, plot(title, froc_plot(froc_curve(measured), _intervals(froc))))
        bins = reliability(gather(measured.slices, measured.threshold))
        drawn.insert(1, plot("What a score means", reliability_plot(bins)))
    return f'<div class="plots">{"".join(drawn)}</div>'


def _intervals(froc: Mapping[str, object]) -> dict[float, Interval]:
    rates = _table(froc["sensitivity_at"])
    found = {rate: _table(rates[f"{rate:g}"])["interval_95"] for rate in RATES}
    return {
        rate: (float(pair[0]), float(pair[1])) if isinstance(pair, Sequence) else None for rate, pair in found.items()
    }


def _figures(document: Plain) -> str:
    rows = [[WORDS[key], cell(document[key], 3)] for key in WORDS if key in document]
    parts = [f"<h2>All figures</h2>{table(('', 'value and 95 % interval'), rows)}"]
    parts.append(f'<p class="note">Found boxes: {escape(str(document["found_rule"]))}.</p>')
    if document["froc"] is None:
        return "".join([*parts, f'<p class="note">{escape(str(document["no_scores"]))}</p>'])
    parts[0] = parts[0].replace("</tbody>", f"<tr><th>{WORDS['ece']}</th><td>{_error(document)}</td></tr></tbody>")
    parts.append(_rates(_table(document["froc"])))
    if _table(document["froc"])["counted"] == "lesions":
        parts.append(_rates(_table(document["froc_of_boxes"])))
    return "".join(parts)


def _error(document: Plain) -> str:
    return cell(_table(document["calibration"])["ece"], 3)


def _rates(froc: Mapping[str, object]) -> str:
    """Sensitivity at each rate, one column each."""
    rates = _table(froc["sensitivity_at"])
    head = ("false marks per scan", *rates, "CPM")
    name = f"sensitivity, by {'lesion' if froc['counted'] == 'lesions' else 'box'}"
    row = [name, *(cell(figure).replace("<i>", "<br><i>") for figure in (*rates.values(), froc["cpm"]))]
    return f'{table(head, [row])}<p class="note">{escape(str(froc["hit_rule"]))}</p>'


def _lesions(document: Plain) -> str:
    if document["lesions"] is None:
        return f'<h2>By lesion</h2><p class="note">{escape(str(document["no_lesions"]))}</p>'
    found = _table(document["lesions"])
    told = f"{found['found']} of {found['lesions']} readers' lesions found in {found['series']} series."
    names = (
        ("sensitivity", "lesions found (an IoU of 0.1 over all slices, or the middle inside)"),
        ("found_iou", "IoU of found lesions, over all their slices"),
        ("false_lesions_per_scan", "false lesions per series"),
    )
    rows = [[words, cell(found[key], 3)] for key, words in names]
    return (
        f"<h2>By lesion</h2><p>{told}</p>{table(('', 'value and 95 % interval'), rows)}"
        f"{_sizes('Lesions by size', found['sizes'], 'lesions', '', heading='h3')}{_lesion_rows(found['rows'])}"
    )


def _lesion_rows(rows: object) -> str:
    head = ("patient", "scan", "slices", "label", "mm", "IoU", "score")
    lines = []
    for row in map(_table, _list(rows)):
        first, last = _list(row["slices"])
        names = (row["scan"], f"{first}–{last}", row["label"] or "–", row["size_mm"], row["iou"], row["score"])
        lines.append(
            [escape(str(row["patient"])), *("missed" if name is None else escape(str(name)) for name in names)]
        )
    return f'<h3>Each lesion</h3><div class="scroll">{table(head, lines)}</div>'


def _sizes(title: str, sizes: object, what: str, rule: str, heading: str = "h2") -> str:
    rows = [
        [words, str(row[what]), cell(row["sensitivity"]), cell(row["found_iou"])]
        for words, row in ((words, _table(figures)) for words, figures in _table(sizes).items())
    ]
    if not rows:
        return ""
    note = f'<p class="note">Size: {escape(rule)}.</p>' if rule else ""
    return f"<{heading}>{title}</{heading}>{note}{table(('', what, 'found', 'IoU of found ones'), rows)}"


def _groups(title: str, groups: object, nothing: str) -> str:
    """Figures of patients or slices that belong together, one column a group."""
    found = {name: _table(figures) for name, figures in _table(groups).items()}
    if not found:
        return f'<h2>{title}</h2><p class="note">{nothing}</p>'
    head = ("", *found)
    counts = ("patients", "slices", "boxes")
    rows = [[name, *(str(figures[name]) for figures in found.values())] for name in counts]
    rows += [[WORDS[key], *(cell(figures[key]) for figures in found.values())] for key in _GROUP]
    return f"<h2>{title}</h2>{table(head, rows)}"


def _slices(rows: object) -> str:
    keys = ("patient", "scan", "slice", "best_score", "best_box_iou", "marks", "found", "false_marks")
    head = ("patient", "scan", "slice", "best score", "best-box IoU", "marks", "found", "false marks")
    lines = [["–" if row[key] is None else escape(str(row[key])) for key in keys] for row in map(_table, _list(rows))]
    return f'<h2>Each slice</h2><div class="scroll">{table(head, lines)}</div>'


def _table(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _list(value: object) -> Sequence[object]:
    assert isinstance(value, Sequence)
    return value
