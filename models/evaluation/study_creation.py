"""Creates a blind study: draws held-out tickets that no model of the study was trained on, and adds the replies.

`ticketing.study` stores studies and ratings. `models.evaluation.study_analysis` analyses the ratings.
"""

import secrets
from typing import NamedTuple

from models.context import Context
from models.engine.serving import serve_generator
from models.evaluation.study_replies import generated_replies, records_of, retrieved_replies
from models.generator.manifest import read_manifest
from models.registry import versions
from ticketing.corpus.snapshot import find_snapshot
from ticketing.errors import ModelError
from ticketing.study import sampling, studies


class StudyRequest(NamedTuple):
    """A person's request for a study.

    `overlap` is the share of tickets that every rater gets. If `seed` is None, a seed is drawn at random. A person who
    knows the seed can find out which system wrote a reply.
    """

    size: int
    candidate: str | None
    overlap: float
    raters: int
    seed: int | None
    name: str | None
    by: str


def create_study(context: Context, request: StudyRequest) -> int:
    """Draws the tickets and stores the study. Returns the id of the study.

    Raises:
        ModelError: there is no champion or no such candidate, or one of them is not a generator.
        StudyError: the candidate is the champion, or there are no tickets to draw.
    """
    settings, database = context.settings, context.database
    champion = versions.champion(database, "generator", settings)
    models = [champion]
    if request.candidate is not None:
        models.insert(0, versions.find(database, request.candidate, settings))
    for model in models:
        if model.kind != "generator":
            raise ModelError(f"{model.version} is a {model.kind}: a study compares generators.")
    # The tickets come from the candidate's snapshot, which is newer; the champion's training tickets are excluded.
    snapshot, *others = (find_snapshot(database, settings, model.snapshot_id) for model in models)
    eligible = sampling.eligible_records(
        snapshot,
        [other for other in others if other.snapshot_id != snapshot.snapshot_id],
        [read_manifest(model.version, model.path).languages for model in models],
    )
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    new = studies.NewStudy(
        name=request.name or f"{snapshot.snapshot_id[:8]}-{secrets.token_hex(3)}",
        snapshot_id=snapshot.snapshot_id,
        champion=champion.version,
        candidate=request.candidate,
        seed=seed,
        size=request.size,
        overlap=request.overlap,
        raters=request.raters,
        by=request.by,
    )
    return studies.create(database, new, sampling.draw(eligible, request.size, request.overlap, seed))


def add_nearest_replies(context: Context, study_id: int) -> None:
    """Adds the replies of the nearest-reply baseline: a human agent's reply to the most similar training ticket."""
    snapshot = find_snapshot(context.database, context.settings, studies.find(context.database, study_id).snapshot_id)
    records = records_of(snapshot, studies.tickets(context.database, study_id))
    studies.write_replies(context.database, study_id, "nearest", retrieved_replies(snapshot, records))


def add_generated_replies(context: Context, study_id: int, system: str) -> None:
    """Adds the replies of the system `champion` or `candidate`, served and guarded as in drafting."""
    study = studies.find(context.database, study_id)
    model = versions.find(context.database, study.systems[system] or "", context.settings)
    snapshot = find_snapshot(context.database, context.settings, study.snapshot_id)
    records = records_of(snapshot, studies.tickets(context.database, study_id))
    with serve_generator(model, context.settings) as served:
        replies = generated_replies(served, records, context.scrubber)
    studies.write_replies(context.database, study_id, system, replies)
