"""Renders sections as one self-contained HTML page and as Markdown. The page runs no script and loads nothing.

The content of the sections comes from `reports.evaluation`, `reports.replies` and `reports.lineage`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.markdown import escaped, formatted, table

# autoescape makes HTML in tickets harmless. Only the plots bypass it: this project draws them.
TEMPLATES = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@dataclass(frozen=True)
class VerdictLine:
    """The gate's verdict on one model version.

    `summary` says in plain words what the version does. `sentence` lists the failed rules; a page shows it only for a
    version that failed.
    """

    version: str
    passed: bool
    summary: str
    sentence: str


@dataclass(frozen=True)
class Section:
    """A heading with a note, explained terms, a table and plots under it.

    `terms` are pairs of a term and its explanation. `keeps_line_breaks` is for cells that hold texts.
    """

    heading: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    svgs: Sequence[str] = field(default=(), repr=False)
    note: str = ""
    terms: Sequence[tuple[str, str]] = ()
    keeps_line_breaks: bool = False
    is_logged: bool = False  # the log of the run shows the rows, too


def html_page(title: str, subtitle: str, verdicts: Sequence[VerdictLine], sections: Sequence[Section]) -> str:
    """The page as HTML."""
    template = TEMPLATES.get_template("page.html")
    return template.render(title=title, subtitle=subtitle, verdicts=verdicts, sections=sections)


def markdown_page(title: str, subtitle: str, verdicts: Sequence[VerdictLine], sections: Sequence[Section]) -> str:
    """The page as Markdown, without the plots."""
    parts = [f"# {title}", subtitle]
    parts += [
        f"**{'Passed' if v.passed else 'Failed'}: {v.version}** — {escaped(v.summary)}"
        + ("" if v.passed else f"\n\n{escaped(v.sentence)}")
        for v in verdicts
    ]
    for section in sections:
        if section.rows or section.terms:
            terms = "\n".join(f"- **{escaped(term)}**: {escaped(text)}" for term, text in section.terms)
            rows = table(section.header, section.rows) if section.rows else ""
            parts += [f"## {section.heading}", escaped(section.note), terms, rows]
    return "\n\n".join(part for part in parts if part) + "\n"


def headlines(sections: Sequence[Section]) -> list[str]:
    """One line per row of the sections that are logged."""
    lines = []
    for section in sections:
        for row in section.rows if section.is_logged else ():
            values = ", ".join(f"{name} {formatted(value)}" for name, value in zip(section.header, row, strict=True))
            lines.append(f"{section.heading}: {values}")
    return lines


def write_page(path: Path, text: str) -> Path:
    """Writes the page in one step: a killed process leaves either the old page or the new page, never a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)
