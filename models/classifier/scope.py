"""Finds a ticket's nearest training tickets.

They vote for its category, and their distance tells whether the ticket is in scope. `models.classifier.reader` computes
the vectors that are compared here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

# New tickets are compared with a sample of at most this many training tickets, stratified by category. A uniform sample
# could miss a rare category, and all new tickets of that category would then be out of scope.
MAX_VECTORS = 20_000
DISTANCE_RANK = 5  # a ticket's distance from the training tickets is the distance to its fifth-nearest one
VOTERS = 10  # this many nearest training tickets vote for their categories
VOTE_TEMPERATURE = 0.1  # a vote has e times the weight of another vote whose cosine is lower by this much
QUERIES_AT_ONCE = 256  # 256 tickets × 20,000 neighbours: 20 MB of cosines, and twice as much to sort them
TOO_FEW_FOR_OUT_OF_SCOPE = (
    "too few validation tickets to detect tickets that are out of scope, so no ticket counts as out of scope: import "
    "more labelled tickets, or raise gate.out_of_scope_share"
)


class Neighbourhood(NamedTuple):
    """What the nearest training tickets tell about some tickets.

    `p_values`: for each ticket, the conformal p-value of the hypothesis that it is in scope. It is the share of
    validation tickets that are at least as far from the training tickets as this ticket; the ticket itself counts too.
    `votes`: the weighted share of each category among the nearest training tickets, tickets × categories. Each row sums
    to 1, or to 0 when there are no training tickets.
    """

    p_values: np.ndarray
    votes: np.ndarray


class Scope:
    """The vectors and categories of training tickets, and the distances of validation tickets from them."""

    def __init__(self, vectors: np.ndarray, category_ids: np.ndarray, distances: np.ndarray) -> None:
        self._vectors = vectors.astype(np.float32)
        self._category_ids = category_ids
        self._distances = np.sort(distances)

    @classmethod
    def fit(cls, train: np.ndarray, category_ids: Sequence[int], validation: np.ndarray) -> Self:
        """Keeps the training tickets, and measures how far the validation tickets are from them.

        Args:
            train: unit-norm vectors of training tickets, tickets × dimensions; `MAX_VECTORS` tickets are enough.
            category_ids: the category index of each training ticket.
            validation: unit-norm vectors of tickets that the model was not trained on.
        """
        ids = np.asarray(category_ids, dtype=np.int32)
        rounded = train.astype(np.float16)  # as `save` stores them
        cosines, _ = cls(rounded, ids, np.zeros(0))._nearest(validation)
        return cls(rounded, ids, _distance(cosines))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the file that `save` wrote.

        Raises:
            OSError, ValueError, KeyError, BadZipFile: the file is missing or damaged.
        """
        with np.load(path, allow_pickle=False) as file:
            return cls(file["vectors"], file["categories"], file["distances"])

    def save(self, path: Path) -> None:
        """Writes the vectors, categories and distances to one file."""
        np.savez(
            path, vectors=self._vectors.astype(np.float16), categories=self._category_ids, distances=self._distances
        )

    def can_detect(self, out_of_scope_share: float) -> bool:
        """Whether there are enough validation tickets for a p-value as low as `out_of_scope_share`."""
        return 1 / (1 + len(self._distances)) <= out_of_scope_share

    def neighbourhood(self, vectors: np.ndarray, category_count: int) -> Neighbourhood:
        """The p-values and votes for tickets with these unit-norm vectors, tickets × dimensions.

        The distance to the fifth-nearest training ticket detects tickets that are out of scope (Y. Sun et al.,
        Out-of-distribution detection with deep nearest neighbors, ICML 2022). For a ticket in scope, the probability of
        a p-value of at most `a` is at most `a` (S. Bates et al., Testing for outliers with conformal p-values, Annals
        of Statistics 51 (2023) 149–178). This holds if new tickets have the same distribution as the validation
        tickets. The validation part may over-represent a small language. The votes are weighted with the softmax of the
        cosines (U. Khandelwal et al., Generalization through memorization: nearest neighbor language models, ICLR
        2020).
        """
        cosines, neighbours = self._nearest(vectors)
        at_least_as_far = len(self._distances) - np.searchsorted(self._distances, _distance(cosines), side="left")
        votes = np.zeros((len(vectors), category_count))
        if cosines.size:
            weights = np.exp((cosines - cosines[:, :1]) / VOTE_TEMPERATURE)
            np.add.at(votes, (np.arange(len(vectors))[:, None], self._category_ids[neighbours]), weights)
            votes /= votes.sum(axis=1, keepdims=True)
        return Neighbourhood(np.asarray((1 + at_least_as_far) / (1 + len(self._distances))), votes)

    def _nearest(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The cosines and the row indices of each ticket's nearest training tickets, nearest first."""
        count = min(VOTERS, len(self._vectors))
        nearest, rows = np.zeros((len(vectors), count), np.float32), np.zeros((len(vectors), count), int)
        for start in range(0, len(vectors) if count else 0, QUERIES_AT_ONCE):
            block = slice(start, start + QUERIES_AT_ONCE)
            cosines = vectors[block].astype(np.float32) @ self._vectors.T
            found = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
            order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
            rows[block] = np.take_along_axis(found, order, axis=1)
            nearest[block] = np.take_along_axis(cosines, rows[block], axis=1)
        return nearest, rows


def _distance(cosines: np.ndarray) -> np.ndarray:
    """One minus the cosine of each ticket's fifth-nearest neighbour, or of the farthest one if there are fewer."""
    if not cosines.shape[1]:
        return np.zeros(len(cosines))
    return np.asarray(1 - cosines[:, min(DISTANCE_RANK, cosines.shape[1]) - 1])
