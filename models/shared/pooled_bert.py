"""A BERT classifier whose head reads the mean of the token vectors.

The usual head reads only the first token. Sentence encoders are trained on the mean, so the vector of their first token
carries little meaning.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, BertConfig, BertModel, BertPreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class MeanPooledBert(BertPreTrainedModel):  # type: ignore[no-untyped-call]
    """A classifier on the mean of BERT's last layer. It loads and saves like transformers' own classifiers."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.num_labels = len(config.id2label or ())
        self.bert = BertModel(config, add_pooling_layer=False)  # type: ignore[no-untyped-call]
        self.dropout = torch.nn.Dropout(config.hidden_dropout_prob)
        self.classifier = torch.nn.Linear(config.hidden_size, self.num_labels)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        past_key_values: Any = None,  # noqa: ANN401 — for prefix tuning; peft looks for this argument
        **kwargs: Any,  # noqa: ANN401
    ) -> SequenceClassifierOutput:
        """The logits, texts × categories. The mean covers the tokens that `attention_mask` selects."""
        outputs = self.bert(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            past_key_values=past_key_values,
            **kwargs,
        )
        hidden = outputs.last_hidden_state
        if attention_mask is None:
            attention_mask = hidden.new_ones(hidden.shape[:2])
        # With prefix tuning the mask also covers the prefix, which has no token vectors.
        mask = attention_mask[:, -hidden.shape[1] :, None].to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return SequenceClassifierOutput(
            logits=self.classifier(self.dropout(mean)),
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )


def load_classifier(path: str | Path, **settings: Any) -> Any:  # noqa: ANN401 — as `from_pretrained`
    """Loads a base model or a trained model as a classifier: BERT as `MeanPooledBert`, others as transformers' class.

    The exceptions of `from_pretrained` pass through.
    """
    if AutoConfig.from_pretrained(path).model_type == BertConfig.model_type:
        return MeanPooledBert.from_pretrained(path, **settings)
    return AutoModelForSequenceClassification.from_pretrained(path, **settings)
