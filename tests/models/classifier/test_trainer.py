import pytest
from transformers import BertConfig, BertForSequenceClassification

from models.classifier.trainer import choose_recipe, optimizer
from ticketing.settings import ClassifierSettings


@pytest.mark.parametrize(
    ("rows", "categories", "fields", "epochs", "adversarial"),
    [
        (2_400, 6, {}, 2, 0.0),  # the sample shop
        (8_000, 77, {}, 10, 0.5),  # BANKING77
        (3_600, 11, {}, 3, 0.0),
        (1_000_000, 10, {}, 2, 0.0),
        (160, 2, {}, 20, 0.5),  # at least min_steps, and not for ever
        (1_600, 2, {"epochs": 5, "adversarial": 0.1}, 5, 0.1),
        (160, 2, {"epochs": 30}, 30, 0.5),
    ],
)
def test_the_fewer_tickets_a_category_has_the_harder_they_are_studied(rows, categories, fields, epochs, adversarial):
    recipe = choose_recipe(ClassifierSettings(**fields), rows, categories)
    assert (recipe.epochs, recipe.adversarial) == (epochs, adversarial)


def test_lower_layers_learn_more_slowly_and_what_has_no_meaning_yet_faster():
    model = BertForSequenceClassification(
        BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    )
    chosen = ClassifierSettings(learning_rate=1.0, layer_decay=0.5)
    made = optimizer(model, chosen, choose_recipe(chosen, 4_000, 2), "full", new_words=True)
    rates = {id(one): group["lr"] for group in made.param_groups for one in group["params"]}
    found = {name: rates[id(one)] for name, one in model.named_parameters()}
    assert found["classifier.weight"] == 5.0
    assert found["bert.pooler.dense.weight"] == 1.0
    assert found["bert.encoder.layer.1.output.dense.weight"] == 1.0
    assert found["bert.encoder.layer.0.output.dense.weight"] == 0.5
    assert found["bert.embeddings.position_embeddings.weight"] == 0.25
    assert found["bert.embeddings.word_embeddings.weight"] == 5.0
