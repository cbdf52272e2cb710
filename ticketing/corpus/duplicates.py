"""Finds duplicates by a hash of the normalised text, and near-duplicates by MinHash over character shingles.

It drops no ticket: `ticketing.corpus.records` drops duplicates, and the split keeps near-duplicates together.
"""

import hashlib
import itertools
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ticketing.privacy.placeholders import PLACEHOLDER

PERMUTATIONS = 128
# Shingles are of characters, not words: if a word changes in a short sentence, most character shingles stay, but few
# word shingles do. A Chinese character carries as much as a few letters, so Chinese shingles are shorter.
SHINGLE_CHARS = 5
HAN_SHINGLE_CHARS = 3
# Only the beginning of a longer ticket is compared, so that a huge ticket does not cost minutes.
MAX_CHARS = 20_000

# Locality-sensitive hashing: the probability that a pair at the threshold shares a bucket.
LEAST_RECALL = 0.99
# A ticket is compared with the first ticket of its bucket and with this many next ones. So a bucket of 50,000 tickets
# from one template costs as much per ticket as a small bucket.
NEIGHBOURS = 8
# The number of tickets that represent their group in a bucket.
GROUP_MEMBERS = 2

_BATCH_TEXTS = 256
_BATCH_PAIRS = 1 << 14
_HAN_RANGES = ((0x3400, 0x9FFF), (0xF900, 0xFAFF))
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, as in Fibonacci hashing
_SCRAMBLER = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finaliser
_HALF = np.uint64(32)

_dice = np.random.default_rng(1)
_FACTORS = _dice.integers(1, 1 << 63, PERMUTATIONS, np.uint64) | np.uint64(1)
_OFFSETS = _dice.integers(0, 1 << 63, PERMUTATIONS, np.uint64)


def normalised(text: str) -> str:
    """The text without differences that do not matter: case, white space, the numbers of placeholders."""
    return " ".join(PLACEHOLDER.sub(r"<\1>", text).casefold().split())


def exact_key(text: str) -> bytes:
    """A hash of the normalised text: duplicates have the same one."""
    return hashlib.blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingle_hashes(text: str) -> NDArray[np.uint64]:
    """The hash of every shingle: SHINGLE_CHARS characters, or HAN_SHINGLE_CHARS if over a third of the text is Chinese.

    A text that is shorter than a shingle is one shingle.
    """
    encoded = normalised(text[:MAX_CHARS]).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(encoded, np.uint32).astype(np.uint64)
    han = sum(int(((codes >= low) & (codes <= high)).sum()) for low, high in _HAN_RANGES)
    length = HAN_SHINGLE_CHARS if han * 3 > len(codes) else SHINGLE_CHARS
    if len(codes) < length:
        codes = np.pad(codes, (0, length - len(codes)))
    runs = len(codes) - length + 1
    hashes = np.zeros(runs, np.uint64)
    for offset in range(length):
        hashes = hashes * _MULTIPLIER + codes[offset : offset + runs]
    # The factors of MinHash carry upwards only, so the low bits must depend on the high ones.
    return (hashes ^ (hashes >> _HALF)) * _SCRAMBLER


def near_duplicate_groups(texts: Iterable[str], threshold: float) -> list[int]:
    """Groups near-duplicates: the connected components of the graph that joins every two texts that are alike.

    Two texts are alike if the estimated Jaccard similarity of their shingles is at least `threshold` (MinHash,
    128 permutations: standard error about 0.04; Broder 1997). Only texts that share a bucket of locality-sensitive
    hashing are compared. Time is linear in the number of texts, however many are alike; memory is 256 bytes per text.

    Returns:
        the group number of each text, in order: the index of the group's first text.
    """
    signatures = _signatures(texts)
    dice = np.random.default_rng(0)
    labels = np.arange(len(signatures))
    rows = _rows_a_band(threshold)
    for start in range(0, PERMUTATIONS - rows + 1, rows):
        buckets = _buckets(signatures[:, start : start + rows])
        # The order is random, so that other members represent their group in each band.
        for left, right in _pairs(buckets, labels, dice.permutation(len(labels))):
            apart = labels[left] != labels[right]
            left, right = left[apart], right[apart]
            alike = _are_alike(signatures, left, right, threshold)
            if alike.any():
                labels = _joined(labels, left[alike], right[alike])
    _, first, group = np.unique(labels, return_index=True, return_inverse=True)
    numbers: list[int] = first[group].tolist()
    return numbers


def _signatures(texts: Iterable[str]) -> NDArray[np.uint16]:
    """MinHash signatures: texts × PERMUTATIONS. 16 bits of each hash are enough (Li and König 2010)."""
    # An array grows in place; joining a list of blocks would need the memory twice.
    values = array("H")
    left = iter(texts)
    while hashes := [shingle_hashes(text) for text in itertools.islice(left, _BATCH_TEXTS)]:
        starts = np.cumsum([0, *(len(own) for own in hashes[:-1])])
        together = np.concatenate(hashes)
        block = np.empty((len(hashes), PERMUTATIONS), np.uint16)
        for column, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
            block[:, column] = np.minimum.reduceat((together * factor + offset) >> _HALF, starts)
        values.frombytes(block.tobytes())
    return np.frombuffer(values, np.uint16).reshape(-1, PERMUTATIONS)


def _rows_a_band(threshold: float) -> int:
    """The most rows per band with which a pair at the threshold shares a bucket with probability LEAST_RECALL."""
    sufficient = (
        rows
        for rows in range(1, PERMUTATIONS + 1)
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= LEAST_RECALL
    )
    return max(sufficient, default=1)


def _buckets(columns: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Each text's bucket in a band: a hash of the band's columns of its signature."""
    bucket = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        bucket = bucket * _MULTIPLIER + column
    return bucket


def _pairs(
    buckets: NDArray[np.uint64], labels: NDArray[np.intp], drawn: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs in the same bucket: at most GROUP_MEMBERS of a group, each with the first text and NEIGHBOURS next ones."""
    order = drawn[np.lexsort((labels[drawn], buckets[drawn]))]
    bucket, label = buckets[order], labels[order]
    kept = np.ones(len(order), bool)
    kept[GROUP_MEMBERS:] = (bucket[GROUP_MEMBERS:] != bucket[:-GROUP_MEMBERS]) | (
        label[GROUP_MEMBERS:] != label[:-GROUP_MEMBERS]
    )
    order, bucket = order[kept], bucket[kept]
    begins = np.append(True, bucket[1:] != bucket[:-1])[: len(bucket)]
    yield order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))], order
    for step in range(1, NEIGHBOURS + 1):
        same = bucket[step:] == bucket[:-step]
        yield order[:-step][same], order[step:][same]


def _are_alike(
    signatures: NDArray[np.uint16], left: NDArray[np.intp], right: NDArray[np.intp], threshold: float
) -> NDArray[np.bool_]:
    alike = np.empty(len(left), bool)
    for start in range(0, len(left), _BATCH_PAIRS):
        batch = slice(start, start + _BATCH_PAIRS)
        alike[batch] = (signatures[left[batch]] == signatures[right[batch]]).mean(axis=1) >= threshold
    return alike


def _joined(labels: NDArray[np.intp], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """New labels, with the groups of each pair merged."""
    links = coo_array((np.ones(len(left), np.int8), (labels[left], labels[right])), shape=(len(labels), len(labels)))
    _, components = connected_components(links, directed=False)
    return np.asarray(components[labels], np.intp)


def largest_groups(groups: Iterable[int], count: int = 5) -> list[int]:
    """The sizes of the largest groups, largest first."""
    return [size for _, size in Counter(groups).most_common(count)]
