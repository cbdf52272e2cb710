"""The nearest-reply baseline: it answers with the reply to the most similar training ticket.

A generator has to beat this baseline. `models.evaluation.metrics` scores the replies.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from models.evaluation.training_replies import training_replies
from ticketing.corpus.snapshot import Record, Snapshot

QUERIES_AT_ONCE = 256  # 256 queries × 20,000 training tickets: 20 MB of similarities
MAX_CHARACTERS = 5_000  # the rest of a longer ticket is ignored: tickets begin with the request


class NearestReply:
    """Finds the most similar training ticket in the same language, and returns the reply to it.

    The similarity is the cosine of TF-IDF vectors over character n-grams within words: 1- to 4-grams for Chinese,
    Japanese and Korean, 2- to 4-grams for other languages.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._replies: dict[str, list[str]] = {}
        texts: dict[str, list[str]] = {}
        for record in records:
            if record.output:
                texts.setdefault(record.language, []).append(record.input[:MAX_CHARACTERS])
                self._replies.setdefault(record.language, []).append(record.output)
        self._vectorizers: dict[str, TfidfVectorizer] = {}
        self._matrices: dict[str, Any] = {}  # sparse, terms × tickets
        for language, inputs in texts.items():
            min_n = 1 if language in ("zh", "ja", "ko") else 2
            vectorizer = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(min_n, 4), sublinear_tf=True, dtype=np.float32, max_features=200_000
            )
            self._matrices[language] = vectorizer.fit_transform(inputs).T.tocsr()
            self._vectorizers[language] = vectorizer

    def replies(self, inputs: Sequence[str], languages: Sequence[str]) -> list[str]:
        """For each input, the reply to the most similar training ticket; "" in a language without training replies."""
        found = [""] * len(inputs)
        for language in set(languages) & set(self._vectorizers):
            rows = [i for i, name in enumerate(languages) if name == language]
            for start in range(0, len(rows), QUERIES_AT_ONCE):
                block = rows[start : start + QUERIES_AT_ONCE]
                queries = self._vectorizers[language].transform([inputs[i][:MAX_CHARACTERS] for i in block])
                nearest = np.asarray((queries @ self._matrices[language]).todense()).argmax(axis=1)
                for i, best in zip(block, nearest, strict=True):
                    found[i] = self._replies[language][best]
        return found


def nearest_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[str]:
    """For each record, in order, the reply to the most similar training ticket.

    In a large corpus, only a sample of the training tickets is searched: see `training_replies`. Searching all training
    tickets would find somewhat more similar ones.
    """
    nearest = NearestReply(training_replies(snapshot).records)
    return nearest.replies([record.input for record in records], [record.language for record in records])
