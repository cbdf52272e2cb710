"""How hard the sample shop is: bags of words must not solve it, and still see most of it."""

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
    """Training and test tickets by language, split as a snapshot is."""
    sample, records = shop(TICKETS)
    chosen = split(
        [one.category for one in records],
        [one.language for one in records],
        [one.group for one in records],
        [one.ticket.created_at for one in sample],
        CorpusSettings(),
    ).parts
    return {
        (language, part): [
            one for one, of in zip(records, chosen, strict=True) if (one.language, of) == (language, part)
        ]
        for language in BAGS
        for part in ("train", "test")
    }


@pytest.mark.parametrize("language", BAGS)
def test_bags_of_words_do_not_solve_it(parts, language):
    train, test = parts[language, "train"], parts[language, "test"]
    accuracy = {}
    for strength in (1, 10):
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, **BAGS[language]), LogisticRegression(C=strength, max_iter=1000)
        )
        model.fit([one.text for one in train], [one.category for one in train])
        accuracy[strength] = model.score([one.text for one in test], [one.category for one in test])
    print(f"\nsample shop, {language}, TF-IDF and logistic regression, {len(train)} to learn from, {len(test)} tested: "
          + ", ".join(f"{value:.3f} with C = {strength}" for strength, value in accuracy.items()))  # fmt: skip

    assert len(test) >= 80
    assert 0.7 < max(accuracy.values()) < 0.88
