import pytest
import torch
from transformers import BertConfig

from models.classifier.tuning import choose_method, load, prepare_model, save
from models.shared.pooled_bert import MeanPooledBert

GIB = 2**30


def tiny_model():
    torch.manual_seed(0)
    return MeanPooledBert(
        BertConfig(
            vocab_size=50,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            num_labels=3,
        )
    )


@pytest.mark.parametrize(
    ("method", "parameters", "available_bytes", "chosen_method"),
    [
        ("auto", 22_000_000, 8 * GIB, "full"),
        ("auto", 8_000_000_000, 24 * GIB, "lora"),
        ("auto", 22_000_000, GIB // 4, "lora"),
        ("prompt", 22_000_000, 8 * GIB, "prompt"),
        ("full", 8_000_000_000, GIB, "full"),
    ],
)
def test_auto_chooses_full_fine_tuning_if_memory_suffices_and_lora_otherwise(
    method, parameters, available_bytes, chosen_method
):
    assert choose_method(method, parameters, available_bytes) == chosen_method


@pytest.mark.parametrize("method", ["full", "lora", "prefix", "prompt"])
def test_loaded_model_gives_the_same_logits_as_the_trained_model(tmp_path, method):
    model = prepare_model(tiny_model(), method, rank=4)
    optimizer = torch.optim.SGD([parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.1)
    ids = torch.randint(5, 50, (4, 7))
    model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0].sum().backward()
    optimizer.step()
    trained_logits = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    save(model, tmp_path / "saved")
    loaded_logits = load(tmp_path / "saved").eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    assert torch.allclose(trained_logits, loaded_logits, atol=1e-5)
    untrained_logits = tiny_model().eval()(input_ids=ids).logits
    assert not torch.allclose(trained_logits, untrained_logits, atol=1e-3), "training changed nothing"


@pytest.mark.parametrize("method", ["lora", "prefix", "prompt"])
def test_only_adapter_and_head_are_trained(method):
    model = prepare_model(tiny_model(), method, rank=4)
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    trained_size = sum(parameter.numel() for parameter in trained.values())
    assert any("classifier" in name for name in trained)
    assert trained_size < 0.2 * sum(parameter.numel() for parameter in tiny_model().parameters())
