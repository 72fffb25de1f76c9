"""The report as plain values for JSON: figures with intervals, what they rest on, and a row for each slice."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lungview.domain.detection import ModelInfo
from lungview.metrics.froc import RATES
from lungview_training.evaluation.curves import Curve, curve
from lungview_training.evaluation.figures import figures, reliability, size_figures
from lungview_training.evaluation.hits import HIT_RULE
from lungview_training.evaluation.intervals import DRAWS, Figure
from lungview_training.evaluation.lesions import (
    JudgedLesion,
    froc_marks,
    lesion_figures,
    lesion_froc,
    lesion_sizes,
)
from lungview_training.evaluation.marks import FOUND_IOU, JudgedSlice, Marks, by_label, gather
from lungview_training.evaluation.measure import CHEST_MM, Measured
from lungview_training.evaluation.origin import Seen

Plain = dict[str, object]

NO_SCORES = "This model gives no scores, so its marks cannot be ordered by them."
NO_SERIES = "The slices do not follow each other in the patient, so boxes are not linked into lesions."
BY_LESION = (
    "Lesions are counted in whole series. The model's are linked from its marks of all slices; one is where the centre "
    "of its best box is. Its further lesions on the same one count neither way. "
)
BY_BOX = (
    "Readers' boxes are counted slice by slice. A scan is one series, or all slices of one patient in an image folder: "
    "where that is not the whole chest, false marks per scan are fewer than a chest would show. "
)
FOUND_RULE = f"paired with a shown mark from an IoU of {FOUND_IOU:g} on, one to one, best score first"
PLAIN_FIGURES = (
    "best_box_iou",
    "found_iou",
    "sensitivity",
    "map50",
    "map",
    "negatives_fp",
    "negatives_flagged",
)


def build_document(measured: Measured, info: ModelInfo, device: str, seen: Seen, *, draws: int = DRAWS) -> Plain:
    """The whole report but its pictures."""
    marks = gather(measured.slices, measured.threshold)
    found = figures(marks, has_score=info.has_score, draws=draws)
    by_box, lesions = _froc(found, marks) if info.has_score else None, _lesions(measured, info, draws)
    by_lesion = lesions["froc"] if lesions is not None and measured.is_whole else None
    froc = by_lesion if isinstance(by_lesion, dict) else by_box
    return {
        "model": model_table(info, measured.threshold),
        "device": device,
        "warning": seen.warning,
        "data": _data(measured, marks, seen),
        "intervals": f"95 %, {draws} draws of as many patients with replacement; null under two patients",
        **{name: figure_table(found[name]) for name in PLAIN_FIGURES},
        "found_rule": FOUND_RULE,
        "froc": froc,
        "cpm": froc["cpm"] if froc else None,
        "froc_of_boxes": by_box,
        "calibration": _calibration(found, marks) if info.has_score else None,
        "no_scores": "" if info.has_score else NO_SCORES,
        "lesions": lesions,
        "no_lesions": "" if measured.lesions else NO_SERIES,
        "sizes": _sizes(measured, draws),
        "size_rule": "the longer side of a reader's box" if measured.is_size_known else _guessed_sizes(),
        "split": _by_part(measured, info, seen, draws),
        "subtypes": _subtypes(measured, info, draws),
        "slices": [_row(each, measured.threshold, has_score=info.has_score) for each in measured.slices],
    }


def froc_curve(measured: Measured) -> Curve:
    """The curve to draw: by lesion where every scan is a whole series, else by box."""
    if measured.is_whole:
        return curve(froc_marks(measured.lesions))
    return curve(gather(measured.slices, measured.threshold).froc)


def figure_table(figure: Figure) -> Plain:
    """A figure as JSON takes it."""
    interval = figure.interval_95
    return {
        "value": None if figure.value is None else round(figure.value, 6),
        "interval_95": None if interval is None else [round(end, 6) for end in interval],
    }


def model_table(info: ModelInfo, threshold: float) -> Plain:
    """What is said of a model."""
    return {
        "name": info.name,
        "title": info.title,
        "architecture": info.architecture,
        "weights_sha256": info.weights_sha256,
        "has_score": info.has_score,
        "score_threshold": threshold if info.has_score else None,
    }


def _data(measured: Measured, marks: Marks, seen: Seen) -> Plain:
    slices = measured.slices
    return {
        "patients": len(marks.patients),
        "scans": int(marks.froc.scans.sum()),
        "whole_scans": measured.is_whole,
        "slices": len(slices),
        "boxed_slices": sum(not each.is_free for each in slices),
        "lesion_free_slices": sum(each.is_free for each in slices),
        "boxes": sum(len(each.truth) for each in slices),
        "split_known": seen.is_known,
        "in_training_split": list(seen.train),
        "in_validation_split": list(seen.validation),
        "in_test_split": list(seen.test),
    }


def _froc(found: Mapping[str, Figure], marks: Marks) -> Plain:
    return {
        "counted": "boxes",
        "hit_rule": BY_BOX + HIT_RULE,
        "scans": int(marks.froc.scans.sum()),
        **_rates(found),
    }


def _rates(found: Mapping[str, Figure]) -> Plain:
    rates = {f"{rate:g}": figure_table(found[f"froc_{rate}"]) for rate in RATES}
    return {"sensitivity_at": rates, "cpm": figure_table(found["cpm"])}


def _calibration(found: Mapping[str, Figure], marks: Marks) -> Plain:
    return {"ece": figure_table(found["ece"]), "bins": [asdict(each) for each in reliability(marks)]}


def _lesions(measured: Measured, info: ModelInfo, draws: int) -> Plain | None:
    if not measured.lesions:
        return None
    judged = [lesion for each in measured.lesions for lesion in each.lesions]
    froc = {"counted": "lesions", "hit_rule": BY_LESION + HIT_RULE, "scans": len(measured.lesions)}
    return {
        "series": len(measured.lesions),
        "lesions": len(judged),
        "found": sum(each.iou is not None for each in judged),
        **{name: figure_table(figure) for name, figure in lesion_figures(measured.lesions, draws=draws).items()},
        "froc": froc | _rates(lesion_froc(measured.lesions, draws=draws)) if info.has_score else None,
        "sizes": {
            words: {"lesions": count, **{name: figure_table(figure) for name, figure in found.items()}}
            for words, (count, found) in lesion_sizes(measured.lesions, draws=draws).items()
        },
        "rows": [row for each in measured.lesions for row in _lesion_rows(each.patient, each.scan, each.lesions)],
    }


def _lesion_rows(patient: str, scan: str, lesions: Sequence[JudgedLesion]) -> list[Plain]:
    return [
        {
            "patient": patient,
            "scan": scan,
            "slices": [first + 1 for first in each.slices],
            "label": each.label,
            "size_mm": round(each.size_mm, 1),
            "found": each.iou is not None,
            "iou": None if each.iou is None else round(each.iou, 4),
            "score": None if each.score is None else round(each.score, 4),
        }
        for each in lesions
    ]


def _guessed_sizes() -> str:
    return f"the longer side of a reader's box; the data have no pixel size, a slice is taken for {CHEST_MM:g} mm"


def _sizes(measured: Measured, draws: int) -> Plain:
    """Figures of readers' boxes by size."""
    return {
        words: {
            "patients": len(set(marks.box_owner.tolist())),
            "boxes": len(marks.box_owner),
            **{name: figure_table(figure) for name, figure in found.items()},
        }
        for words, (marks, found) in size_figures(measured.slices, measured.threshold, draws=draws).items()
    }


def _by_part(measured: Measured, info: ModelInfo, seen: Seen, draws: int) -> dict[str, Plain]:
    """Figures over the patients of each part of the model's own split, and over those in none of them."""
    if not seen.is_known:
        return {}
    part_of = {name: part for part in ("train", "validation", "test") for name in getattr(seen, part)}
    groups: dict[str, list[JudgedSlice]] = {"train": [], "validation": [], "test": [], "in no part": []}
    for each in measured.slices:
        groups[part_of.get(each.patient, "in no part")].append(each)
    return {part: _group(own, measured.threshold, info, draws) for part, own in groups.items() if own}


def _subtypes(measured: Measured, info: ModelInfo, draws: int) -> dict[str, Plain]:
    """Figures over the boxed slices that carry a label; a slice with two labels counts under both."""
    return {label: _group(own, measured.threshold, info, draws) for label, own in by_label(measured.slices).items()}


def _group(slices: Sequence[JudgedSlice], threshold: float, info: ModelInfo, draws: int) -> Plain:
    marks = gather(slices, threshold)
    found = figures(marks, has_score=info.has_score, draws=draws)
    return {
        "patients": len(marks.patients),
        "slices": len(slices),
        "boxes": sum(len(each.truth) for each in slices),
        **{name: figure_table(found[name]) for name in PLAIN_FIGURES},
        "box_cpm": figure_table(found["cpm"]) if info.has_score else None,
    }


def _row(each: JudgedSlice, threshold: float, *, has_score: bool) -> Plain:
    return {
        "patient": each.patient,
        "scan": each.scan,
        "slice": each.name,
        "labels": list(each.labels),
        "reader_boxes": [[round(corner, 2) for corner in box] for box in each.truth.tolist()],
        "sizes_mm": [round(size, 1) for size in each.sizes_mm.tolist()],
        "marks": int((each.scores >= threshold).sum()),
        "best_score": round(float(each.scores[0]), 4) if has_score and each.scores.size else None,
        "best_box": [round(corner, 2) for corner in each.boxes[0].tolist()] if len(each.boxes) else None,
        "best_box_iou": None if each.best_iou is None else round(each.best_iou, 4),
        "found": each.found(threshold),
        "false_marks": each.false_marks(threshold),
    }
