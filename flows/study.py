"""The `study` flow: held-out tickets → what everybody answers to them → a blind study that is open to raters.

Raters rate, and results are read, without a flow.
"""

import secrets
from typing import NamedTuple

from prefect import flow, get_run_logger, task

from flows import resources
from flows.common import IO, PLAIN
from models.engine.serving import serve_generator
from models.evaluation.study_replies import generated_replies, records_of, retrieved_replies
from models.generator.manifest import read_manifest
from models.registry import versions as registry
from ticketing.corpus.snapshot import find_snapshot
from ticketing.errors import ModelError
from ticketing.settings import get_settings
from ticketing.study import sampling as study_sampling
from ticketing.study import studies


class Opened(NamedTuple):
    """A study that raters can begin with."""

    study_id: int
    items: int
    shared: int
    asked: int
    left_out: int  # tickets to which some system had no reply

    @property
    def sentence(self) -> str:
        """In one line, for people."""
        said = f"study {self.study_id} is open: {self.items:,} tickets, {self.shared:,} of them for every rater"
        if self.left_out:
            said += f"; {self.left_out:,} left out, since a system had no reply to them"
        if self.items + self.left_out < self.asked:
            said += f"; {self.asked:,} were asked for, but no more held-out tickets can be answered by everybody"
        return said


@flow(name="study")
def study(
    size: int = 1000,
    candidate: str | None = None,
    overlap: float = 0.2,
    raters: int = 3,
    seed: int | None = None,
    name: str | None = None,
    by: str = "the pipeline",
) -> Opened:
    """Makes a blind study of the champion, the nearest reply, the human's, and a candidate if one is named."""
    study_id = sample(size, candidate, overlap, raters, seed, name, by)
    find_nearest(study_id)
    generate(study_id, "champion")
    if candidate is not None:
        generate(study_id, "candidate")
    opened = open_study(study_id)
    get_run_logger().info("%s", opened.sentence)
    return opened


@task(**PLAIN)
def sample(
    size: int, candidate: str | None, overlap: float, raters: int, seed: int | None, name: str | None, by: str
) -> int:
    """Draws test tickets that no model of the study has learnt from. Returns the study's number."""
    settings, database = get_settings(), resources.database()
    champion = registry.champion(database, "generator", settings)
    models = [champion] if candidate is None else [registry.find(database, candidate, settings), champion]
    for model in models:
        if model.kind != "generator":
            raise ModelError(f"{model.version} is a {model.kind}: a study is of generators.")
    # A candidate's snapshot is the newer one: its test tickets are those that neither has learnt from.
    snapshot, *others = (find_snapshot(database, settings, model.snapshot_id) for model in models)
    able = study_sampling.able_records(
        snapshot,
        [one for one in others if one.snapshot_id != snapshot.snapshot_id],
        [read_manifest(m.version, m.path).languages for m in models],
    )
    # Not 0 by default: whoever knows the seed can tell who wrote what.
    seed = secrets.randbelow(2**31) if seed is None else seed
    new = studies.NewStudy(
        name=name or f"{snapshot.snapshot_id[:8]}-{secrets.token_hex(3)}",
        snapshot_id=snapshot.snapshot_id,
        champion=champion.version,
        candidate=candidate,
        seed=seed,
        size=size,
        overlap=overlap,
        raters=raters,
        by=by,
    )
    return studies.create(database, new, study_sampling.draw(able, size, overlap, seed))


@task(**IO)
def find_nearest(study_id: int) -> None:
    """Adds the replies of the nearest training tickets."""
    database = resources.database()
    snapshot = find_snapshot(database, get_settings(), studies.find(database, study_id).snapshot_id)
    records = records_of(snapshot, studies.tickets(database, study_id))
    studies.write_replies(database, study_id, "nearest", retrieved_replies(snapshot, records))


@task(**PLAIN)
def generate(study_id: int, system: str) -> None:
    """Adds what a model answers as vLLM serves it."""
    settings, database = get_settings(), resources.database()
    about = studies.find(database, study_id)
    model = registry.find(database, about.systems[system] or "", settings)
    snapshot = find_snapshot(database, settings, about.snapshot_id)
    records = records_of(snapshot, studies.tickets(database, study_id))
    with serve_generator(model, settings) as served:
        replies = generated_replies(served, records, resources.scrubber())
    studies.write_replies(database, study_id, system, replies)


@task(**IO)
def open_study(study_id: int) -> Opened:
    """Opens the study, without the tickets to which some system has no reply."""
    database = resources.database()
    left_out = studies.open_study(database, study_id)
    about = studies.find(database, study_id)
    return Opened(study_id, about.items, about.shared, about.asked, left_out)
