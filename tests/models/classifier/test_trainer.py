import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification, DefaultDataCollator, TrainingArguments

from models.classifier.trainer import WeightedTrainer, choose_recipe, optimizer
from ticketing.settings import ClassifierSettings


@pytest.mark.parametrize(
    ("rows", "categories", "fields", "epochs", "adversarial"),
    [
        (2_400, 6, {}, 2, 0.0),  # the sample shop
        (8_000, 77, {}, 10, 0.5),  # BANKING77
        (3_600, 11, {}, 3, 0.0),
        (1_000_000, 10, {}, 2, 0.0),
        (160, 2, {}, 20, 0.5),  # min_steps would need more epochs than MAX_EPOCHS
        (1_600, 2, {"epochs": 5, "adversarial": 0.1}, 5, 0.1),
        (160, 2, {"epochs": 30}, 30, 0.5),
    ],
)
def test_recipe_has_more_epochs_for_fewer_tickets_per_category(rows, categories, fields, epochs, adversarial):
    recipe = choose_recipe(ClassifierSettings(**fields), rows, categories)
    assert (recipe.epochs, recipe.adversarial) == (epochs, adversarial)


def test_head_and_word_embeddings_with_new_words_get_a_higher_learning_rate():
    model = BertForSequenceClassification(
        BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    )
    recipe = choose_recipe(ClassifierSettings(learning_rate=1.0), 4_000, 2)
    groups = optimizer(model, recipe, "full", new_words=True).param_groups
    rate_of_id = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    rates = {name: rate_of_id[id(parameter)] for name, parameter in model.named_parameters()}
    assert rates["classifier.weight"] == 5.0
    assert rates["bert.pooler.dense.weight"] == 1.0
    assert rates["bert.encoder.layer.1.output.dense.weight"] == 1.0
    assert rates["bert.encoder.layer.0.output.dense.weight"] == 1.0
    assert rates["bert.embeddings.position_embeddings.weight"] == 1.0
    assert rates["bert.embeddings.word_embeddings.weight"] == 5.0


def small_bert():
    torch.manual_seed(0)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=50,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )


def trainer_of(model, folder, adversarial=0.0):
    arguments = TrainingArguments(str(folder), use_cpu=True, report_to="none", remove_unused_columns=False)
    return WeightedTrainer(
        weights=torch.tensor([1.0, 3.0]),
        label_smoothing=0.1,
        adversarial=adversarial,
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"input_ids": [[5, 6], [7, 8]], "labels": [0, 1]}),
        data_collator=DefaultDataCollator(),
    )


def batch():
    return {"input_ids": torch.tensor([[5, 6], [7, 8]]), "labels": torch.tensor([0, 1]), "length": torch.tensor([2, 2])}


def test_loss_weights_tickets_by_category(tmp_path):
    model = small_bert().eval()
    with torch.no_grad():
        loss = trainer_of(model, tmp_path).compute_loss(model, batch())
        log_p = model(batch()["input_ids"]).logits.log_softmax(-1)
    true_category_loss = -torch.tensor([log_p[0, 0], 3 * log_p[1, 1]]).sum()
    all_categories_loss = -(log_p[:, 0] + 3 * log_p[:, 1]).sum() / 2
    # Label smoothing gives a weight of 0.1 to the mean over all categories. 4 is the sum of the category weights.
    expected = (0.9 * true_category_loss + 0.1 * all_categories_loss) / 4
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_adversarial_step_adds_a_gradient_and_restores_the_word_vectors(tmp_path):
    word_vectors, gradient_norms = [], []
    for adversarial in (0.0, 0.5):
        model = small_bert()
        trainer = trainer_of(model, tmp_path, adversarial)
        trainer.current_gradient_accumulation_steps = 1  # `train` sets it
        before = model.get_input_embeddings().weight.detach().clone()
        trainer.training_step(model.train(), batch())
        word_vectors.append((before, model.get_input_embeddings().weight.detach()))
        gradient_norms.append(model.classifier.weight.grad.norm().item())
    assert all(torch.allclose(before, after, atol=1e-6) for before, after in word_vectors)
    assert gradient_norms[1] > 1.5 * gradient_norms[0]
