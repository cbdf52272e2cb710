"""Finds historical tickets whose category is probably wrong, with confident learning. A person then checks them.

The audit changes no label, and the models that it trains route no tickets.
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

# An audit takes 30 kB and a few milliseconds per ticket: for a million tickets, 30 GB and hours. A person could not
# check the suspects among a million tickets anyway. After correcting labels, the audit can be repeated.
MAX_TICKETS = 20_000
FOLDS = 5
COMPONENTS = 256  # of the truncated SVD
SEED = 0


class Suspect(NamedTuple):
    """A ticket whose label is probably wrong."""

    ticket_id: str
    language: str
    given: str  # the present label
    suggested: str
    quality: float  # the estimated probability that the present label is right, 0..1
    text: str  # in placeholder form


def audited_tickets(snapshot: Snapshot) -> list[Record]:
    """At most about `MAX_TICKETS` tickets of a snapshot, stratified by part and category."""
    sizes = {part: sum(1 for _ in snapshot.iterate(part)) for part in PARTS}
    total = max(1, sum(sizes.values()))
    return [
        record
        for part in PARTS
        for record in snapshot.sample(part, min(sizes[part], math.ceil(MAX_TICKETS * sizes[part] / total)))
    ]


def suspects(records: Sequence[Record], encoder: Encoder) -> list[Suspect]:
    """The tickets whose label is probably wrong, the most suspicious first.

    In a cross-validation, a logistic regression predicts the category of each ticket from words, character sequences
    and the encoder's vectors. It is not trained on that ticket or its near-duplicates. cleanlab then selects the
    tickets that both of its methods, "prune by class" and "prune by noise rate", consider wrong (C. Northcutt, L. Jiang
    and I. Chuang, Confident learning, JAIR 70 (2021) 1373–1411).

    Args:
        records: labelled tickets, such as `audited_tickets`.
        encoder: turns texts into vectors.
    """
    labels = sorted({record.category for record in records})
    category_ids = {label: i for i, label in enumerate(labels)}
    given = np.asarray([category_ids[record.category] for record in records])
    probabilities = _out_of_fold_probabilities(records, given, len(labels), encoder)
    is_suspect = find_label_issues(given, probabilities, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(given, probabilities)
    found = [
        Suspect(
            record.ticket_id,
            record.language,
            record.category,
            labels[int(probabilities[i].argmax())],
            float(quality[i]),
            record.text,
        )
        for i, record in enumerate(records)
        if is_suspect[i] and int(probabilities[i].argmax()) != given[i]
    ]
    return sorted(found, key=lambda suspect: suspect.quality)


def _out_of_fold_probabilities(
    records: Sequence[Record], given: np.ndarray, category_count: int, encoder: Encoder
) -> np.ndarray:
    """The probability of each category by a model that was not trained on the ticket: tickets × categories."""
    texts = [record.text for record in records]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    # The first vectorizer does not split Chinese into words; sequences of up to three characters replace the words.
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=2).fit_transform(
        texts
    )
    tfidf = hstack([words, characters]).tocsr()
    # Fitting on all columns takes minutes per fold, and the main components separate the categories equally well.
    components = min(COMPONENTS, min(tfidf.shape) - 1)
    reduced = TruncatedSVD(components, random_state=SEED).fit_transform(tfidf)
    features = np.hstack([reduced, encoder.embed(texts)])
    groups = [record.group for record in records]
    result = np.zeros((len(records), category_count))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(features, given, groups):
        model = LogisticRegression(C=10.0, max_iter=300).fit(features[train], given[train])
        # If all tickets of a category are in the test fold, the model does not know it, and its probability stays 0.
        result[np.ix_(test, model.classes_)] = model.predict_proba(features[test])
    return result
