import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.classifier.loss import HEAVIEST, class_weights, disagreement, distilled, weighted_cross_entropy

FILED = ["payment"] * 90 + ["logistics"] * 9 + ["praise"]
LABELS = ["logistics", "payment", "praise"]


def test_rare_categories_weigh_more_by_as_much_as_was_asked_for():
    assert class_weights(FILED, LABELS, 0.0).tolist() == [1.0, 1.0, 1.0]
    logistics, payment, praise = class_weights(FILED, LABELS, 0.5).tolist()
    assert payment < 1 < logistics < praise == HEAVIEST
    assert logistics / payment == pytest.approx(10**0.5)
    logistics, payment = class_weights(FILED[:-1], LABELS[:-1], 1.0).tolist()
    assert logistics == HEAVIEST
    assert payment == pytest.approx(99 / (2 * 90))


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5))
def test_without_focus_the_loss_is_torch_s_own(seed, smoothing):
    generator = torch.Generator().manual_seed(seed)
    logits, labels = torch.randn(6, 4, generator=generator), torch.randint(4, (6,), generator=generator)
    weights = torch.rand(4, generator=generator) + 0.1
    expected = torch.nn.functional.cross_entropy(logits, labels, weights, label_smoothing=smoothing)
    assert weighted_cross_entropy(logits, labels, weights, smoothing, 0.0).item() == pytest.approx(
        expected.item(), rel=1e-5
    )


def test_with_focus_there_is_a_slope_where_the_model_is_as_sure_as_can_be():
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    weighted_cross_entropy(logits, torch.tensor([0]), torch.ones(2), 0.05, 0.5).backward()
    assert torch.isfinite(logits.grad).all()


def test_with_focus_what_is_sure_and_right_counts_for_less():
    logits, labels, weights = torch.tensor([[4.0, 0.0], [0.0, 4.0]]), torch.tensor([0, 0]), torch.ones(2)
    sure, wrong = ((weighted_cross_entropy(logits[[i]], labels[[i]], weights, 0.0, 2.0)
                    / weighted_cross_entropy(logits[[i]], labels[[i]], weights, 0.0, 0.0)).item() for i in (0, 1))  # fmt: skip
    p = torch.sigmoid(torch.tensor(4.0)).item()
    assert sure == pytest.approx((1 - p) ** 2, rel=1e-3)
    assert wrong == pytest.approx(p**2, rel=1e-3)


def test_a_model_that_agrees_with_itself_and_its_teacher_has_nothing_to_learn_from_either():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    assert disagreement(logits, logits).item() == pytest.approx(0.0, abs=1e-6)
    assert distilled(logits, logits).item() == pytest.approx(0.0, abs=1e-6)
    assert disagreement(logits, -logits).item() > 0.1
    assert distilled(logits, -logits).item() > 0.1
