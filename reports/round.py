"""Writes the report on the candidates of one evaluation, as HTML and as Markdown.

The sections come from `reports.evaluation`, `reports.replies` and `reports.lineage`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from models.evaluation.classifier import ClassifierEvaluation
from models.evaluation.judging import JudgedCandidate
from reports.evaluation import classifier_sections, rule_terms_section, verdict_section
from reports.lineage import lineage_section
from reports.page import Section, VerdictLine, headlines, html_page, markdown_page, write_page
from reports.replies import generator_sections
from reports.summary import classifier_summary, generator_summary
from ticketing.settings import Settings


class Report(NamedTuple):
    """A written report: the path of the HTML page, the content as Markdown, the subtitle, and lines for the log."""

    path: Path
    markdown: str
    subtitle: str
    headlines: list[str]


def write_report(judged: Sequence[JudgedCandidate], settings: Settings) -> Report:
    """Writes the report twice: as `evaluation-<verdict id>`, and as `evaluation`, which is always the newest report."""
    approval = " after a person approves it" if settings.gate.human_approval else ""
    subtitle = (
        f"Candidates measured on held-out tickets, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. A candidate that passes "
        f"becomes the champion{approval} and processes the next tickets. 'ticketing models rollback KIND' makes the "
        "previous champion the champion again."
    )
    verdict_lines = [
        VerdictLine(candidate.name, candidate.verdict.passed, _summary(candidate), candidate.verdict.sentence)
        for candidate in judged
    ]
    # Readers open the page for the verdict: the rules come first and the lineage last.
    sections = [verdict_section(c.version, c.verdict, c.evaluation.measured) for c in judged]
    sections.append(rule_terms_section())
    sections += [section for candidate in judged for section in _sections(candidate, settings)]
    sections += [lineage_section(candidate.model, candidate.stored_metrics) for candidate in judged]
    page = html_page("Evaluation", subtitle, verdict_lines, sections)
    markdown = markdown_page("Evaluation", subtitle, verdict_lines, sections)
    folder = settings.home / "reports"
    for name in (f"evaluation-{judged[0].verdict_id}", "evaluation"):
        write_page(folder / f"{name}.html", page)
        write_page(folder / f"{name}.md", markdown)
    return Report(folder / "evaluation.html", markdown, subtitle, headlines(sections))


def _summary(candidate: JudgedCandidate) -> str:
    if isinstance(candidate.evaluation, ClassifierEvaluation):
        return classifier_summary(candidate.evaluation)
    return generator_summary(candidate.evaluation, candidate.languages)


def _sections(candidate: JudgedCandidate, settings: Settings) -> list[Section]:
    if isinstance(candidate.evaluation, ClassifierEvaluation):
        return classifier_sections(candidate.evaluation, candidate.model, settings.gate.accuracy)
    return generator_sections(candidate.evaluation, candidate.model)
