from reports.lineage import lineage_section
from tests.reports.registered import MODEL


def test_lineage_has_everything_needed_to_train_the_version_again():
    cells = dict(lineage_section(MODEL, {"seconds": 61.5, "process_peak_memory_gb": 2.25, "values": {}}).rows)
    assert cells["evaluation"] == "seconds 61.5, process_peak_memory_gb 2.25"
    assert cells["snapshot"] == "5afe"
    assert cells["artefact's SHA-256"] == "abc123"
    assert cells["settings"] == "seed 7"
    assert cells["libraries"] == "torch 2.13.0"
    assert cells["code version"] == "v1"
    assert cells["instructions"] == "payment {'en': 'Be kind.'}"
