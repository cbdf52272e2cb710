"""Measures the scrubber's recall, precision and speed on real data sets, and compares them with stock Presidio's."""

import csv
import json
import re

import psutil
import pytest

from models.names.training import name_finder_for
from ticketing.privacy.measuring import ALL, LabelledText, measure
from ticketing.privacy.placeholders import Span
from ticketing.privacy.scrubber import Scrubber
from ticketing.privacy.stock import StockPresidio
from ticketing.sample import generate_tickets
from ticketing.sample.labelled import labelled_texts
from ticketing.settings import get_settings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

# The kinds of presidio_research's labels that identify a person or an account.
PERSONAL = frozenset(
    {
        "PERSON", "ADDRESS", "PHONE_NUMBER", "EMAIL_ADDRESS", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "IP_ADDRESS",
        "US_DRIVER_LICENSE", "DOMAIN_NAME",
    }
)  # fmt: skip
# The values of a person in multipriv that are checked, and the least share of each that must be found whole.
LEAST_WHOLE_SHARE = {
    "name": 0.95,
    "location": 0.95,
    "idCardNumbers": 0.995,
    "emailAddress": 0.995,
    "phoneNumbers": 0.995,
}


@pytest.fixture(scope="module")
def find():
    """Finds the personal data of each text with the default scrubber, which is already loaded."""
    settings = get_settings()
    scrubber = Scrubber(settings.privacy, name_finder_for(settings))
    scrubber.scrub([["Warm up, Helen."]])
    return lambda texts: [scrubbed.spans[0] for scrubbed in scrubber.scrub([[text] for text in texts])]


def print_scores(title, measured):
    """Prints all scores. Returns the scores by language and kind."""
    print(f"\n{title}: {measured.texts_per_second:.0f} texts/s, {measured.share_with_findings:.2%} of texts changed")
    for score in measured.scores:
        whole_share = score.fully_found / score.entities if score.entities else float("nan")
        metrics = (whole_share, score.precision, score.recall, score.f1, score.f2)
        columns = " ".join(f"{value:.3f}" if value is not None else "—" for value in metrics)
        print(f"  {score.language:4} {score.kind:18} {score.fully_found:6}/{score.entities:<6} whole {columns}")
    return {(score.language, score.kind): score for score in measured.scores}


def test_english_scores_reach_the_aims_at_five_times_the_speed_of_stock_presidio(find, shared_data):
    rows = json.loads((shared_data / "presidio_research" / "generated_large.json").read_text(encoding="utf-8"))
    labelled = [
        LabelledText(
            row["full_text"],
            "en",
            tuple(
                Span(span["start_position"], span["end_position"], span["entity_type"])
                for span in row["spans"]
                if span["entity_type"] in PERSONAL
            ),
        )
        for row in rows
    ]
    own = measure(labelled, find)
    stock = measure(labelled, StockPresidio().find)
    total = print_scores("presidio_research, this pipeline", own)[ALL, ALL]
    print_scores("presidio_research, stock Presidio", stock)
    ratio = own.texts_per_second / stock.texts_per_second
    print(
        f"{total.fully_found / total.entities:.4f} found whole (aim 0.97), F2 {total.f2:.4f} (aim 0.95), "
        f"{ratio:.1f} times the speed of stock Presidio (aim 5)"
    )

    assert total.fully_found >= 0.97 * total.entities
    assert total.f2 >= 0.95
    assert ratio >= 5


@pytest.mark.parametrize(("name", "language"), [("data_person_1000_zh", "zh"), ("data_person_1000", "en")])
def test_share_of_values_found_whole_reaches_the_aim_for_every_kind(find, shared_data, name, language):
    rows = json.loads((shared_data / "multipriv" / f"{name}.json").read_text(encoding="utf-8"))
    labelled = []
    for row in rows:
        text = row["naturalParagraph"]
        values = {kind: str(row.get(kind) or "") for kind in LEAST_WHOLE_SHARE}
        spans = [
            Span(match.start(), match.end(), kind)
            for kind, value in values.items()
            if len(value) > 1
            for match in re.finditer(re.escape(value), text, re.IGNORECASE)
        ]
        labelled.append(LabelledText(text, language, tuple(spans)))

    scores = print_scores(f"multipriv {language}", measure(labelled, find))
    assert {kind for _, kind in scores} >= set(LEAST_WHOLE_SHARE)
    for kind, aim in LEAST_WHOLE_SHARE.items():
        score = scores[language, kind]
        print(f"{kind}: {score.fully_found / score.entities:.4f} found whole (aim {aim})")
        assert score.fully_found >= aim * score.entities, f"too few of {kind} were found whole"


@pytest.mark.parametrize(("path", "column"), [("banking77/test.csv", "text"), ("bitext/tickets.csv", "instruction")])
def test_fewer_than_one_in_fifty_texts_without_personal_data_are_changed(find, shared_data, path, column):
    with (shared_data / path).open(encoding="utf-8", newline="") as file:
        # Leave out Bitext's rows with an entity, for example a name or an order number, which the scrubber should find.
        rows = [row for row in csv.DictReader(file) if not row.get("entity_value")]
    labelled = [LabelledText(row[column], "en", ()) for row in rows]

    measured = measure(labelled, find)
    print_scores(path, measured)
    print(f"{measured.share_with_findings:.4f} of the texts changed (aim: under 0.02)")
    assert measured.share_with_findings < 0.02


def test_recall_on_the_sample_shop_is_over_nine_tenths(find):
    labelled = list(labelled_texts(generate_tickets(history=1500, incoming=0)))
    own, stock = measure(labelled, find), measure(labelled[:1000], StockPresidio().find)

    # Only a check that the scrubber works: the sample's texts resemble those that the name finder was trained on.
    assert print_scores("sample shop", own)[ALL, ALL].recall > 0.9
    print(
        f"{own.texts_per_second / stock.texts_per_second:.1f} times the speed of stock Presidio on texts of the same kind"
    )


def test_memory_grows_by_less_than_200_megabytes_from_1000_to_50000_texts(find):
    texts = [labelled.ticket.body for labelled in generate_tickets(history=1000, incoming=0)]
    process = psutil.Process()
    find(texts)
    after_first = process.memory_info().rss
    for _ in range(49):
        find(texts)
    growth = (process.memory_info().rss - after_first) / 2**20
    print(f"\n1,000 → 50,000 tickets: memory {growth:+.0f} MB")

    assert growth < 200
