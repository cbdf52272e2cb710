"""Finds duplicates by a hash of the normalised text, and near-duplicates by MinHash over character shingles.

This module drops no ticket: `ticketing.corpus.records` drops duplicates, and the split keeps near-duplicates together.
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
# A shingle is a run of characters, not of words: if one word of a short sentence changes, most character shingles stay
# the same, but few word shingles do. A Chinese character carries as much meaning as a few letters, so Chinese shingles
# are shorter.
SHINGLE_CHARS = 5
HAN_SHINGLE_CHARS = 3
# Only this many characters of a ticket are compared, because a huge ticket would take minutes.
MAX_CHARS = 20_000

# Locality-sensitive hashing finds a pair whose similarity is the threshold with at least this probability.
MIN_RECALL = 0.99
# A ticket is compared with the first ticket of its bucket and with the next NEIGHBOURS tickets after it. So a ticket in
# a bucket of 50,000 tickets from one template costs no more comparisons than a ticket in a small bucket.
NEIGHBOURS = 8
# At most this many tickets of a group are compared in each bucket.
GROUP_MEMBERS = 2

_BATCH_TEXTS = 256
_BATCH_PAIRS = 1 << 14
_HAN_RANGES = ((0x3400, 0x9FFF), (0xF900, 0xFAFF))
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, as in Fibonacci hashing
_SCRAMBLER = np.uint64(0xFF51AFD7ED558CCD)  # a constant of MurmurHash3's finaliser
_HALF = np.uint64(32)

_rng = np.random.default_rng(1)
_FACTORS = _rng.integers(1, 1 << 63, PERMUTATIONS, np.uint64) | np.uint64(1)
_OFFSETS = _rng.integers(0, 1 << 63, PERMUTATIONS, np.uint64)


def normalised(text: str) -> str:
    """The text without the differences that do not matter: case, white space and the numbers in placeholders."""
    return " ".join(PLACEHOLDER.sub(r"<\1>", text).casefold().split())


def exact_key(text: str) -> bytes:
    """A hash of the normalised text. Exact duplicates have the same hash."""
    return hashlib.blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingle_hashes(text: str) -> NDArray[np.uint64]:
    """The hashes of all shingles of a text. A text that is shorter than a shingle is one shingle.

    A shingle has SHINGLE_CHARS characters, or HAN_SHINGLE_CHARS if over a third of the text is Chinese.
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
    # MinHash multiplies these hashes, and a product's low bits depend only on low bits. So mix the high bits into them.
    return (hashes ^ (hashes >> _HALF)) * _SCRAMBLER


def near_duplicate_groups(texts: Iterable[str], threshold: float) -> list[int]:
    """Groups near-duplicates: texts that are similar, directly or through a chain of similar texts.

    Two texts are similar if the estimated Jaccard similarity of their shingles is at least `threshold`. The estimate
    is MinHash with 128 permutations (Broder 1997); its standard error is about 0.04. Only texts that share a bucket of
    locality-sensitive hashing are compared. Time is linear in the number of texts, however many of them are similar.
    Memory is 256 bytes per text.

    Returns:
        the group id of each text, in order: the index of the group's first text.
    """
    signatures = _signatures(texts)
    rng = np.random.default_rng(0)
    groups = np.arange(len(signatures))
    rows = _rows_per_band(threshold)
    for start in range(0, PERMUTATIONS - rows + 1, rows):
        buckets = _buckets(signatures[:, start : start + rows])
        # The order is random, so that in each band other texts represent their group.
        for left, right in _pairs(buckets, groups, rng.permutation(len(groups))):
            apart = groups[left] != groups[right]
            left, right = left[apart], right[apart]
            similar = _are_similar(signatures, left, right, threshold)
            if similar.any():
                groups = _merged(groups, left[similar], right[similar])
    _, first_texts, group = np.unique(groups, return_index=True, return_inverse=True)
    group_ids: list[int] = first_texts[group].tolist()
    return group_ids


def _signatures(texts: Iterable[str]) -> NDArray[np.uint16]:
    """MinHash signatures: texts × PERMUTATIONS. 16 bits of each hash are enough (Li and König 2010)."""
    # An array grows in place. Concatenating a list of blocks would need twice the memory.
    values = array("H")
    remaining = iter(texts)
    while hashes := [shingle_hashes(text) for text in itertools.islice(remaining, _BATCH_TEXTS)]:
        starts = np.cumsum([0, *(len(text_hashes) for text_hashes in hashes[:-1])])
        all_hashes = np.concatenate(hashes)
        block = np.empty((len(hashes), PERMUTATIONS), np.uint16)
        for column, (factor, offset) in enumerate(zip(_FACTORS, _OFFSETS, strict=True)):
            block[:, column] = np.minimum.reduceat((all_hashes * factor + offset) >> _HALF, starts)
        values.frombytes(block.tobytes())
    return np.frombuffer(values, np.uint16).reshape(-1, PERMUTATIONS)


def _rows_per_band(threshold: float) -> int:
    """The greatest number of rows per band at which the recall is at least MIN_RECALL."""
    sufficient = (
        rows for rows in range(1, PERMUTATIONS + 1) if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= MIN_RECALL
    )
    return max(sufficient, default=1)


def _buckets(columns: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """The bucket of each text in one band: a hash of the band's columns of the text's signature."""
    bucket = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        bucket = bucket * _MULTIPLIER + column
    return bucket


def _pairs(
    buckets: NDArray[np.uint64], groups: NDArray[np.intp], random_order: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The pairs of texts to compare, as indices of left texts and of right texts.

    Each bucket keeps at most GROUP_MEMBERS texts of a group. Each kept text is paired with the first text of the bucket
    and with the NEIGHBOURS texts after it.
    """
    order = random_order[np.lexsort((groups[random_order], buckets[random_order]))]
    bucket, group = buckets[order], groups[order]
    kept = np.ones(len(order), bool)
    kept[GROUP_MEMBERS:] = (bucket[GROUP_MEMBERS:] != bucket[:-GROUP_MEMBERS]) | (
        group[GROUP_MEMBERS:] != group[:-GROUP_MEMBERS]
    )
    order, bucket = order[kept], bucket[kept]
    begins_bucket = np.append(True, bucket[1:] != bucket[:-1])[: len(bucket)]
    yield order[np.maximum.accumulate(np.where(begins_bucket, np.arange(len(order)), 0))], order
    for step in range(1, NEIGHBOURS + 1):
        same_bucket = bucket[step:] == bucket[:-step]
        yield order[:-step][same_bucket], order[step:][same_bucket]


def _are_similar(
    signatures: NDArray[np.uint16], left: NDArray[np.intp], right: NDArray[np.intp], threshold: float
) -> NDArray[np.bool_]:
    similar = np.empty(len(left), bool)
    for start in range(0, len(left), _BATCH_PAIRS):
        batch = slice(start, start + _BATCH_PAIRS)
        similar[batch] = (signatures[left[batch]] == signatures[right[batch]]).mean(axis=1) >= threshold
    return similar


def _merged(groups: NDArray[np.intp], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """The new group of each text, after the groups of each pair are merged."""
    links = coo_array((np.ones(len(left), np.int8), (groups[left], groups[right])), shape=(len(groups), len(groups)))
    _, components = connected_components(links, directed=False)
    return np.asarray(components[groups], np.intp)


def largest_groups(groups: Iterable[int], count: int = 5) -> list[int]:
    """The sizes of the largest groups, largest first."""
    return [size for _, size in Counter(groups).most_common(count)]
