"""Builds Markdown for Prefect's artifacts and escapes ticket text in it. It writes no file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MARKUP = re.compile(r"([\\`|\[\]<&])")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Vertical bars and line breaks in cells are replaced, because they would break the table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines) + "\n"


def formatted(value: object) -> str:
    """A value as every report shows it: a float has four decimals."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def escaped(text: str) -> str:
    """Text without Markdown's special characters: it adds no tag, and no image that a reader's browser would load."""
    return _MARKUP.sub(r"\\\1", text)


def _cell(value: object) -> str:
    return escaped(formatted(value)).replace("\n", " ")


def counts_markdown(title: str, counts: Mapping[str, Any]) -> str:
    """A table of names and counts under a title; a nested mapping becomes one cell."""
    rows = [(name.replace("_", " "), _joined(value)) for name, value in counts.items()]
    return f"## {title}\n\n{table(('item', 'value'), rows)}"


def _joined(value: object) -> object:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {number}" for name, number in value.items()) or "none"
    return value
