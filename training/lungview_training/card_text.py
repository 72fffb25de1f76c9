"""A model's card in words, under the usual headings (Mitchell 2019)."""

from collections.abc import Mapping, Sequence

from lungview.detection.preprocess import CHANNEL_WINDOWS, PIXEL_MM
from lungview.errors import TrainingError
from lungview_training.whole_scans import FEWEST_PATIENTS

_ROWS = (
    ("best_box_iou", "mean IoU of the best-scored box with a reader's, boxed slices"),
    ("found_iou", "mean IoU of boxes found (IoU 0.1 or more, at the balanced threshold)"),
    ("map50", "mAP at IoU 0.50"),
    ("map", "mAP at IoU 0.50 to 0.95"),
    ("sensitivity", "readers' boxes hit at the balanced threshold"),
    ("froc_0.125", "readers' boxes hit at 1/8 false mark per scan"),
    ("froc_1.0", "... at 1"),
    ("froc_8.0", "... at 8"),
    ("cpm", "CPM: mean over 1/8, 1/4, 1/2, 1, 2, 4 and 8 false marks per scan"),
    ("negatives_fp", "false marks on a lesion-free slice at the balanced threshold"),
    ("negatives_flagged", "lesion-free slices with any mark at the balanced threshold"),
    ("ece", "calibration error (ECE) of the scores"),
)
_HITS = (
    "A hit is a mark whose centre lies in the ellipse of a reader's box (LUNA16's rule). A scan here is all labelled "
    "slices of a series or subject, which may be fewer than a whole chest has. Intervals: 95 %, patients drawn with "
    "replacement, 1000 times."
)


def to_markdown(card: Mapping[str, object], notes: str = "") -> str:
    """The whole card; notes: Markdown on where the model fails, taken as it is."""
    parts = (
        (f"# {card['title']} (`{card['name']}`)", ["**For research. Not a medical device, not for diagnosis.**"]),
        ("## What it is", _what_it_is(card)),
        ("## What it learned from", _learned_from(card)),
        ("## How well it does on patients it did not learn from", _how_well(card)),
        ("## What its scores mean", _scores(card)),
        ("## Where it fails", [notes.strip() or "Not yet looked at."]),
    )
    return "\n".join(line for heading, lines in parts for line in (heading, "", *lines, ""))


def _what_it_is(card: Mapping[str, object]) -> list[str]:
    windows = ", ".join(f"{window.centre:g}/{window.width:g}" for window in CHANNEL_WINDOWS)
    beside = int(_number(card["in_channels"])) - len(CHANNEL_WINDOWS)
    words = [f"{card['summary']} {_number(card['parameters']):,.0f} weights; sha256 `{card['weights_sha256']}`."]
    if card["architecture"] != "simple-cancer-cnn":
        seen = (
            f" and {beside} neighbouring slices in one wide window" if beside > 0 else "; slices are judged one by one"
        )
        words += ["", f"Input: one axial slice in HU at {PIXEL_MM} mm pixels through three windows ({windows}){seen}."]
    return words


def _learned_from(card: Mapping[str, object]) -> list[str]:
    return [
        *(
            f"- {_text(row, 'name')}: {_text(row, 'used')}. Licence: {_text(row, 'licence')}."
            for row in _rows(card, "data")
        ),
        "",
        f"Weights' licence: {card['weights_licence']}. 8-bit pictures hold no HU: they were estimated slice by slice "
        "from the peaks of air, lung, fat and soft tissue.",
    ]


def _how_well(card: Mapping[str, object]) -> list[str]:
    metrics = _table(card, "metrics")
    test = _table(metrics, "test")
    lines = [
        f"{str(card['protocol']).capitalize()}: {test['slices']} slices, {test['boxes']} readers' boxes. {_HITS}",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
        *_metric_lines(test),
    ]
    if sizes := _table(test, "sizes"):
        head = "| size | boxes | hit | mean IoU of found ones |"
        rows = _group_lines(head, sizes, "boxes", ("sensitivity", "found_iou"))
        lines += ["", "By the longer side of a reader's box, at the balanced threshold:", "", *rows]
    if subtypes := _table(test, "subtypes"):
        head = "| subtype | patients | best-box IoU | mAP at IoU 0.50 |"
        lines += ["", "By subtype:", "", *_group_lines(head, subtypes, "patients", ("best_box_iou", "map50"))]
    if isinstance(folds := metrics.get("folds"), Sequence):
        lines += ["", "Run by run:", "", *_fold_lines(folds)]
    return lines


def _metric_lines(test: Mapping[str, object]) -> list[str]:
    values, intervals = _table(test, "metrics"), _table(test, "interval_95")
    return [
        f"| {words} | {_figure(values[key])} | {_interval(intervals[key])} |" for key, words in _ROWS if key in values
    ]


def _group_lines(head: str, groups: Mapping[str, object], count: str, keys: tuple[str, str]) -> list[str]:
    """A row for each group: its words, how many there are, and two figures with their intervals."""
    lines = [head, "|---|---|---|---|"]
    for words in groups:
        row = _table(groups, words)
        first, second = (_spread(row[key]) for key in keys)
        lines.append(f"| {words} | {row[count]} | {first} | {second} |")
    return lines


def _fold_lines(folds: Sequence[object]) -> list[str]:
    lines = ["| run | patients | best-box IoU | mAP at IoU 0.50 | CPM |", "|---|---|---|---|---|"]
    for fold in folds:
        assert isinstance(fold, Mapping)
        values = _table(fold, "metrics")
        figures = " | ".join(_figure(values.get(key)) for key in ("best_box_iou", "map50", "cpm"))
        lines.append(f"| {fold['run']} | {fold['patients']} | {figures} |")
    return lines


def _scores(card: Mapping[str, object]) -> list[str]:
    if not card["has_score"]:
        return ["It gives none: every slice gets one box."]
    return [*_calibration(card.get("calibration")), "", *_points(card)]


def _calibration(told: object) -> list[str]:
    if not isinstance(told, Mapping):
        return ["Scores order boxes; they are not probabilities."]
    before, after = (_error(told[f"ece_shown_{when}"]) for when in ("before", "after"))
    lines = [
        "A score is the chance that a mark is on a lesion, as far as patients held out tell: of marks with 0.7, about "
        f"70 % hit. Temperature {_number(told['temperature']):.3f} and bias {_number(told['bias']):.3f} were fitted on "
        f"{told['patients']} {told['fitted_on']}. The calibration error (ECE) of marks from the sensitive stop on was "
        f"{before} before and is {after}; of all marks, most of them surely nothing, it was "
        f"{_error(told['ece_before'])} and is {_error(told['ece_after'])}.",
        "",
        "| score | marks | mean score | share that hit |",
        "|---|---|---|---|",
    ]
    for row in _rows(told, "reliability"):
        if _of(row, "marks"):
            step = f"{_number(_of(row, 'low')):.1f} to {_number(_of(row, 'high')):.1f}"
            share = _figure(_of(row, "hit_share"))
            lines.append(f"| {step} | {_of(row, 'marks')} | {_figure(_of(row, 'mean_score'))} | {share} |")
    return lines


def _error(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "–"


def _points(card: Mapping[str, object]) -> list[str]:
    scans = _table(card, "whole_scans")
    patients = int(_number(scans["patients"]))
    counted = (
        f"False marks per scan were counted on {scans['scans']} whole series of {patients} patients."
        if patients >= FEWEST_PATIENTS
        else f"Whole series of {patients} patients were held out, too few to tell false marks per scan."
    )
    return [
        "| operating point | score threshold | readers' boxes hit | false marks per scan |",
        "|---|---|---|---|",
        *(
            f"| {_text(row, 'name')} | {_text(row, 'score_threshold')} | {_figure(_of(row, 'sensitivity'))} "
            f"| {_figure(_of(row, 'false_marks_per_scan'))} |"
            for row in _rows(card, "operating_points")
        ),
        "",
        f"They were chosen for 1/4, 1/10 and 1/25 false mark per slice on patients held out. {counted}",
    ]


def _spread(figure: object) -> str:
    assert isinstance(figure, Mapping)
    interval = _interval(figure["interval_95"])
    return _figure(figure["value"]) + ("" if interval == "–" else f" ({interval})")


def _interval(pair: object) -> str:
    return f"{pair[0]:.2f} to {pair[1]:.2f}" if isinstance(pair, Sequence) else "–"


def _figure(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "–"


def _table(table: object, key: str) -> Mapping[str, object]:
    value = table[key] if isinstance(table, Mapping) and key in table else None
    if not isinstance(value, Mapping):
        raise TrainingError(f"The card lacks {key}: measure the run on test patients first.")
    return value


def _rows(card: Mapping[str, object], key: str) -> Sequence[object]:
    rows = card[key]
    assert isinstance(rows, Sequence)
    return rows


def _of(row: object, key: str) -> object:
    assert isinstance(row, Mapping)
    return row[key]


def _text(row: object, key: str) -> str:
    return str(_of(row, key))


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)
