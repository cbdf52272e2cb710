"""The flow `study`: held-out tickets → the replies of every system → a blind study that is open to raters.

Rating replies and reading the results need no flow: the command line uses `ticketing.study` directly.
"""

from typing import NamedTuple

from prefect import flow, get_run_logger, task

from flows.common import NO_RETRY, RETRY_DATABASE
from models.context import Context
from models.evaluation.study_creation import StudyRequest, add_generated_replies, add_nearest_replies, create_study
from ticketing.settings import get_settings
from ticketing.study import studies


class OpenedStudy(NamedTuple):
    """A study that is open to raters, with counts of tickets."""

    study_id: int
    items: int  # tickets in the study
    shared: int  # tickets that every rater gets
    requested: int  # tickets that were asked for
    left_out: int  # tickets that at least one system did not answer

    @property
    def sentence(self) -> str:
        """The study in one line, for people."""
        sentence = f"study {self.study_id} is open: {self.items:,} tickets, {self.shared:,} of them go to every rater"
        if self.left_out:
            sentence += f"; {self.left_out:,} left out, because a system had no reply to them"
        if self.items + self.left_out < self.requested:
            found = self.items + self.left_out
            sentence += f"; {self.requested:,} were requested, but only {found:,} held-out tickets are eligible"
        return sentence


@flow(name="study")
def study(
    size: int = 1000,
    candidate: str | None = None,
    overlap: float = 0.2,
    raters: int = 3,
    seed: int | None = None,
    name: str | None = None,
    by: str = "the pipeline",
) -> OpenedStudy:
    """Creates a blind study: champion, nearest-reply baseline, human agents, and the candidate if one is given."""
    with Context(get_settings()) as context:
        study_id = draw(context, StudyRequest(size, candidate, overlap, raters, seed, name, by))
        find_nearest(context, study_id)
        generate(context, study_id, "champion")
        if candidate is not None:
            generate(context, study_id, "candidate")
        opened = open_study(context, study_id)
    get_run_logger().info("%s", opened.sentence)
    return opened


@task(**NO_RETRY)
def draw(context: Context, request: StudyRequest) -> int:
    """Draws test tickets that no model of the study was trained on. Returns the study's id."""
    return create_study(context, request)


@task(**RETRY_DATABASE)
def find_nearest(context: Context, study_id: int) -> None:
    """Adds the replies of the nearest-reply baseline: a human agent's reply to the most similar training ticket."""
    add_nearest_replies(context, study_id)


@task(**NO_RETRY)
def generate(context: Context, study_id: int, system: str) -> None:
    """Adds the replies of one model, served by vLLM as in drafting."""
    add_generated_replies(context, study_id, system)


@task(**RETRY_DATABASE)
def open_study(context: Context, study_id: int) -> OpenedStudy:
    """Opens the study, and leaves out the tickets that at least one system did not answer."""
    left_out = studies.open_study(context.database, study_id)
    opened = studies.find(context.database, study_id)
    return OpenedStudy(study_id, opened.items, opened.shared, opened.asked, left_out)
