"""Which tickets say the same: exactly, by a key of the normalised text, or nearly, by MinHash over shingles.

What follows from it (dropped, or kept on one side of the split) is decided elsewhere.
"""

import hashlib
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from ticketing.privacy.placeholders import PLACEHOLDER

PERMUTATIONS = 128
# Characters, not words: one word changed in a short sentence leaves most runs of characters, but few runs of words.
# A Chinese character says as much as a few letters do.
SHINGLE_CHARS = 5
HAN_SHINGLE_CHARS = 3
# A ticket's beginning says enough; a hostile one must not cost minutes.
MAX_CHARS = 20_000

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """The text without what does not make another ticket: case, white space, the numbers of placeholders."""
    return " ".join(PLACEHOLDER.sub(r"<\1>", text).casefold().split())


def exact_key(text: str) -> bytes:
    """The same for two texts that differ in nothing that matters."""
    return hashlib.blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def shingles(text: str) -> set[bytes]:
    """The runs of SHINGLE_CHARS characters (of HAN_SHINGLE_CHARS, if mostly Chinese); a shorter text is one run."""
    plain = normalised(text[:MAX_CHARS])
    length = HAN_SHINGLE_CHARS if len(_HAN.findall(plain)) * 3 > len(plain) else SHINGLE_CHARS
    return {
        plain[start : start + length].encode("utf-8", "surrogatepass")
        for start in range(max(1, len(plain) - length + 1))
    }


def near_duplicate_groups(texts: Iterable[str], threshold: float) -> list[int]:
    """Groups texts that are alike, and those alike to them in turn.

    Two texts are alike when the estimated Jaccard similarity of their shingles is at least `threshold` (MinHash,
    128 permutations: standard error about 0.04; Broder 1997). Candidates come from locality-sensitive hashing.

    Returns:
        one group number a text, in order; a group has the number of its first text.
    """
    # Too many candidates cost little, since each is compared; a missed one would be on both sides of the split.
    lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=(0.1, 0.9))
    parents: list[int] = []
    signatures: list[NDArray[np.uint32]] = []

    for index, signature in enumerate(_signatures(texts)):
        parents.append(index)
        signatures.append(signature.hashvalues)
        candidates = lsh.query(signature)
        if candidates:
            compared = np.stack([signatures[other] for other in candidates])
            similar = (compared == signature.hashvalues).mean(axis=1) >= threshold
            for other in itertools.compress(candidates, similar):
                _join(parents, index, other)
        lsh.insert(index, signature, check_duplication=False)
    return [_root(parents, index) for index in range(len(parents))]


def _signatures(texts: Iterable[str]) -> Iterator[MinHash]:
    yield from MinHash.generator(map(shingles, texts), num_perm=PERMUTATIONS, seed=1, hashfunc=zlib.crc32)


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low


def largest_groups(groups: Iterable[int], count: int = 5) -> list[int]:
    """The sizes of the largest groups, largest first."""
    return [size for _, size in Counter(groups).most_common(count)]
