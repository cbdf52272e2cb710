"""Tables that stay readable at any width: no number, name or version is broken in the middle.

If the terminal is too narrow for a table, the rows are printed one below the other.
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

BETWEEN_COLUMNS = 2
# A column of free text may break a long word, but is never narrower than this.
MIN_TEXT_WIDTH = 16
# Text of wide characters (Chinese) has no blanks and breaks anywhere.
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
        columns: their names.
        rows: one cell per column; plain text, no markup.
        title: printed above.
        texts: the columns with free text, in which a long word may be broken.
        whole: the columns whose cells stay on one line.
    """
    output.print(table(columns, list(rows), output.width, title, texts, whole))


def print_values(values: Mapping[str, str], title: str = "") -> None:
    """Prints names and values, one per line. The terminal wraps a long value, so that it can be copied."""
    if title:
        output.print(f"[italic]{escape(title)}[/]")
    width = max(map(cell_len, values), default=0)
    for name, value in values.items():
        output.print(f"{name:<{width}}  {value}", markup=False, soft_wrap=True)


def print_side_by_side(title: str, texts: Mapping[str, str]) -> None:
    """Prints texts beside each other, each under its name."""
    shown = Table(*map(escape, texts), title=escape(title), show_lines=True)
    shown.add_row(*map(escape, texts.values()))
    output.print(shown)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    title: str = "",
    texts: Collection[str] = (),
    whole: Collection[str] = (),
) -> RenderableType:
    """The rows as a table, or one below the other if `width` is too small for the longest words."""
    cells = [[name, *(row[place] for row in rows)] for place, name in enumerate(columns)]
    natural = [max(map(_line_width, column)) for column in cells]
    min_widths = [
        wide if name in whole else min(wide, _least(name, column, name in texts))
        for name, column, wide in zip(columns, cells, natural, strict=True)
    ]
    room = width - BETWEEN_COLUMNS * (len(columns) - 1)
    if sum(min_widths) > room:
        return _records(columns, rows, title)
    made = Table(
        title=escape(title) or None, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title_justify="left",
        padding=(0, BETWEEN_COLUMNS - 1, 0, 0),
    )  # fmt: skip
    for name, wide in zip(columns, _fit(min_widths, natural, room), strict=True):
        made.add_column(escape(name), width=wide, overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made


def _least(name: str, column: Sequence[str], is_text: bool) -> int:
    return max(MIN_TEXT_WIDTH, _word_width(name)) if is_text else max(map(_word_width, column))


def _fit(min_widths: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Widths between the minimal and the natural widths; columns that need more share the spare room in proportion."""
    spare = room - sum(min_widths)
    wanted = [wide - narrow for wide, narrow in zip(natural, min_widths, strict=True)]
    total = sum(wanted)
    if total <= spare:
        return list(natural)
    return [narrow + spare * more // total for narrow, more in zip(min_widths, wanted, strict=True)]


def _records(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> RenderableType:
    names = max(map(cell_len, columns))
    blocks: list[RenderableType] = [Text(title, style="italic")] if title else []
    for row in rows:
        grid = Table.grid(padding=(0, BETWEEN_COLUMNS, 0, 0))
        grid.add_column(width=names)
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
