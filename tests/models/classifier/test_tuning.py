import pytest
import torch
from transformers import BertConfig

from models.classifier.tuning import choose_method, load, prepare_model, save
from models.shared.pooled_bert import MeanPooledBert

GIB = 2**30


def tiny():
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
    ("wanted", "parameters", "available", "chosen"),
    [
        ("auto", 22_000_000, 8 * GIB, "full"),
        ("auto", 8_000_000_000, 24 * GIB, "lora"),
        ("auto", 22_000_000, GIB // 4, "lora"),
        ("prompt", 22_000_000, 8 * GIB, "prompt"),
        ("full", 8_000_000_000, GIB, "full"),
    ],
)
def test_auto_method_is_full_fine_tuning_if_memory_suffices(wanted, parameters, available, chosen):
    assert choose_method(wanted, parameters, available) == chosen


@pytest.mark.parametrize("method", ["full", "lora", "prefix", "prompt"])
def test_loaded_model_gives_the_same_logits_without_other_files(tmp_path, method):
    model = prepare_model(tiny(), method, rank=4)
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    ids = torch.randint(5, 50, (4, 7))
    model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0].sum().backward()
    optimizer.step()
    said = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    save(model, tmp_path / "saved")
    again = load(tmp_path / "saved").eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    assert torch.allclose(said, again, atol=1e-5)
    assert not torch.allclose(said, tiny().eval()(input_ids=ids).logits, atol=1e-3), "it has learnt something"


@pytest.mark.parametrize("method", ["lora", "prefix", "prompt"])
def test_only_adapter_and_head_are_trained(method):
    model = prepare_model(tiny(), method, rank=4)
    learning = {name for name, one in model.named_parameters() if one.requires_grad}
    count = sum(one.numel() for one in model.parameters() if one.requires_grad)
    assert any("classifier" in name for name in learning)
    assert count < 0.2 * sum(one.numel() for one in tiny().parameters())
