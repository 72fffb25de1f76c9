"""What there is to say of the slices as a whole and of how they are shared out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from lungview_training.config import SplitKind, TrainingConfig
from lungview_training.preflight.look import SliceFact, count
from lungview_training.preflight.report import Remark, Severity, Topic
from lungview_training.split import LEAK, Part, Split

FEW_SLICES = 50
"""With lesion; fewer are learned by heart, however many patients they are of."""

FEW_PATIENTS = 5
"""In validation or test; figures of fewer say little."""


def remarks_on_slices(facts: Sequence[SliceFact], config: TrainingConfig) -> list[Remark]:
    """Whether there is enough to learn from."""
    lesions = sum(fact.has_lesion for fact in facts)
    patients = {fact.patient for fact in facts}
    remarks = []
    if not facts:
        return [_stop(Topic.FEW, "There are no slices to learn from: add a source with readers' boxes.")]
    if not lesions:
        remarks.append(_stop(Topic.FEW, "No slice has a lesion on it: add boxed slices, there is nothing to learn."))
    elif lesions < FEW_SLICES:
        number = count(lesions, "slice")
        remarks.append(
            _warn(Topic.FEW, f"Only {number} with a lesion: the network will learn them by heart. Add patients.")
        )
    if lesions == len(facts):
        text = "No slice is free of lesions: the network will not learn to stay silent. Add lesion-free slices."
        remarks.append(_warn(Topic.FEW, text))
    if len(patients) == 1 and config.split is SplitKind.PATIENT:
        text = (
            "All slices are of one patient: nothing can be held back to tell how a new patient would fare. Add "
            'patients, or split by image as the study did with split = "image".'
        )
        remarks.append(_warn(Topic.ONE_PATIENT, text))
    return remarks


def remarks_on_split(
    split: Split, facts: Sequence[SliceFact], owner: Mapping[str, str], config: TrainingConfig
) -> list[Remark]:
    """Whether every part has what it needs."""
    parts: dict[Part, list[SliceFact]] = defaultdict(list)
    for fact in facts:
        parts[split.part_of_sample(fact)].append(fact)
    remarks = _on_joined(facts, owner)
    if facts and not any(fact.has_lesion for fact in parts[Part.TRAIN]):
        text = "No slice with a lesion is left for training: lower test_share and validation_share, or add patients."
        remarks.append(_stop(Topic.SPLIT, text))
    if split.is_leaking:
        remarks.append(_warn(Topic.LEAK, f"{LEAK} Figures that hold for new patients need a split by patient."))
    if len({fact.patient for fact in facts}) > 1:
        remarks += _on_held_back(parts, config)
    return remarks + _on_subtypes(parts)


def _on_held_back(parts: Mapping[Part, Sequence[SliceFact]], config: TrainingConfig) -> list[Remark]:
    remarks = []
    for part, use, setting in (
        (Part.VALIDATION, "the best weights cannot be chosen, the last ones are kept", "validation_share"),
        (Part.TEST, "nothing tells how new patients fare", "folds" if config.folds else "test_share"),
    ):
        boxed = {fact.patient for fact in parts.get(part, ()) if fact.has_lesion}
        if not boxed:
            text = f"Nobody with a lesion is left for {part.value}: {use}. Raise {setting}, or add patients."
            remarks.append(_warn(Topic.VALIDATION, text))
        elif len(boxed) < FEW_PATIENTS:
            number = count(len(boxed), "patient")
            text = f"Only {number} with a lesion in {part.value}: its figures will jump about. Add patients."
            remarks.append(_warn(Topic.VALIDATION, text))
    return remarks


def _on_subtypes(parts: Mapping[Part, Sequence[SliceFact]]) -> list[Remark]:
    subtypes = sorted({fact.subtype for found in parts.values() for fact in found if fact.subtype})
    if len(subtypes) < 2:
        return []
    lacking = [
        f"{subtype} in {part.value}"
        for subtype in subtypes
        for part in (Part.TRAIN, Part.TEST)
        if parts.get(part) and not any(fact.subtype == subtype for fact in parts[part])
    ]
    if not lacking:
        return []
    text = f"Too few patients to share every subtype out: none of {', '.join(lacking)}. Add patients of these."
    return [_warn(Topic.SUBTYPES, text)]


def _on_joined(facts: Sequence[SliceFact], owner: Mapping[str, str]) -> list[Remark]:
    """Patients who are one by their studies or images; shared picture files have been told of already."""
    here = {fact.patient for fact in facts}
    groups: dict[str, set[str]] = defaultdict(set)
    for patient in here:
        groups[owner.get(patient, patient)].add(patient)
    names = sorted(name for found in groups.values() if len(found) > 1 for name in found)
    if not names:
        return []
    text = (
        f"{count(len(names), 'patient')} share a study or images with one another; they stay on one side of the split. "
        "Give one name to whoever is one person."
    )
    return [Remark(Severity.WARNING, Topic.DUPLICATES, text, tuple(names))]


def _stop(topic: Topic, message: str) -> Remark:
    return Remark(Severity.STOP, topic, message)


def _warn(topic: Topic, message: str) -> Remark:
    return Remark(Severity.WARNING, topic, message)
