"""Historical tickets whose category is most likely wrong, for a person to look at: confident learning.

It changes no label and trains nothing that routes.
"""

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
from ticketing.corpus.snapshot import Record

FOLDS = 5
DIRECTIONS = 256
SEED = 0


class Suspect(NamedTuple):
    """A ticket whose label the others contradict; `quality` is how likely the given label is, 0..1."""

    ticket_id: str
    language: str
    given: str
    suggested: str
    quality: float
    text: str  # in placeholder form


def suspects(records: Sequence[Record], encoder: Encoder) -> list[Suspect]:
    """The tickets whose label is most likely wrong, the likeliest first.

    Each ticket is predicted by a logistic regression on words, parts of words and the encoder's vectors that has not
    seen it nor its near-duplicates; cleanlab then prunes by class and by noise rate (C. Northcutt, L. Jiang and I.
    Chuang, Confident learning, JAIR 70 (2021) 1373–1411).

    Args:
        records: all labelled tickets.
        encoder: turns texts into vectors.
    """
    labels = sorted({record.category for record in records})
    place = {label: i for i, label in enumerate(labels)}
    given = np.asarray([place[record.category] for record in records])
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
    return sorted(found, key=lambda one: one.quality)


def _predicted(records: Sequence[Record], given: np.ndarray, labels: int, encoder: Encoder) -> np.ndarray:
    """The probability of each category for each ticket, by models that have not seen it: tickets × labels."""
    texts = [record.text for record in records]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
    # Chinese is not cut into words: parts of up to three characters stand in for them.
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=2).fit_transform(texts)
    counted = hstack([words, parts]).tocsr()
    # As they are they would take minutes a fold; their main directions tell categories apart as well.
    directions = min(DIRECTIONS, min(counted.shape) - 1)
    reduced = TruncatedSVD(directions, random_state=SEED).fit_transform(counted)
    features = np.hstack([reduced, encoder.embed(texts)])
    groups = [record.group for record in records]
    result = np.zeros((len(records), labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for seen, unseen in folds.split(features, given, groups):
        model = LogisticRegression(C=10.0, max_iter=300).fit(features[seen], given[seen])
        # A category whose tickets are all in the unseen part is not among what it predicts.
        result[np.ix_(unseen, model.classes_)] = model.predict_proba(features[unseen])
    return result
