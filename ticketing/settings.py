"""Every setting of the pipeline as one typed object, read from the environment and `ticketing.toml`.

`TICKETING_GATE__ACCURACY=0.97` sets `settings.gate.accuracy`; the environment wins over the file.
"""

import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from ticketing.errors import ConfigurationError
from ticketing.setting_types import Cron, Folder, TimeZone

EMBEDDED_CLASSIFIER = "embedded:all-MiniLM-L6-v2"
EMBEDDED_GENERATOR = "embedded:SmolLM2-135M-Instruct"
SETTINGS_FILE = Path("ticketing.toml")


class Section(BaseModel):
    """A part of the settings; an unknown name in it is an error, since it is most likely a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ImportingSettings(Section):
    """How rows of files and other databases are read."""

    timezone: TimeZone = Field("UTC", description="the zone of time stamps that have none")


class CorpusSettings(Section):
    """What becomes training data, and how it is split."""

    max_body_chars: int = Field(100_000, gt=0, description="a longer body is refused at import and routed to a human")
    min_tickets: int = Field(20, ge=20, description="fewer labelled tickets than this make no corpus")
    min_category_tickets: int = Field(
        5, ge=3, description="a category with fewer tickets can't be learnt or measured, and is left out"
    )
    leave_out_categories: tuple[str, ...] = Field((), description="categories that are not trained on")
    validation_share: float = Field(0.1, gt=0, lt=0.5)
    min_validation_tickets: int = Field(
        200,
        ge=0,
        description="of each language, if that takes a fifth of its training tickets at most; see gate.accuracy",
    )
    test_share: float = Field(0.1, gt=0, lt=0.5)
    max_held_out_tickets: int = Field(
        2_000,
        gt=0,
        description="of each language in test and in validation: 2,000 tell an accuracy of 0.98 to within 0.006; more "
        "would only cost training tickets and time",
    )
    near_duplicate_threshold: float = Field(0.6, gt=0, le=1, description="Jaccard similarity of runs of characters")
    seed: int = 0


class PrivacySettings(Section):
    """What counts as personal data, and where the vault's key comes from."""

    score_threshold: float = Field(0.4, ge=0, le=1)
    name_threshold: float = Field(
        0.08, gt=0, lt=1, description="how likely a word must be part of a name or an address: lower finds more of them"
    )
    order_patterns: tuple[str, ...] = Field(
        (r"[A-Z]{2,4}-?\d{8,14}", r"#\d{6,14}"), description="regular expressions of the shop's order numbers"
    )
    tracking_patterns: tuple[str, ...] = Field(
        (r"1Z[0-9A-Z]{16}", r"(?:SF|YT|JD|JT|ZT|ZTO|STO|YD|DB)[A-Z]{0,2}\d{10,15}", r"[A-Z]{2}\d{9}[A-Z]{2}"),
        description="regular expressions of parcel numbers",
    )
    own_domains: tuple[str, ...] = Field((), description="links to these are no personal data: the shop's own pages")
    retention_days: int = Field(180, gt=0, description="values leave the vault when a ticket is unchanged for so long")
    vault_key: SecretStr | None = Field(
        None, description="32 bytes as base64, or new,old while keys change; else a key file under the home is made"
    )


class NameFinderSettings(Section):
    """How the finder of names and addresses is trained, once a machine."""

    base_model: str = Field(EMBEDDED_CLASSIFIER, description="a Hugging Face id, a path, or the embedded model")
    layers: int = Field(3, gt=0, description="how many of the base model's layers are used: fewer are faster")
    examples: int = Field(80_000, gt=0, description="made-up texts to train on")
    batch_size: int = Field(32, gt=0)
    learning_rate: float = Field(3e-4, gt=0)
    seed: int = 0


class ClassifierSettings(Section):
    """How the classifier is trained."""

    max_train_tickets: int = Field(
        100_000,
        ge=1_000,
        description="a larger corpus is sampled by category: ten times the tickets take ten times the time, for little "
        "accuracy; rare categories keep their tickets",
    )
    base_model: str = Field(EMBEDDED_CLASSIFIER, description="a Hugging Face id, a path, or the embedded model")
    method: Literal["auto", "full", "lora", "prefix", "prompt"] = Field(
        "auto", description="how much of it is trained; auto: all of it if the memory suffices, otherwise LoRA"
    )
    lora_rank: int = Field(16, gt=0)
    max_tokens: int = Field(128, gt=0)
    # Defaults of the next four depend on the number of tickets a category: models.classifier.trainer, choose_recipe.
    epochs: int | None = Field(None, gt=0)
    batch_size: int | None = Field(None, gt=0)
    learning_rate: float | None = Field(None, gt=0)
    adversarial: float | None = Field(
        None, ge=0, description="step length of adversarial training, which takes twice the time; 0: none"
    )
    min_steps: int = Field(300, gt=0, description="a small corpus is trained on for more epochs, up to so many steps")
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    class_weights: float = Field(
        0.5, ge=0, le=1, description="exponent of the weights of rare categories; 0: equal weights, 1: balanced weights"
    )
    patience: int = Field(3, gt=0, description="epochs without a better macro-F1 before training stops")
    seed: int = 0
    seeds: int = Field(
        1, gt=0, le=10, description="so many models, trained with different seeds, vote: so many times time and memory"
    )


class GeneratorSettings(Section):
    """How the reply generator is trained."""

    base_model: str = Field(EMBEDDED_GENERATOR, description="a Hugging Face id, a path, or the embedded model")
    languages: tuple[str, ...] | None = Field(
        None,
        description="languages it drafts in, if there are gate.min_replies test replies to judge it by; tickets in "
        "others go to a human. Unset: what the base model can write",
    )
    max_tokens: int = Field(512, gt=0, description="prompt and reply together, in training")
    train_tokens: int = Field(100_000, gt=0, description="training stops after about so many tokens")
    epochs: int = Field(3, gt=0)
    batch_size: int = Field(2, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    lora_rank: int = Field(16, gt=0)
    lora_plus_ratio: float = Field(16, ge=1, description="how much faster the second LoRA matrix learns than the first")
    seed: int = 0


class EngineSettings(Section):
    """How vLLM runs."""

    kv_cache_gib: int = Field(2, gt=0, description="memory for the key-value cache on a CPU")
    gpu_memory_utilization: float = Field(0.85, gt=0, le=1)
    max_model_len: int = Field(1024, gt=0)
    max_reply_tokens: int = Field(256, gt=0)
    max_num_seqs: int = Field(256, gt=0)
    start_timeout_seconds: int = Field(600, gt=0)


# Why a reviewer would reject a reply, in the order of the report's columns.
FAULTS = (
    "empty_or_cut_off",
    "wrong_language",
    "wrong_order_number",
    "invented_fact",
    "unknown_promise",
)
ANY_FAULT = "any_fault"
# Who is compared with in what: a rule against anybody else could never be judged.
COMPARED: dict[tuple[str, str], tuple[str, ...]] = {
    ("classifier", "accuracy"): ("champion",),
    ("classifier", "coverage"): ("champion",),
    ("classifier", "recall"): ("champion",),
    **{("generator", metric): ("champion", "base", "nearest") for metric in ("bleu", "chrf", ANY_FAULT, *FAULTS)},
}


class GateRule(Section):
    """One rule of the gate: a metric in a scope, held against a value or against what another system reaches."""

    kind: Literal["classifier", "generator"]
    metric: str = Field(min_length=1, description="as the report names it: selective_accuracy, bleu, wrong_language, …")
    scope: str = Field(
        "all",
        pattern=r"^(all|each (language|category)|(language|category)=.+)$",
        description="all, 'each language', 'each category', 'language=zh', 'category=payment'",
    )
    operator: Literal[">=", ">", "<=", "<"] = ">="
    value: float | None = Field(None, description="what the metric is held against")
    against: Literal["champion", "base", "nearest"] | None = Field(
        None, description="instead of a value: who is compared with, on the same tickets"
    )
    margin: float = Field(0.0, ge=0, description="by how much it may be worse than whom it is compared with")
    confidence: float | None = Field(
        None, gt=0.5, lt=1, description="how sure it must be: the end of the interval is judged, not the number"
    )
    min_count: int | None = Field(
        None, gt=0, description="on fewer tickets it fails. Unset: gate.min_tickets, for a generator gate.min_replies"
    )

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        of_categories = self.scope == "each category" or self.scope.startswith("category=")
        if self.kind == "classifier" and self.metric == "accuracy" and of_categories:
            raise ValueError("the accuracy of a single category is its recall: set metric = 'recall'")
        if self.kind == "classifier" and self.metric in ("recall", "precision") and not of_categories:
            raise ValueError(f"{self.metric} is measured by category: set scope = 'each category', or name a category")
        if (self.value is None) == (self.against is None):
            raise ValueError(f"the rule on {self.metric} needs either a value or 'against'")
        if self.against is not None and self.against not in COMPARED.get((self.kind, self.metric), ()):
            metrics = ", ".join(m for (kind, m), who in COMPARED.items() if kind == self.kind and self.against in who)
            raise ValueError(
                f"a {self.kind}'s {self.metric} is not compared with the {self.against}, so the rule could never pass; "
                f"compared is: {metrics or 'nothing'}"
            )
        if self.against is not None and self.metric in (ANY_FAULT, *FAULTS) and self.operator in (">", ">="):
            raise ValueError(f"{self.metric} is better the smaller it is: a rule against another wants '<=' or '<'")
        return self


class GateSettings(Section):
    """What a candidate must reach before it is promoted. `rules`, where given, stand in for a kind's default ones."""

    accuracy: float = Field(0.98, gt=0, le=1, description="on the test tickets that the classifier routes itself")
    confidence: float = Field(
        0.9, gt=0.5, lt=1, description="how sure the threshold chosen on validation tickets must be, and the gate of it"
    )
    out_of_scope_share: float = Field(
        0.01, gt=0, lt=0.5, description="of tickets that are in scope, how many may be taken for out of scope"
    )
    min_coverage: float = Field(0.2, ge=0, le=1, description="the least share of test tickets it must route itself")
    min_tickets: int = Field(100, gt=0, description="on fewer test tickets, all or routed, no classifier is judged")
    min_replies: int = Field(50, gt=0, description="on fewer test replies in a language no generator is judged")
    max_test_replies: int = Field(
        150, gt=0, description="at most so many test replies are scored, or min_replies a language"
    )
    max_reply_faults: dict[str, float] = Field(
        {"wrong_language": 0.02, "empty_or_cut_off": 0.05, "wrong_order_number": 0.05, "invented_fact": 0.1},
        description="the largest share of replies with each fault",
    )
    rules: tuple[GateRule, ...] = Field(
        (), description="[[gate.rules]] tables; a kind without any has the default ones"
    )
    human_approval: bool = Field(False, description="a person confirms each promotion in Prefect's UI")
    approval_timeout_seconds: int = Field(12 * 3600, gt=0, description="no answer for so long is a no")


class RegistrySettings(Section):
    """Where trained artefacts are kept."""

    store: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+.]*://",
        description="an fsspec URL (s3://…, file:///…) all machines reach, credentials from the environment; "
        "unset: under the home",
    )

    @field_validator("store")
    @classmethod
    def without_a_password(cls, url: str | None) -> str | None:
        """The URL is kept with every model and shown: it is no place for a secret."""
        if url is not None and urlsplit(url).password is not None:
            raise ValueError("it must hold no password: credentials come from the environment")
        return url


class DraftSettings(Section):
    """How new tickets are claimed and drafted."""

    chunk_size: int = Field(512, gt=0, description="tickets claimed, drafted and written back together")
    lease_seconds: int = Field(900, gt=0, description="a claim not renewed for so long is free again")
    max_attempts: int = Field(3, gt=0, description="after so many failed attempts a ticket goes to a human")


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
    cache: Folder = Field(
        Path(platformdirs.user_cache_dir("ticketing")), description="embedded base models, unpacked once"
    )
    database_url: SecretStr | None = Field(
        None, description="postgresql://…; unset: an embedded Postgres under the home"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    instructions: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="category → language → what the generator is told to do"
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
    """The settings of this process, read once.

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
        raise ConfigurationError(f"{file} is no valid TOML: {error}. Correct that line.") from None
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
        raise ConfigurationError(f"The home {home} can't be used: {why}. Set TICKETING_HOME to a folder.") from None


def _not_json(error: SettingsError) -> str:
    # The error names the section alone, and its cause quotes the value, which may be a secret.
    section = re.search(r'field "(\w+)"', str(error))
    prefix = f"TICKETING_{section[1]}".upper() if section else "TICKETING_"
    names = ", ".join(sorted(name for name in os.environ if name.upper().startswith(prefix)))
    return (
        f"Wrong settings: a value of {names} can't be read. In the environment a list or a table is written as JSON, "
        """as in TICKETING_CORPUS__LEAVE_OUT_CATEGORIES='["spam"]'."""
    )
