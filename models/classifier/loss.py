"""Class weights for the classifier's cross-entropy, so that rare categories count for more."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight

# With fully balanced weights a few mislabelled rare tickets would dominate the loss.
MAX_WEIGHT = 4.0


def class_weights(ticket_categories: Sequence[str], labels: Sequence[str], power: float) -> torch.Tensor:
    """The weight of each label: the rarer its training tickets, the higher, but at most `MAX_WEIGHT`.

    Args:
        ticket_categories: the category of every training ticket.
        labels: the distinct categories; each occurs at least once in `ticket_categories`.
        power: exponent of the balanced weights: 1 keeps them, 0 makes all weights equal.
    """
    balanced = compute_class_weight("balanced", classes=np.asarray(labels), y=np.asarray(ticket_categories))
    return torch.tensor(np.minimum(balanced**power, MAX_WEIGHT), dtype=torch.float32)
