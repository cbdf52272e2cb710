"""Prints tables that stay readable at any width: no number, name or version is split over two lines.

If the terminal is too narrow for a table, each row is printed as a list of names and values.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ticketing.cli.common import output

COLUMN_GAP = 2
# In a column of free text a long word may be split, but the column is never narrower than this.
MIN_TEXT_WIDTH = 16
# Chinese text has no blanks and can be split between any two characters, so these are not part of a word here.
WORD = re.compile(r"[^\s\u2e80-\U0010ffff]+")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str = "",
    texts: Collection[str] = (),
    whole: Collection[str] = (),
) -> None:
    """Prints rows under column names.

    Args:
        columns: the names of the columns.
        rows: one cell per column; plain text, no markup.
        title: is printed above the table.
        texts: names of the columns with free text, in which a long word may be split.
        whole: names of the columns whose cells stay on one line.
    """
    output.print(table(columns, list(rows), output.width, title, texts, whole))


def print_values(values: Mapping[str, str], title: str = "") -> None:
    """Prints one name and value per line. A long value gets no line break, so that it can be copied."""
    if title:
        output.print(f"[italic]{escape(title)}[/]")
    width = max(map(cell_len, values), default=0)
    for name, value in values.items():
        output.print(f"{name:<{width}}  {value}", markup=False, soft_wrap=True)


def print_side_by_side(title: str, texts: Mapping[str, str]) -> None:
    """Prints texts side by side, each under its name."""
    columns = Table(*map(escape, texts), title=escape(title), show_lines=True)
    columns.add_row(*map(escape, texts.values()))
    output.print(columns)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    title: str = "",
    texts: Collection[str] = (),
    whole: Collection[str] = (),
) -> RenderableType:
    """The rows as a table; as lists of names and values if `width` is too small for the longest words."""
    cells = [[name, *(row[index] for row in rows)] for index, name in enumerate(columns)]
    natural_widths = [max(map(_line_width, column)) for column in cells]
    min_widths = [
        natural if name in whole else min(natural, _min_width(name, column, name in texts))
        for name, column, natural in zip(columns, cells, natural_widths, strict=True)
    ]
    available = width - COLUMN_GAP * (len(columns) - 1)
    if sum(min_widths) > available:
        return _records(columns, rows, title)
    made = Table(
        title=escape(title) or None, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title_justify="left",
        padding=(0, COLUMN_GAP - 1, 0, 0),
    )  # fmt: skip
    for name, column_width in zip(columns, _fit(min_widths, natural_widths, available), strict=True):
        made.add_column(escape(name), width=column_width, overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made


def _min_width(name: str, column: Sequence[str], is_text: bool) -> int:
    return max(MIN_TEXT_WIDTH, _word_width(name)) if is_text else max(map(_word_width, column))


def _fit(min_widths: Sequence[int], natural_widths: Sequence[int], available: int) -> list[int]:
    """Widths that fit: the natural widths, or else the minimal widths with the spare columns shared in proportion."""
    spare = available - sum(min_widths)
    wanted = [natural - minimal for natural, minimal in zip(natural_widths, min_widths, strict=True)]
    total = sum(wanted)
    if total <= spare:
        return list(natural_widths)
    return [minimal + spare * more // total for minimal, more in zip(min_widths, wanted, strict=True)]


def _records(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> RenderableType:
    name_width = max(map(cell_len, columns))
    blocks: list[RenderableType] = [Text(title, style="italic")] if title else []
    for row in rows:
        grid = Table.grid(padding=(0, COLUMN_GAP, 0, 0))
        grid.add_column(width=name_width)
        grid.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            if cell:
                grid.add_row(escape(name), escape(cell))
        blocks.append(Padding(grid, (0, 0, 1, 0)))
    return Group(*blocks)


def _line_width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)


def _word_width(text: str) -> int:
    return max(map(len, WORD.findall(text)), default=0)
