"""How hard the sample shop is to classify: a bag-of-words model must classify most tickets correctly, but not all."""

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.bench.corpora import shop
from ticketing.corpus.splitting import split
from ticketing.settings import CorpusSettings

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
TICKETS = 3_000
BAGS = {"en": {"ngram_range": (1, 2)}, "zh": {"analyzer": "char", "ngram_range": (1, 3)}}


@pytest.fixture(scope="module")
def parts():
    """Training and test tickets by language, from the same split as a snapshot's."""
    sample, records = shop(TICKETS)
    assigned_parts = split(
        [record.category for record in records],
        [record.language for record in records],
        [record.group for record in records],
        [labelled.ticket.created_at for labelled in sample],
        CorpusSettings(),
    ).parts
    return {
        (language, part): [
            record
            for record, assigned_part in zip(records, assigned_parts, strict=True)
            if (record.language, assigned_part) == (language, part)
        ]
        for language in BAGS
        for part in ("train", "test")
    }


@pytest.mark.parametrize("language", BAGS)
def test_bag_of_words_models_reach_a_medium_accuracy(parts, language):
    train, test = parts[language, "train"], parts[language, "test"]
    accuracy = {}
    for c in (1, 10):
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, **BAGS[language]), LogisticRegression(C=c, max_iter=1000)
        )
        model.fit([record.text for record in train], [record.category for record in train])
        accuracy[c] = model.score([record.text for record in test], [record.category for record in test])
    print(f"\nsample shop, {language}, TF-IDF and logistic regression, {len(train)} training tickets, {len(test)} test "
          "tickets: " + ", ".join(f"accuracy {value:.3f} with C = {c}" for c, value in accuracy.items()))  # fmt: skip

    assert len(test) >= 80
    assert 0.7 < max(accuracy.values()) < 0.88
