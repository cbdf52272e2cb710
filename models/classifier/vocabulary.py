"""Words that a base model's tokenizer lacks and the corpus is full of.

A tokenizer made for English cuts `<ORDER_ID_1>` into seven pieces and takes most Chinese characters for one and the
same unknown word. Both get a token of their own, whose meaning fine-tuning learns; extending a vocabulary for the text
at hand is described by W. Tai et al., exBERT, Findings of EMNLP 2020.
"""

from collections import Counter
from collections.abc import Sequence

from transformers import AddedToken, PreTrainedModel, PreTrainedTokenizerBase

from ticketing.privacy.placeholders import PLACEHOLDER

MIN_COUNT = 5  # a word seen less often can't be learnt


def extend_vocabulary(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, texts: Sequence[str]) -> list[str]:
    """Adds the placeholders and unknown characters of the texts to the tokenizer, and rows for them to the model.

    Returns:
        What was added, the most frequent first.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(match.group() for match in PLACEHOLDER.finditer(text))
        counts.update(PLACEHOLDER.sub("", text))
    often = [word for word, count in counts.most_common() if count >= MIN_COUNT and not word.isspace()]
    # A token of its own is cut out of every word that it stands in: a letter would cut up the words that are known.
    missing = [
        word
        for word in often
        if len(word) > 1 or (not (word.isascii() and word.isalnum()) and _is_unknown(tokenizer, word))
    ]
    # Left as they are: an uncased tokenizer would lower them.
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in missing])
    if missing:  # some models have more rows than their tokenizer has words
        model.resize_token_embeddings(max(len(tokenizer), model.config.vocab_size))
    return missing


def _is_unknown(tokenizer: PreTrainedTokenizerBase, character: str) -> bool:
    return tokenizer.unk_token_id in tokenizer(character, add_special_tokens=False)["input_ids"]
