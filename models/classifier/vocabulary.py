"""Adds frequent placeholders and unknown characters of the corpus to a base model's tokenizer.

An English tokenizer splits `<ORDER_ID_1>` into seven tokens, and maps most Chinese characters to one token for unknown
words. Here each placeholder and each such character gets its own token, whose meaning fine-tuning learns. W. Tai et al.
(exBERT, Findings of EMNLP 2020) extend a vocabulary in this way.
"""

from collections import Counter
from collections.abc import Sequence

from transformers import AddedToken, PreTrainedModel, PreTrainedTokenizerBase

from ticketing.privacy.placeholders import PLACEHOLDER

MIN_COUNT = 5  # fine-tuning can't learn a rarer word


def extend_vocabulary(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, texts: Sequence[str]) -> list[str]:
    """Adds the frequent placeholders and unknown characters to the tokenizer, and vectors for them to the model.

    Returns:
        The added words, the most frequent ones first.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(match.group() for match in PLACEHOLDER.finditer(text))
        counts.update(PLACEHOLDER.sub("", text))
    frequent_words = [word for word, count in counts.most_common() if count >= MIN_COUNT and not word.isspace()]
    # The tokenizer splits every word that contains an added token, so an added letter would split known words.
    missing = [
        word
        for word in frequent_words
        if len(word) > 1 or (not (word.isascii() and word.isalnum()) and _is_unknown(tokenizer, word))
    ]
    # With normalisation, an uncased tokenizer would turn placeholders into lower case.
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in missing])
    if missing:  # `max`, because some models have more vectors than their tokenizer has words
        model.resize_token_embeddings(max(len(tokenizer), model.config.vocab_size))
    return missing


def _is_unknown(tokenizer: PreTrainedTokenizerBase, character: str) -> bool:
    return tokenizer.unk_token_id in tokenizer(character, add_special_tokens=False)["input_ids"]
