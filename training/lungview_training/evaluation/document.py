"""The report as plain values for JSON: figures with intervals, what they rest on, and a row for each slice."""

from collections.abc import Mapping, Sequence

from lungview.domain.detection import ModelInfo
from lungview.metrics.froc import RATES
from lungview_training.evaluation.figures import DRAWS, Curve, Figure, curve, figures, reliability
from lungview_training.evaluation.lesions import lesion_figures, lesion_froc
from lungview_training.evaluation.marks import HIT_IOU, JudgedSlice, Marks, gather
from lungview_training.evaluation.measure import Measured
from lungview_training.evaluation.origin import Seen

Plain = dict[str, object]

NO_SCORES = "This model gives no scores, so its marks cannot be ordered by them."
NO_SERIES = "The slices do not follow each other in the patient, so boxes are not linked into lesions."
HIT_RULE = (
    "Marks and readers' boxes are counted slice by slice. "
    f"A mark hits the reader's box that it overlaps most, from an IoU of {HIT_IOU:g} on (LUNA16 takes the centre "
    "instead); further marks on a box that was hit count neither as hits nor as false. A scan is one series, or all "
    "slices of one patient in an image folder."
)
LESION_HIT_RULE = (
    "A lesion of the model hits a reader's when its middle lies inside the reader's boxes (LUNA16's rule, boxes "
    "for its sphere) or their IoU over all slices is at least 0.1. Its lesions are linked from the marks "
    "that the most sensitive stop of the score shows; all slices of a series count, those beside a box too."
)
_PLAIN_FIGURES = ("best_box_iou", "map50", "map", "negatives_fp", "negatives_flagged")


def build_document(measured: Measured, info: ModelInfo, device: str, seen: Seen, *, draws: int = DRAWS) -> Plain:
    """The whole report but its pictures."""
    marks = gather(measured.slices, measured.threshold)
    found = figures(marks, has_score=info.has_score, draws=draws)
    return {
        "model": {
            "name": info.name,
            "title": info.title,
            "architecture": info.architecture,
            "weights_sha256": info.weights_sha256,
            "has_score": info.has_score,
            "score_threshold": measured.threshold if info.has_score else None,
        },
        "device": device,
        "warning": seen.warning,
        "data": _data(measured, marks, seen),
        "intervals": f"95 %, {draws} draws of as many patients with replacement; null under two patients",
        **{name: _figure(found[name]) for name in _PLAIN_FIGURES},
        "froc": _froc(found, marks) if info.has_score else None,
        "cpm": _figure(found["cpm"]) if info.has_score else None,
        "calibration": _calibration(found, marks) if info.has_score else None,
        "no_scores": "" if info.has_score else NO_SCORES,
        "lesions": _lesions(measured, info, draws),
        "no_lesions": "" if measured.lesions else NO_SERIES,
        "split": _by_part(measured, info, seen, draws),
        "subtypes": _subtypes(measured, info, draws),
        "slices": [_row(each, measured.threshold, has_score=info.has_score) for each in measured.slices],
    }


def froc_curve(measured: Measured) -> Curve:
    """The curve to draw."""
    return curve(gather(measured.slices, measured.threshold))


def _data(measured: Measured, marks: Marks, seen: Seen) -> Plain:
    slices = measured.slices
    return {
        "patients": len(marks.patients),
        "scans": int(marks.scans.sum()),
        "slices": len(slices),
        "boxed_slices": sum(not each.is_free for each in slices),
        "lesion_free_slices": sum(each.is_free for each in slices),
        "boxes": sum(len(each.truth) for each in slices),
        "split_known": seen.is_known,
        "in_training_split": list(seen.train),
        "in_validation_split": list(seen.validation),
        "in_test_split": list(seen.test),
    }


def _figure(figure: Figure) -> Plain:
    interval = figure.interval_95
    return {
        "value": None if figure.value is None else round(figure.value, 6),
        "interval_95": None if interval is None else [round(end, 6) for end in interval],
    }


def _froc(found: Mapping[str, Figure], marks: Marks) -> Plain:
    return {
        "hit_rule": HIT_RULE,
        "scans": int(marks.scans.sum()),
        "sensitivity_at": {f"{rate:g}": _figure(found[f"froc_{rate}"]) for rate in RATES},
    }


def _calibration(found: Mapping[str, Figure], marks: Marks) -> Plain:
    bins = [
        {
            "low": each.low,
            "high": each.high,
            "marks": each.marks,
            "mean_score": each.mean_score,
            "hit_share": each.hit_share,
        }
        for each in reliability(marks)
    ]
    return {"ece": _figure(found["ece"]), "bins": bins}


def _lesions(measured: Measured, info: ModelInfo, draws: int) -> Plain | None:
    if not measured.lesions:
        return None
    found = lesion_figures(measured.lesions, draws=draws)
    return {
        "series": len(measured.lesions),
        "lesions": sum(each.lesions for each in measured.lesions),
        "found": sum(len(each.ious) for each in measured.lesions),
        **{name: _figure(figure) for name, figure in found.items()},
        "froc": _lesion_froc(measured, draws) if info.has_score else None,
    }


def _lesion_froc(measured: Measured, draws: int) -> Plain:
    found = {name: _figure(figure) for name, figure in lesion_froc(measured.lesions, draws=draws).items()}
    cpm = found.pop("cpm")
    return {"hit_rule": LESION_HIT_RULE, "sensitivity_at": found, "cpm": cpm}


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
    labels = sorted({label for each in measured.slices for label in each.labels})
    slices = {label: [each for each in measured.slices if label in each.labels] for label in labels}
    return {label: _group(own, measured.threshold, info, draws) for label, own in slices.items()}


def _group(slices: Sequence[JudgedSlice], threshold: float, info: ModelInfo, draws: int) -> Plain:
    marks = gather(slices, threshold)
    found = figures(marks, has_score=info.has_score, draws=draws)
    return {
        "patients": len(marks.patients),
        "slices": len(slices),
        "boxes": sum(len(each.truth) for each in slices),
        **{name: _figure(found[name]) for name in _PLAIN_FIGURES},
        "cpm": _figure(found["cpm"]) if info.has_score else None,
    }


def _row(each: JudgedSlice, threshold: float, *, has_score: bool) -> Plain:
    return {
        "patient": each.patient,
        "scan": each.scan,
        "slice": each.name,
        "labels": list(each.labels),
        "reader_boxes": [[round(corner, 2) for corner in box] for box in each.truth.tolist()],
        "marks": int((each.scores >= threshold).sum()),
        "best_score": round(float(each.scores[0]), 4) if has_score and each.scores.size else None,
        "best_box_iou": None if each.best_iou is None else round(each.best_iou, 4),
        "found": each.found(threshold),
        "false_marks": each.false_marks(threshold),
    }
