from reports.lineage import lineage_section
from tests.reports.registered import MODEL


def test_the_lineage_has_what_is_needed_to_train_it_again():
    told = dict(lineage_section(MODEL, {"seconds": 61.5, "process_peak_memory_gb": 2.25, "values": {}}).rows)
    assert told["evaluation"] == "seconds 61.5, process_peak_memory_gb 2.25"
    assert told["snapshot"] == "5afe"
    assert told["artefact's SHA-256"] == "abc123"
    assert told["settings"] == "seed 7"
    assert told["libraries"] == "torch 2.13.0"
    assert told["code version"] == "v1"
    assert told["instructions"] == "payment {'en': 'Be kind.'}"
