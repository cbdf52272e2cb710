import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ticketing.cli.tables import table

WORDS = st.text("abcdefgh0123456789.-_", min_size=1, max_size=14)
CELLS = st.lists(WORDS, max_size=12).map(" ".join)


def print_table(columns, rows, texts=(), width=80):
    """Prints a table on a console of this width. Returns the output."""
    console = Console(file=StringIO(), width=width)
    console.print(table(columns, rows, width, "title", texts))
    return console.file.getvalue()


@given(st.integers(1, 9).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_no_word_is_broken_and_no_line_is_longer_than_the_console_is_wide(rows):
    columns = [f"column{number}" for number in range(len(rows[0]))]
    output = print_table(columns, rows)
    expected = sorted(word for row in rows for cell in row for word in cell.split())
    printed_words = [word for word in output.split() if not re.fullmatch("title|column[0-9]|─+", word)]
    assert sorted(printed_words) == expected
    assert max(map(cell_len, output.splitlines())) <= 80


@pytest.mark.parametrize("width", [40, 80, 200])
def test_chinese_text_and_long_words_use_the_remaining_width(width):
    text = "我的包裹在哪里" * 20 + " https://example.com/" + "x" * 100
    output = print_table(("ticket", "text"), [("T000001", text)], texts=("text",), width=width)
    assert "T000001" in output.split()
    assert "".join(output.split()).count("我的包裹在哪里") >= 1
    assert max(map(cell_len, output.splitlines())) <= width


def test_text_that_looks_like_markup_is_printed_unchanged():
    assert "[red]sale[/red] [x" in print_table(("a",), [("[red]sale[/red] [x",)])


def test_cells_of_a_table_that_is_too_wide_are_printed_one_below_the_other():
    output = print_table(("version", "base"), [("v" * 30, "b" * 30), ("w" * 30, "")], width=50)
    assert [line.split() for line in output.splitlines() if line.strip()] == [
        ["title"],
        ["version", "v" * 30],
        ["base", "b" * 30],
        ["version", "w" * 30],
    ]
