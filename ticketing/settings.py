"""Every setting of the pipeline as one typed object, read from the environment and `ticketing.toml`.

`TICKETING_GATE__ACCURACY=0.97` sets `settings.gate.accuracy`; the environment wins over the file.
"""

import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from ticketing.errors import ConfigurationError
from ticketing.gate_settings import GateSettings
from ticketing.setting_types import Cron, Folder, Section, TimeZone

EMBEDDED_CLASSIFIER = "embedded:all-MiniLM-L6-v2"
EMBEDDED_GENERATOR = "embedded:SmolLM2-135M-Instruct"
SETTINGS_FILE = Path("ticketing.toml")


class ImportingSettings(Section):
    """How rows of files and other databases are read."""

    timezone: TimeZone = Field("UTC", description="the time zone of time stamps without one")


class CorpusSettings(Section):
    """What becomes training data, and how it is split."""

    max_body_chars: int = Field(
        100_000, gt=0, description="a ticket with a longer body is refused at import, or routed to a human"
    )
    min_tickets: int = Field(20, ge=20, description="a snapshot needs at least this many labelled tickets")
    min_category_tickets: int = Field(
        5, ge=3, description="categories with fewer tickets are left out: too few to train on and to measure"
    )
    leave_out_categories: tuple[str, ...] = Field((), description="categories that are not trained on")
    validation_share: float = Field(0.1, gt=0, lt=0.5)
    min_validation_tickets: int = Field(
        200,
        ge=0,
        description="minimum number of validation tickets of a language, unless that takes more than a fifth of its "
        "training tickets; the lower confidence bound reaches 0.98 with 114 tickets if all predictions are right, and "
        "with 194 tickets if one is wrong",
    )
    test_share: float = Field(0.1, gt=0, lt=0.5)
    max_held_out_tickets: int = Field(
        2_000,
        gt=0,
        description="maximum number of tickets of a language in the test part and in the validation part; with 2,000, "
        "the 95 % confidence interval of an accuracy of 0.98 is 0.98 ± 0.006",
    )
    near_duplicate_threshold: float = Field(
        0.6,
        gt=0,
        le=1,
        description="tickets with at least this Jaccard similarity of character n-grams are near-duplicates",
    )
    seed: int = 0


class PrivacySettings(Section):
    """What counts as personal data, and where the vault's key comes from."""

    score_threshold: float = Field(0.4, ge=0, le=1)
    name_threshold: float = Field(
        0.08,
        gt=0,
        lt=1,
        description="minimum probability at which a word counts as part of a name or an address; a lower value finds "
        "more names, and mistakes more other words for names",
    )
    order_patterns: tuple[str, ...] = Field(
        (r"[A-Z]{2,4}-?\d{8,14}", r"#\d{6,14}"), description="regular expressions of the shop's order numbers"
    )
    tracking_patterns: tuple[str, ...] = Field(
        (r"1Z[0-9A-Z]{16}", r"(?:SF|YT|JD|JT|ZT|ZTO|STO|YD|DB)[A-Z]{0,2}\d{10,15}", r"[A-Z]{2}\d{9}[A-Z]{2}"),
        description="regular expressions of parcel numbers",
    )
    own_domains: tuple[str, ...] = Field(
        (), description="domains of the shop's own pages; a link to them is not personal data"
    )
    retention_days: int = Field(
        180, gt=0, description="days after a ticket's last change at which its values are deleted"
    )
    vault_key: SecretStr | None = Field(
        None, description="32 bytes as base64; during a key rotation: new,old. Unset: a key file under the home"
    )


class NameFinderSettings(Section):
    """How the finder of names and addresses is trained, once per machine."""

    base_model: str = Field(EMBEDDED_CLASSIFIER, description="a Hugging Face id, a path, or the embedded model")
    layers: int = Field(3, gt=0, description="layers of the base model that are used; fewer are faster")
    examples: int = Field(80_000, gt=0, description="generated texts to train on")
    batch_size: int = Field(32, gt=0)
    learning_rate: float = Field(3e-4, gt=0)
    seed: int = 0


class ClassifierSettings(Section):
    """How the classifier is trained."""

    max_train_tickets: int = Field(
        100_000,
        ge=1_000,
        description="a larger corpus is sampled, stratified by category, so that rare categories keep their tickets; "
        "training time grows in proportion to the tickets, accuracy hardly",
    )
    base_model: str = Field(EMBEDDED_CLASSIFIER, description="a Hugging Face id, a path, or the embedded model")
    method: Literal["auto", "full", "lora", "prefix", "prompt"] = Field(
        "auto", description="how the base model is fine-tuned; auto: full if the memory suffices, otherwise lora"
    )
    lora_rank: int = Field(16, gt=0)
    max_tokens: int = Field(128, gt=0)
    # Unset, the next four depend on the number of tickets per category: models.classifier.trainer.choose_recipe.
    epochs: int | None = Field(None, gt=0)
    batch_size: int | None = Field(None, gt=0)
    learning_rate: float | None = Field(None, gt=0)
    adversarial: float | None = Field(
        None, ge=0, description="step length of adversarial training, which doubles the training time; 0: none"
    )
    min_steps: int = Field(300, gt=0, description="optimizer steps; a small corpus gets more epochs to reach them")
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    class_weights: float = Field(
        0.5, ge=0, le=1, description="exponent of the class weights; 0: equal weights, 1: balanced weights"
    )
    patience: int = Field(3, gt=0, description="epochs without a better macro-F1 before training stops")
    seed: int = 0
    seeds: int = Field(
        1, gt=0, le=10, description="models in the ensemble, each with its own seed; time and memory grow with them"
    )


class GeneratorSettings(Section):
    """How the reply generator is trained."""

    base_model: str = Field(EMBEDDED_GENERATOR, description="a Hugging Face id, a path, or the embedded model")
    languages: tuple[str, ...] | None = Field(
        None,
        description="languages to draft in; a language also needs gate.min_replies test replies. Tickets in other "
        "languages go to a human. Unset: the languages of the base model",
    )
    max_tokens: int = Field(512, gt=0, description="longer training examples (prompt and reply) are left out")
    train_tokens: int = Field(100_000, gt=0, description="training stops after about this many tokens")
    epochs: int = Field(3, gt=0)
    batch_size: int = Field(2, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    lora_rank: int = Field(16, gt=0)
    lora_plus_ratio: float = Field(16, ge=1, description="LoRA+: learning rate of matrix B over that of matrix A")
    seed: int = 0


class EngineSettings(Section):
    """How vLLM runs."""

    kv_cache_gib: int = Field(2, gt=0, description="memory for the key-value cache on a CPU")
    gpu_memory_utilization: float = Field(0.85, gt=0, le=1)
    max_model_len: int = Field(1024, gt=0)
    max_reply_tokens: int = Field(256, gt=0)
    max_num_seqs: int = Field(256, gt=0)
    start_timeout_seconds: int = Field(600, gt=0)


class RegistrySettings(Section):
    """Where trained artefacts are kept."""

    store: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+.]*://",
        description="an fsspec URL (s3://…, file:///…) that all machines can reach; credentials come from the "
        "environment. Unset: a folder under the home",
    )

    @field_validator("store")
    @classmethod
    def without_a_password(cls, url: str | None) -> str | None:
        """Refuses a password: the URL is stored with every model and is shown."""
        if url is not None and urlsplit(url).password is not None:
            raise ValueError("the URL must hold no password: give credentials in the environment")
        return url


class DraftSettings(Section):
    """How new tickets are claimed and drafted."""

    chunk_size: int = Field(512, gt=0, description="tickets that are claimed, drafted and written back together")
    lease_seconds: int = Field(900, gt=0, description="a claim that is not renewed in this time expires")
    max_attempts: int = Field(3, gt=0, description="failed attempts after which a ticket goes to a human")


class PrefectSettings(Section):
    """Where the Prefect server listens, and when the deployments run."""

    host: str = "127.0.0.1"
    port: int = Field(4200, gt=0, lt=65536)
    nightly_cron: Cron = "0 2 * * *"
    retrain_cron: Cron = "0 4 * * 0"
    timezone: TimeZone = "UTC"


class Settings(BaseSettings):
    """All settings. Secrets are masked when printed."""

    model_config = SettingsConfigDict(
        env_prefix="TICKETING_",
        env_nested_delimiter="__",
        toml_file=SETTINGS_FILE,
        extra="forbid",
        frozen=True,
    )

    home: Folder = Field(Path(".ticketing"), description="models, snapshots, reports and the embedded database")
    cache: Folder = Field(Path(platformdirs.user_cache_dir("ticketing")), description="unpacked embedded base models")
    database_url: SecretStr | None = Field(
        None, description="postgresql://…; unset: an embedded Postgres under the home"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    instructions: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="category → language → the generator's instruction"
    )
    importing: ImportingSettings = ImportingSettings()
    corpus: CorpusSettings = CorpusSettings()
    privacy: PrivacySettings = PrivacySettings()
    name_finder: NameFinderSettings = NameFinderSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    generator: GeneratorSettings = GeneratorSettings()
    engine: EngineSettings = EngineSettings()
    gate: GateSettings = GateSettings()
    registry: RegistrySettings = RegistrySettings()
    draft: DraftSettings = DraftSettings()
    prefect: PrefectSettings = PrefectSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process. They are read once.

    Raises:
        ConfigurationError: the settings file can't be read, or a setting is unknown or out of range. The message names
            the setting; it holds no secret.
    """
    file = SETTINGS_FILE.absolute()
    try:
        if file.exists() and not file.is_file():
            raise ConfigurationError(f"{file} is not a file: rename it, or put the settings file in its place.")
        settings = Settings()
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}. Correct that line.") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror}.") from None
    except SettingsError as error:
        raise ConfigurationError(_not_json(error)) from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_input=False)
        )
        raise ConfigurationError(
            f"Wrong settings: {problems}. See ticketing.toml and the TICKETING_* variables."
        ) from None
    return settings.model_copy(update={"home": _resolved(settings.home)})


def _resolved(home: Path) -> Path:
    try:
        return home.resolve()
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "its symbolic links form a loop"
        raise ConfigurationError(
            f"The home folder {home} can't be used: {why}. Set TICKETING_HOME to a folder that you can write to."
        ) from None


def _not_json(error: SettingsError) -> str:
    # The error names the section alone, and its cause quotes the value, which may be a secret.
    section = re.search(r'field "(\w+)"', str(error))
    prefix = f"TICKETING_{section[1]}".upper() if section else "TICKETING_"
    names = ", ".join(sorted(name for name in os.environ if name.upper().startswith(prefix)))
    return (
        f"Wrong settings: a value of {names} can't be read. In the environment a list or a table is written as JSON, "
        """as in TICKETING_CORPUS__LEAVE_OUT_CATEGORIES='["spam"]'."""
    )
