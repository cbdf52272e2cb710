"""The training methods of the classifier: full fine-tuning, LoRA, prefix tuning and prompt tuning.

`models.classifier.training` runs the training. The reply generator uses QLoRA instead (`models.generator`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import psutil
import torch
from peft import LoraConfig, PeftModel, PrefixTuningConfig, PromptTuningConfig, TaskType, get_peft_model
from transformers import PreTrainedModel

from models.shared.pooled_bert import load_classifier

Method = Literal["full", "lora", "prefix", "prompt"]
# Per trained parameter, AdamW in fp32 keeps the weight, its gradient and two moments, each of four bytes.
BYTES_PER_PARAMETER = 16
VIRTUAL_TOKENS = 20
ADAPTER = "adapter_config.json"
BASE = "base"


def choose_method(wanted: str, parameters: int, available_bytes: int) -> Method:
    """The method `wanted`. `auto` means full fine-tuning if it needs at most half of the memory, otherwise LoRA.

    The choice does not depend on the number of tickets. Even with 10 tickets per category no method was better than
    full fine-tuning, and prefix tuning was about as good (docs/evaluation.md has the table).
    """
    if wanted != "auto":
        return wanted  # type: ignore[return-value]
    return "full" if parameters * BYTES_PER_PARAMETER <= available_bytes / 2 else "lora"


def memory_available() -> int:
    """The free memory of the GPU in bytes. Without a GPU, the available memory of the machine."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def prepare_model(model: PreTrainedModel, method: Method, rank: int) -> PreTrainedModel:
    """The model, prepared for a training method. Every method also trains the classification head.

    Sources: E. Hu et al., LoRA, ICLR 2022; X. Li and P. Liang, Prefix-tuning, ACL 2021; B. Lester et al., The power of
    scale for parameter-efficient prompt tuning, EMNLP 2021.
    """
    configs: dict[Method, Callable[[], object]] = {
        "lora": lambda: LoraConfig(
            task_type=TaskType.SEQ_CLS, r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.05
        ),
        "prefix": lambda: PrefixTuningConfig(task_type=TaskType.SEQ_CLS, num_virtual_tokens=VIRTUAL_TOKENS),
        "prompt": lambda: PromptTuningConfig(task_type=TaskType.SEQ_CLS, num_virtual_tokens=VIRTUAL_TOKENS),
    }
    # peft's wrapper has the interface of the model itself.
    tuned: PreTrainedModel = model if method == "full" else get_peft_model(model, configs[method]())
    return tuned


def save(model: PreTrainedModel, output: Path) -> None:
    """Writes a trained model so that `load` needs no other files.

    LoRA matrices are merged into the weights. A prefix or prompt is stored together with its base model.
    """
    if not isinstance(model, PeftModel):
        model.save_pretrained(output)
    elif model.active_peft_config.is_prompt_learning:
        model.save_pretrained(output)
        model.get_base_model().save_pretrained(output / BASE)
    else:
        model.merge_and_unload().save_pretrained(output)


def load(path: Path) -> Any:  # noqa: ANN401 — the types of transformers' models do not fit their use
    """The model that `save` wrote, in fp32.

    If its files are missing or damaged, the exceptions of transformers and peft pass through.
    """
    if not (path / ADAPTER).is_file():
        return load_classifier(path, dtype=torch.float32)
    base = load_classifier(path / BASE, dtype=torch.float32)
    return PeftModel.from_pretrained(base, path)
