"""The sheet of a rater: it reveals no system and contains no formulas, and the import checks every row."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seed import rows
from tests.studies import make_study, record
from ticketing.errors import InputError, OutputError, StudyError
from ticketing.privacy.forgetting import forget_tickets
from ticketing.spreadsheets import FORMULA_SIGNS
from ticketing.study import studies as study
from ticketing.study.sheets import (
    export_sheet,
    import_sheet,
    read_sheet,
    write_sheet,
)

# Texts that a CSV file or a spreadsheet could misread.
DIFFICULT_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["=1+1", '"', ";;,\t", "'=x", "''", "\r", "\n\n", "a\r\nb", '=cmd|" /C calc"!A0', "＝1", "-2", "@x", "﻿"]
)


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path, sheet_rows, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(sheet_rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(sheet_rows)


def rated(row, score="4", preferred="B", comment=""):
    """A row of a sheet, filled in with a rating. Every reply gets the same score."""
    return {
        **row,
        **{name: score for name in row if name.startswith("score_")},
        "preferred": preferred,
        "comment": comment,
    }


@pytest.fixture
def study_id(database):
    return make_study(database, size=6, shared=2, raters=2)


@pytest.fixture
def sheet(database, study_id, tmp_path):
    """The path of the sheet of the rater ann. The sheet has four items."""
    path = tmp_path / "ann.csv"
    assert export_sheet(database, study_id, "ann", path) == 4
    return path


def test_sheet_names_no_system_and_no_model_version(database, study_id, tmp_path):
    records = [record(n, output=f"reply {n}") for n in range(3)]
    other = make_study(database, records=records, name="other", candidate=None)
    with database.begin(None) as conn:
        # The made-up replies begin with the name of their system, so the test replaces them.
        conn.execute("ALTER TABLE ticketing.study_reply DISABLE TRIGGER USER")
        conn.execute("UPDATE ticketing.study_reply SET body = 'reply' WHERE body LIKE '% wrote %'")
    path = tmp_path / "bob.csv"
    export_sheet(database, other, "bob", path)
    text = path.read_text("utf-8")
    assert not [word for word in ("human", "champion", "candidate", "nearest", "generator", "snapshot") if word in text]
    assert list(read(path)[0]) == [
        "item", "rater", "ticket", "reply_A", "reply_B", "reply_C", "score_A", "score_B", "score_C", "preferred", "comment"
    ]  # fmt: skip


def test_sheet_has_the_order_and_the_labels_that_were_drawn_for_its_rater(database, study_id, sheet):
    assignments = rows(
        database,
        "SELECT item_id, systems FROM ticketing.study_assignment WHERE rater = 'ann' ORDER BY place",
    )
    for row, assignment in zip(read(sheet), assignments, strict=True):
        assert int(row["item"]) == assignment["item_id"]
        assert [row[f"reply_{label}"].split()[0] for label in "ABCD"] == assignment["systems"]


def test_second_import_of_a_filled_in_sheet_changes_nothing(database, study_id, sheet):
    filled = [rated(row, comment="good\nso far") for row in read(sheet)]
    write(
        sheet,
        [
            *filled[:3],
            filled[3] | dict.fromkeys(("score_A", "score_B", "score_C", "score_D", "preferred", "comment"), ""),
        ],
    )

    first, second = (import_sheet(database, study_id, "ann", sheet) for _ in range(2))

    assert (first.read, first.new, first.unchanged, first.unrated, first.refused) == (4, 3, 0, 1, [])
    assert (second.new, second.unchanged) == (0, 3)
    preferred_systems = {int(row["item"]): row["reply_B"].split()[0] for row in filled[:3]}
    ratings = study.ratings(database, study_id)
    assert {rating.item_id: rating.preferred for rating in ratings} == preferred_systems
    assert {row["comment"] for row in rows(database, "SELECT comment FROM ticketing.study_rating")} == {"good\nso far"}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_sheet_that_a_spreadsheet_saved_with_another_delimiter_is_imported(database, study_id, sheet, delimiter):
    write(sheet, [rated(row, " 3 ", " tie ") for row in read(sheet)], delimiter)
    assert import_sheet(database, study_id, "ann", sheet).new == 4
    assert {rating.preferred for rating in study.ratings(database, study_id)} == {None}


def test_invalid_rows_are_refused_with_their_line_and_valid_rows_are_imported(database, study_id, sheet):
    filled = [rated(row) for row in read(sheet)]
    sheet_rows = [
        filled[0] | {"score_C": "6"},
        filled[0] | {"score_A": ""},
        filled[0] | {"preferred": ""},
        filled[0] | {"preferred": "E"},
        filled[0] | {"item": "one"},
        filled[0] | {"item": "987654321"},
        filled[0] | {"rater": "bob"},
        filled[1],
    ]
    write(sheet, sheet_rows)

    report = import_sheet(database, study_id, "ann", sheet)

    assert report.new == 1
    # Each row takes two lines of the file, because its ticket has two lines.
    assert [(refused.line_number, refused.reason) for refused in report.refused] == [
        (2, "score_C is not 1, 2, 3, 4 or 5"),
        (4, "score_A is not 1, 2, 3, 4 or 5"),
        (6, "preferred is not A, B, C, D or tie"),
        (8, "preferred is not A, B, C, D or tie"),
        (10, "item is not an item id"),
        (12, "Item 987654321 is not one of ann's"),
        (14, "the row belongs to another rater"),
    ]
    assert report.sentence() == "1 new ratings, 0 unchanged, 0 rows not rated yet, 7 refused"


def test_every_row_of_another_raters_sheet_is_refused(database, study_id, sheet):
    write(sheet, [rated(row) for row in read(sheet)])
    study.assign(database, study_id, "bob")
    report = import_sheet(database, study_id, "bob", sheet)
    assert (report.new, len(report.refused)) == (0, 4)


def test_rating_of_a_ticket_that_was_forgotten_after_the_export_is_refused(database, study_id, sheet):
    write(sheet, [rated(row) for row in read(sheet)])
    forget_tickets(database, ["t0000"])
    report = import_sheet(database, study_id, "ann", sheet)
    assert (report.new, len(report.refused)) == (3, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "is not a sheet of 'ticketing study export': it lacks the columns comment, item"),
        ("item,item,rater,preferred,comment,score_A,score_B\n", "two columns with the same name"),
        ('item,rater,preferred,comment,score_A,score_B\n1,ann,"A"x,,1,1\n', "line 2: this is not CSV"),
        ('item,rater,preferred,comment,score_A,score_B\n1,ann,"A', "this is not CSV"),
    ],
)
def test_file_that_is_not_a_sheet_is_refused(database, study_id, tmp_path, content, message):
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        import_sheet(database, study_id, "ann", path)


def test_truncated_rows_and_rows_that_are_not_utf_8_are_refused(database, study_id, sheet):
    text = sheet.read_bytes().decode("utf-8-sig").split("\r\n")
    sheet.write_bytes(text[0].encode() + b'\r\n"1","ann"\r\n' + text[1].replace('"ann"', '"ann\xff"').encode("latin-1"))
    report = import_sheet(database, study_id, "ann", sheet)
    assert [refused.reason for refused in report.refused] == [
        "2 columns where the header has 13", "broken UTF-8 (save the file as 'CSV UTF-8')"
    ]  # fmt: skip


def test_export_overwrites_no_file_and_a_closed_study_exports_and_imports_no_sheet(database, study_id, sheet):
    with pytest.raises(OutputError, match="exists already"):
        export_sheet(database, study_id, "ann", sheet)
    study.close(database, study_id, "boss")
    with pytest.raises(StudyError, match="is not open"):
        import_sheet(database, study_id, "ann", sheet)
    with pytest.raises(StudyError, match="is not open"):
        export_sheet(database, study_id, "bob", sheet.with_name("bob.csv"))


@given(ticket=DIFFICULT_TEXTS, replies=st.lists(DIFFICULT_TEXTS, min_size=2, max_size=4), rater=DIFFICULT_TEXTS)
def test_any_text_is_read_back_unchanged_and_no_cell_is_a_formula(ticket, replies, rater):
    stream = io.StringIO(newline="")
    write_sheet(stream, rater, [(1, ticket, replies), (2, ticket, replies)])
    stream.seek(0)
    cells = [cell for row in csv.reader(io.StringIO(stream.getvalue(), newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA_SIGNS)]

    rows_read = [row for _, row in read_sheet(stream, Path("x.csv"))]

    assert [row["item"] for row in rows_read] == ["1", "2"]
    for row in rows_read:
        assert (row["ticket"], row["rater"]) == (ticket, rater)
        assert [row[f"reply_{label}"] for label in "ABCD"[: len(replies)]] == replies
