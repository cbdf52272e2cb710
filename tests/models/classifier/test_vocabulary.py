"""New words get their own tokens in the tokenizer, and their own embeddings in the model."""

import pytest
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from models.classifier.vocabulary import MIN_COUNT, extend_vocabulary

TICKET = "parcel <ORDER_ID_1> 快递 late"


@pytest.fixture
def tokenizer(tmp_path):
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "parcel", "late", "<", ">", "_", "order", "id", "1", "递"]
    (tmp_path / "vocab.txt").write_text("\n".join([*known, *"parcelt"]) + "\n", encoding="utf-8")
    return BertTokenizerFast(str(tmp_path / "vocab.txt"))


@pytest.fixture
def model(tokenizer):
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    return BertForSequenceClassification(config)


def test_placeholders_and_unknown_characters_become_one_token_each(tokenizer, model):
    added = extend_vocabulary(tokenizer, model, [TICKET] * MIN_COUNT)

    assert set(added) == {"<ORDER_ID_1>", "快"}
    assert tokenizer.tokenize(TICKET) == ["parcel", "<ORDER_ID_1>", "快", "递", "late"]
    assert tokenizer.unk_token not in tokenizer.tokenize(TICKET)
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


def test_added_tokens_are_saved_with_the_tokenizer(tokenizer, model, tmp_path):
    extend_vocabulary(tokenizer, model, [TICKET] * MIN_COUNT)
    tokenizer.save_pretrained(tmp_path / "saved")
    loaded = BertTokenizerFast.from_pretrained(tmp_path / "saved")
    assert loaded(TICKET)["input_ids"] == tokenizer(TICKET)["input_ids"]


def test_rare_and_known_words_are_not_added(tokenizer, model):
    embeddings_before = model.get_input_embeddings().num_embeddings
    assert extend_vocabulary(tokenizer, model, [TICKET] * (MIN_COUNT - 1) + ["parcel late"] * 50) == []
    assert model.get_input_embeddings().num_embeddings == embeddings_before
