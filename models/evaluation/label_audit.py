"""Finds historical tickets whose category is probably wrong, by confident learning, for a person to check.

It changes no label, and the models that it trains route no tickets.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from models.shared.encoder import Encoder
from ticketing.corpus.snapshot import Record, Snapshot
from ticketing.corpus.splitting import PARTS

# An audit takes 30 kB and, for the encoder's vectors, some milliseconds a ticket: a million would take 30 GB and hours.
# A person can't check the suspects among a million anyway; after a correction the audit can be repeated.
MAX_TICKETS = 20_000
FOLDS = 5
DIRECTIONS = 256
SEED = 0


class Suspect(NamedTuple):
    """A ticket whose label is probably wrong; `quality` is the estimated probability that it is right, 0..1."""

    ticket_id: str
    language: str
    given: str
    suggested: str
    quality: float
    text: str  # in placeholder form


def audited_tickets(snapshot: Snapshot) -> list[Record]:
    """At most `MAX_TICKETS` tickets of a snapshot, drawn by category: each part has its share of them."""
    sizes = {part: sum(1 for _ in snapshot.iterate(part)) for part in PARTS}
    total = max(1, sum(sizes.values()))
    return [
        record
        for part in PARTS
        for record in snapshot.sample(part, min(sizes[part], math.ceil(MAX_TICKETS * sizes[part] / total)))
    ]


def suspects(records: Sequence[Record], encoder: Encoder) -> list[Suspect]:
    """The tickets whose label is probably wrong, the most suspicious first.

    In a cross-validation a logistic regression on words, character sequences and the encoder's vectors predicts each
    ticket; it was not trained on the ticket or its near-duplicates. cleanlab then prunes by class and by noise rate (C.
    Northcutt, L. Jiang and I. Chuang, Confident learning, JAIR 70 (2021) 1373–1411).

    Args:
        records: labelled tickets, such as `audited_tickets`.
        encoder: turns texts into vectors.
    """
    labels = sorted({record.category for record in records})
    number_of = {label: i for i, label in enumerate(labels)}
    given = np.asarray([number_of[record.category] for record in records])
    predicted = _predicted(records, given, len(labels), encoder)
    wrong = find_label_issues(given, predicted, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(given, predicted)
    found = [
        Suspect(
            record.ticket_id,
            record.language,
            record.category,
            labels[int(predicted[i].argmax())],
            float(quality[i]),
            record.text,
        )
        for i, record in enumerate(records)
        if wrong[i] and int(predicted[i].argmax()) != given[i]
    ]
    return sorted(found, key=lambda suspect: suspect.quality)


def _predicted(records: Sequence[Record], given: np.ndarray, labels: int, encoder: Encoder) -> np.ndarray:
    """Out-of-fold probabilities of each category: an array of tickets × labels."""
    texts = [record.text for record in records]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    # The vectorizer does not split Chinese into words: sequences of up to three characters replace them.
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=2).fit_transform(texts)
    counted = hstack([words, parts]).tocsr()
    # Fitting on all columns takes minutes a fold; the main components separate the categories equally well.
    directions = min(DIRECTIONS, min(counted.shape) - 1)
    reduced = TruncatedSVD(directions, random_state=SEED).fit_transform(counted)
    features = np.hstack([reduced, encoder.embed(texts)])
    groups = [record.group for record in records]
    result = np.zeros((len(records), labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(features, given, groups):
        model = LogisticRegression(C=10.0, max_iter=300).fit(features[train], given[train])
        # The model does not know a category whose tickets are all in the test fold: its probability stays 0.
        result[np.ix_(test, model.classes_)] = model.predict_proba(features[test])
    return result
