"""The nearest training tickets of a ticket: their categories, and whether they are near enough for it to be in scope.

It compares vectors; `models.classifier.reader` computes them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

# New tickets are compared with at most this number of training tickets, a sample stratified by category. A uniform 2 %
# sample could lack a rare category, and all tickets of that category would then be out of scope.
MAX_VECTORS = 20_000
DISTANCE_NEIGHBOUR = 5  # a ticket's distance is that of its fifth-nearest neighbour
VOTERS = 10  # the nearest neighbours vote for their categories
VOTE_TEMPERATURE = 0.1  # a neighbour whose cosine is higher by this much has e times the weight
QUERIES_AT_ONCE = 256  # 256 tickets × 20,000 neighbours: 20 MB of cosines, and twice as much to sort them
OUT_OF_SCOPE_UNTOLD = (
    "too few validation tickets to detect tickets that are out of scope, so no ticket counts as out of scope: import "
    "more labelled tickets, or raise gate.out_of_scope_share"
)


class Neighbourhood(NamedTuple):
    """The p-values and votes that the nearest training tickets give to some tickets.

    `p_values`: the conformal p-value of "this ticket is in scope": the share of validation tickets that are at least as
    far from the training tickets. `votes`: the weighted share of each category among the nearest training tickets,
    tickets × categories. Rows sum to 1, or to 0 when there are no training tickets.
    """

    p_values: np.ndarray
    votes: np.ndarray


class Scope:
    """The vectors and categories of training tickets, and the distances of validation tickets from them."""

    def __init__(self, vectors: np.ndarray, categories: np.ndarray, distances: np.ndarray) -> None:
        self._vectors = vectors.astype(np.float32)
        self._categories = categories
        self._distances = np.sort(distances)

    @classmethod
    def fit(cls, train: np.ndarray, categories: Sequence[int], validation: np.ndarray) -> Self:
        """Keeps the training tickets, and measures how far validation tickets are from them.

        Args:
            train: vectors of length 1, tickets × dimensions; `MAX_VECTORS` of them are enough.
            categories: the number of each ticket's category.
            validation: vectors of tickets that the model was not trained on.
        """
        numbers = np.asarray(categories, dtype=np.int32)
        rounded = train.astype(np.float16)  # as `save` stores them
        cosines, _ = cls(rounded, numbers, np.zeros(0))._nearest(validation)
        return cls(rounded, numbers, _distance(cosines))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads `save`'s file. Raises OSError, ValueError, KeyError or BadZipFile when it is missing or damaged."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["vectors"], file["categories"], file["distances"])

    def save(self, path: Path) -> None:
        """Writes the vectors, categories and distances to one file."""
        np.savez(path, vectors=self._vectors.astype(np.float16), categories=self._categories, distances=self._distances)

    def can_tell(self, out_of_scope_share: float) -> bool:
        """Whether there are enough validation tickets for a p-value as low as `out_of_scope_share`."""
        return 1 / (1 + len(self._distances)) <= out_of_scope_share

    def near(self, vectors: np.ndarray, categories: int) -> Neighbourhood:
        """The p-values and votes for tickets with these vectors, tickets × dimensions.

        The distance to the fifth-nearest training ticket detects tickets that are out of scope (Y. Sun et al.,
        Out-of-distribution detection with deep nearest neighbors, ICML 2022). The conformal p-value of this distance is
        at most `a` for a share of at most `a` of the tickets in scope (S. Bates et al., Testing for outliers with
        conformal p-values, Annals of Statistics 51 (2023) 149–178). This holds if new tickets have the distribution of
        the validation tickets, which may over-represent a small language. The softmax of the cosines weights the votes
        (U. Khandelwal et al., Generalization through memorization: nearest neighbor language models, ICLR 2020).
        """
        cosines, neighbours = self._nearest(vectors)
        farther = len(self._distances) - np.searchsorted(self._distances, _distance(cosines), side="left")
        votes = np.zeros((len(vectors), categories))
        if cosines.size:
            weights = np.exp((cosines - cosines[:, :1]) / VOTE_TEMPERATURE)
            np.add.at(votes, (np.arange(len(vectors))[:, None], self._categories[neighbours]), weights)
            votes /= votes.sum(axis=1, keepdims=True)
        return Neighbourhood(np.asarray((1 + farther) / (1 + len(self._distances))), votes)

    def _nearest(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The cosines and row numbers of each ticket's nearest training tickets, nearest first."""
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
    """One minus the cosine of each ticket's fifth-nearest neighbour; of the farthest when there are fewer."""
    if not cosines.shape[1]:
        return np.zeros(len(cosines))
    return np.asarray(1 - cosines[:, min(DISTANCE_NEIGHBOUR, cosines.shape[1]) - 1])
