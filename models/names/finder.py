"""Finds names and postal addresses in texts: a small BERT that marks tokens, trained by `models.names.training`.

What becomes of what it finds is `ticketing.privacy.scrubber`.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from models.shared.base import LOAD_ERRORS
from models.shared.hardware import compute_dtype
from ticketing.errors import ModelError
from ticketing.privacy.placeholders import Span

MANIFEST = "ticketing.json"
LABELS = ("O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS")
BATCH = 64
WINDOW_TOKENS = 192
OVERLAP_TOKENS = 32


class NameFinder:
    """A trained model, ready to read."""

    def __init__(self, path: Path, version: str, threshold: float) -> None:
        self.version = version
        self._bias = math.log((1 - threshold) / threshold)
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = AutoModelForTokenClassification.from_pretrained(path, dtype=compute_dtype()).to(device).eval()

    @classmethod
    def load(cls, path: Path, threshold: float = 0.5) -> Self:
        """A model that was trained before.

        Args:
            path: its folder.
            threshold: how likely a token must be part of a name; half is what the training aimed at.

        Raises:
            ModelError: the files are not those of such a model.
        """
        try:
            version = json.loads((path / MANIFEST).read_text(encoding="utf-8"))["version"]
            return cls(path, version, threshold)
        except (*LOAD_ERRORS, KeyError) as error:
            raise ModelError(f"The finder of names can't be loaded from {path} ({type(error).__name__}).") from error

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names and addresses of each text, in order; long texts are read in windows that overlap."""
        found: list[list[Span]] = [[] for _ in texts]
        if not texts:
            return found
        encoded = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=WINDOW_TOKENS,
            stride=OVERLAP_TOKENS,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        windows = sorted(range(len(encoded["input_ids"])), key=lambda i: len(encoded["input_ids"][i]))
        for start in range(0, len(windows), BATCH):
            chosen = windows[start : start + BATCH]
            batch = self._tokenizer.pad(
                {"input_ids": [encoded["input_ids"][i] for i in chosen]}, return_tensors="pt"
            ).to(self._model.device)
            with torch.inference_mode():
                logits = self._model(**batch).logits.float()
                logits[..., 0] -= self._bias
                labels = logits.argmax(-1).tolist()
            for window, said in zip(chosen, labels, strict=True):
                place = encoded["overflow_to_sample_mapping"][window]
                spans = spans_of_labels(texts[place], encoded["offset_mapping"][window], said)
                found[place] += [whole_words(texts[place], span) for span in spans]
        return found


def whole_words(text: str, span: Span) -> Span:
    """The span up to the ends of the words at its ends."""
    start, end = span.start, span.end
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end, span.kind)


def spans_of_labels(text: str, offsets: Sequence[tuple[int, int]], labels: Sequence[int]) -> list[Span]:
    """Tokens with labels as stretches of the text; a word is never cut in two."""
    spans: list[Span] = []
    last = -1  # where the last span ends, if the token before belongs to it
    for (start, end), label in zip(offsets, labels, strict=False):
        if start == end:
            continue
        name = LABELS[label]
        in_word = start > 0 and start == last and text[start - 1].isalnum() and text[start].isalnum()
        if name == "O" and not in_word:
            last = -1
            continue
        kind = name[2:]
        if spans and last >= 0 and (in_word or (name.startswith("I-") and spans[-1].kind == kind)):
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(Span(start, end, kind))
        last = end
    return spans
