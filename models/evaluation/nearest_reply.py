"""The nearest training reply: what a good search would answer, and the baseline that a generator has to beat.

Scoring it is `models.evaluation.metrics`; a search that helps the drafter is not here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from ticketing.corpus.snapshot import Record, Snapshot

QUERIES_AT_ONCE = 256  # 256 queries against 500,000 tickets: half a gigabyte of similarities
MAX_CHARACTERS = 5_000  # of a ticket; what it is about is said before that


class NearestReply:
    """Finds, among training tickets of the same language, the one most like a ticket, and gives its reply.

    Likeness is the cosine of TF-IDF vectors over character 1- to 4-grams within words for Chinese, Japanese and Korean,
    2- to 4-grams for other languages.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._replies: dict[str, list[str]] = {}
        texts: dict[str, list[str]] = {}
        for record in records:
            if record.output:
                texts.setdefault(record.language, []).append(record.input[:MAX_CHARACTERS])
                self._replies.setdefault(record.language, []).append(record.output)
        self._vectorizers: dict[str, TfidfVectorizer] = {}
        self._matrices: dict[str, Any] = {}  # sparse, terms by tickets
        for language, inputs in texts.items():
            shortest = 1 if language in ("zh", "ja", "ko") else 2
            vectorizer = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(shortest, 4), sublinear_tf=True, dtype=np.float32, max_features=200_000
            )
            self._matrices[language] = vectorizer.fit_transform(inputs).T.tocsr()
            self._vectorizers[language] = vectorizer

    def replies(self, inputs: Sequence[str], languages: Sequence[str]) -> list[str]:
        """The nearest ticket's reply for each input, in order; "" in a language without training replies."""
        found = [""] * len(inputs)
        for language in set(languages) & set(self._vectorizers):
            wanted = [i for i, of in enumerate(languages) if of == language]
            for start in range(0, len(wanted), QUERIES_AT_ONCE):
                block = wanted[start : start + QUERIES_AT_ONCE]
                queries = self._vectorizers[language].transform([inputs[i][:MAX_CHARACTERS] for i in block])
                nearest = np.asarray((queries @ self._matrices[language]).todense()).argmax(axis=1)
                for i, best in zip(block, nearest, strict=True):
                    found[i] = self._replies[language][best]
        return found


def nearest_replies(snapshot: Snapshot, records: Sequence[Record]) -> list[str]:
    """The reply to the training ticket most like each record, in order."""
    nearest = NearestReply(snapshot.records("train"))
    return nearest.replies([record.input for record in records], [record.language for record in records])
