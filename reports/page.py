"""One self-contained HTML page and its Markdown twin, from the same sections: no script, no request to anywhere.

What is said in the sections is `reports.evaluation` and `reports.replies`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.markdown import plain, shown, table

# Everything is escaped but the plots, which we draw ourselves.
TEMPLATES = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@dataclass(frozen=True)
class VerdictLine:
    """What the gate said of one model version: what it does in plain words, and the rules in a sentence,
    which a page tells of what failed; what passed has passed them all.
    """

    version: str
    passed: bool
    words: str
    sentence: str


@dataclass(frozen=True)
class Section:
    """A heading with a table and plots under it.

    `texts`: the cells are replies, to be shown line by line. `headline`: what a run's log says of it, too.
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
        f"**{'Passed' if v.passed else 'Failed'}: {v.version}** — {plain(v.words)}"
        + ("" if v.passed else f"\n\n{plain(v.sentence)}")
        for v in verdicts
    ]
    for section in sections:
        if section.rows:
            parts += [f"## {section.heading}", plain(section.note), table(section.header, section.rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def headlines(sections: Sequence[Section]) -> list[str]:
    """The rows of the headline sections in a line each."""
    lines = []
    for section in sections:
        for row in section.rows if section.headline else ():
            values = ", ".join(f"{name} {shown(value)}" for name, value in zip(section.header, row, strict=True))
            lines.append(f"{section.heading}: {values}")
    return lines


def write_page(path: Path, text: str) -> Path:
    """Writes the page whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)
