"""The commands of `ticketing study`, as an operator and a rater use them."""

import csv

import pytest

from tests.studies import make_study, rate_all
from ticketing.study import studies as study


@pytest.fixture
def study_command(command):
    def call(*arguments, columns=200):
        return command("study", *arguments, columns=columns)

    return call


def test_filled_in_sheet_is_imported_and_the_study_can_be_closed(study_command, database, tmp_path):
    study_id = str(make_study(database, size=4, shared=4))
    result = study_command("export", study_id, "--rater", "ann", "--output", "ann.csv")
    assert result.stdout.startswith("4 tickets in ann.csv"), result.stderr
    with (tmp_path / "ann.csv").open(encoding="utf-8-sig", newline="") as stream:
        sheet = list(csv.DictReader(stream))
    for row in sheet:
        row.update({f"score_{label}": "3" for label in "ABCD"})
        row["preferred"] = next(label for label in "ABCD" if row[f"reply_{label}"].startswith("candidate"))
    sheet[3]["preferred"] = "X"
    with (tmp_path / "ann.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(sheet[0]))
        writer.writeheader()
        writer.writerows(sheet)

    result = study_command("import", study_id, "ann.csv", "--rater", "ann")

    assert result.returncode == 3
    assert result.stdout.strip() == "3 new ratings, 0 unchanged, 0 rows not rated yet, 1 refused"
    assert result.stderr.strip() == "line 8: preferred is not A, B, C, D or tie"
    assert study_command("close", study_id).stdout.strip() == f"study {study_id} is closed"
    output = study_command("list").stdout
    assert "closed" in output and "generator 1" in output and "generator 2" in output
    refused = study_command("import", study_id, "ann.csv", "--rater", "ann")
    assert refused.returncode == 1 and "is not open" in refused.stderr


def test_results_show_preferences_scores_and_agreement(study_command, database):
    study_id = make_study(database, size=10, shared=10)
    assert study_command("results", str(study_id)).stdout.strip() == f"Study {study_id} has no rating yet."
    for rater in ("ann", "bob"):
        rate_all(database, study_id, rater, {"candidate": 5, "human": 4, "champion": 3, "nearest": 1}.get, "candidate")
    study.close(database, study_id, "boss")

    output = study_command("results", str(study_id)).stdout

    assert "20 ratings by 2 raters, 10 of 10 tickets rated; agreement alpha 1.00" in output
    assert "0.722–1.000" in output  # the Wilson interval of 10 of 10
    assert "payment" in output and "4.00–4.00" in output


def test_missing_study_raises_an_error(study_command):
    result = study_command("results", "7")
    assert result.returncode == 1
    assert "There is no study 7" in result.stderr
