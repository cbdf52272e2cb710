"""The training tickets that a ticket is most like: whether it is like any, and of which categories these are.

What no department handles is for a human. It compares vectors; making them is the classifier's work.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

MAX_VECTORS = 20_000
FIFTH = 5  # the neighbour whose distance says whether a ticket is like any
VOTERS = 10  # the neighbours that say what it is
VOTE_TEMPERATURE = 0.1  # a neighbour nearer by so much in cosine has e times the vote
QUERIES_AT_ONCE = 1_024
SEED = 0
OUT_OF_SCOPE_UNTOLD = (
    "too few validation tickets to tell what is out of scope: nothing is taken for that (gate.out_of_scope_share)"
)


class Near(NamedTuple):
    """What is near some tickets.

    `usual`: how usual each one's distance is, the share of validation tickets that are at least as far, itself among
    them. `votes`: the nearest tickets' say for each category, tickets × categories; rows sum to 1, to 0 without any.
    """

    usual: np.ndarray
    votes: np.ndarray


class Scope:
    """The training tickets' vectors and categories, and how far from them tickets in scope are: validation tickets."""

    def __init__(self, vectors: np.ndarray, places: np.ndarray, distances: np.ndarray) -> None:
        self._vectors = vectors.astype(np.float32)
        self._places = places
        self._distances = np.sort(distances)

    @classmethod
    def fit(cls, train: np.ndarray, places: Sequence[int], validation: np.ndarray) -> Self:
        """Remembers what is in scope.

        Args:
            train: vectors of length 1, tickets × dimensions; of many, a sample is kept.
            places: the category of each of them, as its number.
            validation: vectors of tickets that the model was not trained on.
        """
        labels = np.asarray(places, dtype=np.int32)
        if len(train) > MAX_VECTORS:
            kept = np.random.default_rng(SEED).choice(len(train), MAX_VECTORS, replace=False)
            train, labels = train[kept], labels[kept]
        rounded = train.astype(np.float16)  # as they are stored
        nearest, _ = cls(rounded, labels, np.zeros(0))._nearest(validation)
        return cls(rounded, labels, _distance(nearest))

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote. Raises OSError, ValueError, KeyError or BadZipFile when it is not there or damaged."""
        with np.load(path, allow_pickle=False) as file:
            # Before the neighbours had a vote their categories were not kept.
            return cls(file["vectors"], file["places"] if "places" in file else np.zeros(0, int), file["distances"])

    def save(self, path: Path) -> None:
        """Writes it to one file."""
        np.savez(path, vectors=self._vectors.astype(np.float16), places=self._places, distances=self._distances)

    def can_tell(self, out_of_scope_share: float) -> bool:
        """Whether a ticket farther than every validation ticket is as unusual as what is taken for out of scope."""
        return 1 / (1 + len(self._distances)) <= out_of_scope_share

    def near(self, vectors: np.ndarray, categories: int) -> Near:
        """What is near tickets with these vectors, tickets × dimensions.

        A ticket's distance is that to the fifth-nearest training ticket (Y. Sun et al., Out-of-distribution detection
        with deep nearest neighbors, ICML 2022), `usual` a conformal p-value: of tickets that are in scope no more than
        a share `a` gets one of `a` or less (S. Bates et al., Testing for outliers with conformal p-values, Annals of
        Statistics 51 (2023) 149–178), where these are mixed as the validation tickets are, in which a small language
        may have more than its share. The votes are weighted by the softmax of the likeness, as in U. Khandelwal et
        al., Generalization through memorization: nearest neighbor language models, ICLR 2020.
        """
        likeness, of = self._nearest(vectors)
        farther = len(self._distances) - np.searchsorted(self._distances, _distance(likeness), side="left")
        votes = np.zeros((len(vectors), categories))
        if len(self._places) and likeness.size:
            weights = np.exp((likeness - likeness[:, :1]) / VOTE_TEMPERATURE)
            np.add.at(votes, (np.arange(len(vectors))[:, None], self._places[of]), weights)
            votes /= votes.sum(axis=1, keepdims=True)
        return Near(np.asarray((1 + farther) / (1 + len(self._distances))), votes)

    def _nearest(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The cosine of each ticket with its nearest training tickets, the nearest first, and which these are."""
        count = min(VOTERS, len(self._vectors))
        likeness, of = np.zeros((len(vectors), count), np.float32), np.zeros((len(vectors), count), int)
        for start in range(0, len(vectors) if count else 0, QUERIES_AT_ONCE):
            block = slice(start, start + QUERIES_AT_ONCE)
            cosines = vectors[block].astype(np.float32) @ self._vectors.T
            found = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
            order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
            of[block] = np.take_along_axis(found, order, axis=1)
            likeness[block] = np.take_along_axis(cosines, of[block], axis=1)
        return likeness, of


def _distance(likeness: np.ndarray) -> np.ndarray:
    """How far each ticket's fifth-nearest neighbour is, or the last one where there are fewer."""
    if not likeness.shape[1]:
        return np.zeros(len(likeness))
    return np.asarray(1 - likeness[:, min(FIFTH, likeness.shape[1]) - 1])
