"""Whether a ticket is like anything that was learnt from: what no department handles is for a human.

It compares vectors; making them is the classifier's work.
"""

from pathlib import Path
from typing import Self

import numpy as np

MAX_VECTORS = 20_000
NEIGHBOURS = 5
QUERIES_AT_ONCE = 1_024
SEED = 0


class Scope:
    """The training tickets' vectors, and how far from them validation tickets are, which are in scope."""

    def __init__(self, vectors: np.ndarray, distances: np.ndarray) -> None:
        self._vectors = vectors.astype(np.float32)
        self._distances = np.sort(distances)

    @classmethod
    def fit(cls, train: np.ndarray, validation: np.ndarray) -> Self:
        """Remembers what is in scope.

        Args:
            train: vectors of length 1, tickets × dimensions; of many, a sample is kept.
            validation: vectors of tickets that the model was not trained on.
        """
        if len(train) > MAX_VECTORS:
            train = train[np.random.default_rng(SEED).choice(len(train), MAX_VECTORS, replace=False)]
        known = cls(train.astype(np.float16), np.zeros(0))
        return cls(train.astype(np.float16), known._far(validation))

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote. Raises OSError or ValueError when it is not there or damaged."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["vectors"], file["distances"])

    def save(self, path: Path) -> None:
        """Writes it to one file."""
        np.savez(path, vectors=self._vectors.astype(np.float16), distances=self._distances)

    def likeness(self, vectors: np.ndarray) -> np.ndarray:
        """How usual each ticket's distance is: the share of validation tickets that are at least as far, one a ticket.

        The distance is that to the fifth-nearest training ticket (Y. Sun et al., Out-of-distribution detection with
        deep nearest neighbors, ICML 2022), the share a conformal p-value: of tickets that are in scope no more than a
        share `a` gets one of `a` or less (S. Bates et al., Testing for outliers with conformal p-values, Annals of
        Statistics 51 (2023) 149–178).
        """
        far = self._far(vectors)
        farther = len(self._distances) - np.searchsorted(self._distances, far, side="left")
        return np.asarray((1 + farther) / (1 + len(self._distances)))

    def _far(self, vectors: np.ndarray) -> np.ndarray:
        nearest = min(NEIGHBOURS, len(self._vectors))
        if not nearest:
            return np.zeros(len(vectors))
        far = np.zeros(len(vectors))
        for start in range(0, len(vectors), QUERIES_AT_ONCE):
            likeness = vectors[start : start + QUERIES_AT_ONCE].astype(np.float32) @ self._vectors.T
            far[start : start + QUERIES_AT_ONCE] = 1 - np.partition(likeness, -nearest, axis=1)[:, -nearest]
        return far
