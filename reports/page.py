"""Renders sections as one self-contained HTML page and as Markdown. The page runs no script and sends no request.

The content of the sections comes from `reports.evaluation`, `reports.replies` and `reports.lineage`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.markdown import escaped, formatted, table

# autoescape protects against HTML in tickets; only the plots, which this project draws, bypass it.
TEMPLATES = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@dataclass(frozen=True)
class VerdictLine:
    """The gate's verdict on one model version.

    `summary` says in plain words what the version does. `sentence` lists the rules; a page shows it only for a version
    that failed, because a version that passed has passed every rule.
    """

    version: str
    passed: bool
    summary: str
    sentence: str


@dataclass(frozen=True)
class Section:
    """A heading with a note, a table and plots under it.

    `texts`: the cells hold replies, whose line breaks the page keeps. `headline`: the log of the run shows the rows,
    too.
    """

    heading: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    svgs: Sequence[str] = field(default=(), repr=False)
    note: str = ""
    texts: bool = False
    headline: bool = False


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
        if section.rows:
            parts += [f"## {section.heading}", escaped(section.note), table(section.header, section.rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def headlines(sections: Sequence[Section]) -> list[str]:
    """One line for each row of the sections marked as headline."""
    lines = []
    for section in sections:
        for row in section.rows if section.headline else ():
            values = ", ".join(f"{name} {formatted(value)}" for name, value in zip(section.header, row, strict=True))
            lines.append(f"{section.heading}: {values}")
    return lines


def write_page(path: Path, text: str) -> Path:
    """Writes the page in one step: a killed process leaves the old page or the new page, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)
