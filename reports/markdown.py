"""Markdown for Prefect's artifacts: tables, in which nothing of what a ticket says is markup."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MARKUP = re.compile(r"([\\`|\[\]<&])")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar or a line break within a cell can't break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines) + "\n"


def shown(value: object) -> str:
    """A value as all reports show it: four decimals."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def plain(text: str) -> str:
    """Text that stays text in Markdown: no tag, and no image, which a reader's browser would fetch."""
    return _MARKUP.sub(r"\\\1", text)


def _cell(value: object) -> str:
    return plain(shown(value)).replace("\n", " ")


def counts_markdown(title: str, counts: Mapping[str, Any]) -> str:
    """A titled table of names and numbers; a mapping among the numbers is written out in one cell."""
    rows = [(name.replace("_", " "), _written_out(value)) for name, value in counts.items()]
    return f"## {title}\n\n{table(('what', 'how many'), rows)}"


def _written_out(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {number}" for name, number in value.items()) or "none"
    return value
