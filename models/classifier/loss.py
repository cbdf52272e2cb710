"""What the classifier is corrected by: how wrong it is, how unlike itself, and how unlike a teacher."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight

# Fully balanced weights let a few mislabelled rare tickets shout everybody down.
HEAVIEST = 4.0


def class_weights(categories: Sequence[str], labels: Sequence[str], power: float) -> torch.Tensor:
    """What a ticket of each of the `labels` weighs, by how rare it is among `categories`; at most `HEAVIEST`.

    Args:
        categories: of the training tickets.
        labels: all categories; each is there once at least.
        power: of balanced weights: 1 leaves them as they are, 0 makes all equal.
    """
    balanced = compute_class_weight("balanced", classes=np.asarray(labels), y=np.asarray(categories))
    return torch.tensor(np.minimum(balanced**power, HEAVIEST), dtype=torch.float32)


def weighted_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, smoothing: float, focal_gamma: float
) -> torch.Tensor:
    """The cross-entropy of tickets × categories, in nats: the mean over tickets, each as heavy as its category.

    With `focal_gamma` a ticket counts by how unsure the model is of its label, to that power (T.-Y. Lin et al., Focal
    loss for dense object detection, ICCV 2017).
    """
    each = torch.nn.functional.cross_entropy(
        logits, labels, weight=weights, label_smoothing=smoothing, reduction="none"
    )
    if focal_gamma:
        true = logits.softmax(-1).gather(1, labels.unsqueeze(1)).squeeze(1)
        each = each * (1 - true).clamp_min(1e-6) ** focal_gamma  # at 0 a power below 1 has no slope
    return each.sum() / weights[labels].sum()


def disagreement(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """How far two answers to the same tickets are apart: the mean of both KL divergences of logits, in nats."""
    first, second = one.log_softmax(-1), other.log_softmax(-1)
    kl = torch.nn.functional.kl_div
    return (
        kl(first, second, log_target=True, reduction="batchmean")
        + kl(second, first, log_target=True, reduction="batchmean")
    ) / 2


def distilled(logits: torch.Tensor, teacher: torch.Tensor, temperature: float = 2.0) -> torch.Tensor:
    """How far logits are from a teacher's: the KL divergence at a temperature, in nats times its square."""
    student, told = (logits / temperature).log_softmax(-1), (teacher / temperature).log_softmax(-1)
    kl = torch.nn.functional.kl_div(student, told, log_target=True, reduction="batchmean")
    return kl * temperature**2
