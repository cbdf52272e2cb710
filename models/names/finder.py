"""Finds personal names and postal addresses in texts with a small BERT that labels tokens: the name finder.

`models.names.training` trains the model. `ticketing.privacy.scrubber` replaces the names and addresses.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from models.shared.base import loading
from models.shared.hardware import compute_dtype
from models.shared.manifest import load_manifest
from ticketing.privacy.placeholders import Span

# Part of the name finder's version. Raise it when a change to this module yields other spans with the same weights.
REVISION = 1
LABELS = ("O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS")
BATCH = 64
WINDOW_TOKENS = 192
OVERLAP_TOKENS = 32


class NameFinder:
    """A trained name finder, loaded from its folder."""

    def __init__(self, path: Path, version: str, threshold: float) -> None:
        self.version = version
        self._bias = math.log((1 - threshold) / threshold)
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = AutoModelForTokenClassification.from_pretrained(path, dtype=compute_dtype()).to(device).eval()

    @classmethod
    def load(cls, path: Path, threshold: float = 0.5) -> Self:
        """Loads a trained name finder.

        Args:
            path: the folder of the model.
            threshold: how sure the model must be that a token belongs to a name or an address. 0.5 takes the model's
                most probable label; lower values find more tokens.

        Raises:
            ModelError: the folder does not hold a trained name finder.
        """
        with loading(f"The finder of names in {path}"):
            return cls(path, load_manifest(path)["version"], threshold)

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The names and addresses in each text, in order. Long texts are read in overlapping windows."""
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
            batch_windows = windows[start : start + BATCH]
            batch = self._tokenizer.pad(
                {"input_ids": [encoded["input_ids"][i] for i in batch_windows]}, return_tensors="pt"
            ).to(self._model.device)
            with torch.inference_mode():
                logits = self._model(**batch).logits.float()
                logits[..., 0] -= self._bias
                labels = logits.argmax(-1).tolist()
            for window, predicted in zip(batch_windows, labels, strict=True):
                text_id = encoded["overflow_to_sample_mapping"][window]
                spans = spans_of_labels(texts[text_id], encoded["offset_mapping"][window], predicted)
                found[text_id] += [whole_words(texts[text_id], span) for span in spans]
        return found


def whole_words(text: str, span: Span) -> Span:
    """The span, extended to whole words at both ends."""
    start, end = span.start, span.end
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end, span.kind)


def spans_of_labels(text: str, offsets: Sequence[tuple[int, int]], labels: Sequence[int]) -> list[Span]:
    """The spans of labelled tokens; a span never ends within a word.

    Args:
        text: the text.
        offsets: the start and end of each token, equal for special tokens.
        labels: the label of each token, as an index into `LABELS`.
    """
    spans: list[Span] = []
    open_end = -1  # the end of the last span if the previous token belongs to that span
    for (start, end), label in zip(offsets, labels, strict=False):
        if start == end:
            continue
        name = LABELS[label]
        in_word = start > 0 and start == open_end and text[start - 1].isalnum() and text[start].isalnum()
        if name == "O" and not in_word:
            open_end = -1
            continue
        kind = name[2:]
        if spans and open_end >= 0 and (in_word or (name.startswith("I-") and spans[-1].kind == kind)):
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(Span(start, end, kind))
        open_end = end
    return spans
