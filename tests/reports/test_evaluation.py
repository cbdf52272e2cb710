"""What the report says of candidates: every number that a reader of the gate's verdict asks for."""

from models.evaluation import ClassifierEvaluation, GeneratorEvaluation, ReplyExample, Selective
from models.metrics import classification_metrics, reply_metrics
from reports.evaluation import classifier_sections, generator_sections
from reports.page import headlines

REFERENCES = ["Dear customer, the parcel is on its way to you.", "Dear customer, the money is back on your card."]


def test_the_classifiers_numbers_are_told_for_all_tickets_and_by_language():
    everything = Selective(4, 0.75, 0.5, 1.0)
    scored = ClassifierEvaluation(
        version="classifier-1",
        snapshot_id="5afe",
        metrics=classification_metrics(["a", "a", "b", "b"], ["a", "a", "b", "a"]),
        overall=everything,
        languages={"en": everything, "zh": Selective(0, 0.0, 0.0, None)},
        expected_calibration_error=0.125,
        curve_coverage=[0.5, 1.0],
        curve_accuracy=[1.0, 0.75],
    )
    sections = classifier_sections(scored, 0.98)

    first, _, chinese = headlines(sections)
    assert "accuracy 0.7500, macro_f1 0.7333, coverage 0.5000" in first
    assert "expected_calibration_error 0.1250" in first
    assert chinese.endswith("accuracy on what it routes itself —, expected_calibration_error —")
    by_category = sections[1]
    assert [row[0] for row in by_category.rows] == ["a", "b"]
    assert all(svg.lstrip().startswith("<svg") for section in sections for svg in section.svgs)


def test_tuned_replies_stand_beside_both_baselines_and_the_agents():
    said = {"tuned": REFERENCES, "base": ["It is.", "No."], "nearest": REFERENCES[::-1]}
    scored = GeneratorEvaluation(
        version="generator-1",
        snapshot_id="5afe",
        scores={system: {"en": reply_metrics(replies, REFERENCES, "en")} for system, replies in said.items()},
        cut_off=0.5,
        seconds=1.0,
        completion_tokens=20,
        examples=[ReplyExample("a", "Where?", REFERENCES[0], {system: said[system][0] for system in said})],
    )
    numbers, examples = generator_sections(scored)

    assert [row[:2] for row in numbers.rows] == [("en", "tuned"), ("en", "base"), ("en", "nearest")]
    assert "nrefs:1" in numbers.note and "50.0%" in numbers.note
    assert list(examples.rows[0]) == ["a", "Where?", REFERENCES[0], *(said[s][0] for s in ("tuned", "base", "nearest"))]
    assert not any("Where?" in line for line in headlines([numbers, examples]))
