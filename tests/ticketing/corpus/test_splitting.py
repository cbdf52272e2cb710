from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.corpus.splitting import PARTS, draw_by_category
from ticketing.corpus.splitting import split as split_by_language
from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

SETTINGS = CorpusSettings()
START = datetime(2024, 1, 1, tzinfo=UTC)


def split(categories, groups, times, settings):
    """Of tickets in one language."""
    return split_by_language(categories, ["en"] * len(categories), groups, times, settings)


def days(count):
    return [START + timedelta(days=number) for number in range(count)]


def parts_by_category(parts, categories):
    return {name: {p for p, c in zip(parts, categories, strict=True) if c == name} for name in set(categories)}


CORPORA = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 400)), min_size=60, max_size=150
).filter(lambda rows: all(Counter(row[0] for row in rows)[name] >= 5 for name in "abc"))


@given(CORPORA, st.booleans())
def test_groups_stay_whole_and_every_category_is_in_train(rows, timed):
    categories = [category for category, _, _ in rows]
    groups = [group for _, group, _ in rows]
    times = [START + timedelta(days=day) if timed else None for _, _, day in rows]

    try:
        parts = split(categories, groups, times, SETTINGS).parts
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    assert all(len(kinds) == 1 for kinds in parts_by_category(parts, groups).values())
    assert all("train" in kinds for kinds in parts_by_category(parts, categories).values())
    assert set(parts) == set(PARTS)


@given(CORPORA, st.booleans())
def test_a_language_that_is_topped_up_stays_in_train_and_groups_stay_whole(rows, timed):
    categories = [category for category, _, _ in rows]
    groups = [group for _, group, _ in rows]
    languages = ["zh" if group % 3 else "en" for group in groups]
    times = [START + timedelta(days=day) if timed else None for _, _, day in rows]

    try:
        parts = split_by_language(categories, languages, groups, times, CorpusSettings(min_validation_tickets=15)).parts
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    assert all(len(kinds) == 1 for kinds in parts_by_category(parts, groups).values())
    assert all("train" in kinds for kinds in parts_by_category(parts, categories).values())
    before = split(categories, groups, times, CorpusSettings(min_validation_tickets=0)).parts
    trained = Counter(language for language, part in zip(languages, before, strict=True) if part == "train")
    left = Counter(language for language, part in zip(languages, parts, strict=True) if part == "train")
    assert all(left[language] >= 0.5 * trained[language] for language in trained)


def test_a_language_that_has_just_begun_is_not_held_out_whole():
    languages = ["zh"] * 20 + ["en"] * 310 + ["zh"] * 40
    settings = CorpusSettings(min_validation_tickets=15)

    parts = split_by_language(["a", "b"] * 185, languages, range(370), days(370), settings).parts

    assert parts[:20] == ["train"] * 20, "twelve more for validation would be more than a fifth of them"


@given(CORPORA, st.booleans())
def test_every_category_is_in_every_part_where_no_tickets_are_alike(rows, timed):
    categories = [category for category, _, _ in rows]
    times = [START + timedelta(days=day) if timed else None for _, _, day in rows]

    parts = split(categories, range(len(rows)), times, SETTINGS).parts

    assert all(kinds == set(PARTS) for kinds in parts_by_category(parts, categories).values())
    assert 0.05 <= parts.count("test") / len(parts) <= 0.2
    assert parts.count("train") / len(parts) >= 0.6


def test_the_newest_are_tested_on_and_the_next_choose_thresholds():
    categories = ["a", "b"] * 50

    result = split(categories, range(100), days(100), SETTINGS)

    assert result.kind == "by time"
    assert result.parts == ["train"] * 80 + ["validation"] * 10 + ["test"] * 10


def test_a_group_is_as_old_as_its_first_ticket():
    groups = [*range(99), 5]

    parts = split(["a", "b"] * 50, groups, days(100), SETTINGS).parts

    assert parts[5] == parts[99] == "train"
    assert parts[98] == "test"


def test_a_category_that_died_out_is_measured_by_its_newest_tickets():
    categories = ["old"] * 10 + ["a", "b"] * 45

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[:10] == ["train"] * 8 + ["validation", "test"]


def test_a_category_that_has_just_begun_is_trained_on_too():
    categories = ["a", "b"] * 47 + ["new"] * 6

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[-6:] == ["train", "train", "validation", "test", "test", "test"]


def test_without_times_a_few_more_tickets_leave_most_where_they_were():
    before = split(["a", "b"] * 500, range(1_000), [None] * 1_000, SETTINGS).parts
    after = split(["a", "b"] * 510, range(1_020), [None] * 1_020, SETTINGS).parts
    tested = [i for i, part in enumerate(after) if part == "test"]
    learnt_before = [i for i in tested if i < 1_000 and before[i] != "test"]
    assert len(learnt_before) < 0.1 * len(tested)


def test_without_times_tickets_are_drawn_by_category_and_seed():
    categories = ["a"] * 70 + ["b"] * 30
    times = [None] * 100

    first = split(categories, range(100), times, SETTINGS)
    again = split(categories, range(100), times, SETTINGS)
    other = split(categories, range(100), times, CorpusSettings(seed=1))

    assert first.kind == "by category"
    assert first == again
    assert first.parts != other.parts
    counts = Counter(zip(categories, first.parts, strict=True))
    assert (counts["a", "test"], counts["b", "test"]) == (7, 3)
    assert (counts["a", "validation"], counts["b", "validation"]) == (7, 3)


def test_a_few_missing_times_do_not_give_up_the_split_by_time():
    times = [None, *days(199)]

    result = split(["a", "b"] * 100, range(200), times, SETTINGS)

    assert result.kind == "by time"
    assert result.parts[0] == "train"


def test_a_language_with_few_tickets_has_enough_of_them_to_choose_thresholds_on():
    languages = (["en"] * 7 + ["zh"] * 2 + ["de"]) * 60
    settings = CorpusSettings(min_validation_tickets=20)

    parts = split_by_language(["a", "b"] * 300, languages, range(600), days(600), settings).parts

    validation = Counter(language for language, part in zip(languages, parts, strict=True) if part == "validation")
    assert 20 <= validation["zh"] <= 24
    assert validation["en"] == pytest.approx(42, abs=3)
    assert validation["de"] < 12, "a third of its tickets would be too many"
    assert parts.count("test") == 60
    newest = {part: max(i for i, of in enumerate(parts) if of == part and languages[i] == "zh") for part in PARTS}
    assert newest["train"] < newest["validation"] < newest["test"]


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([], "No ticket with a category"),
        (["a"] * 10 + ["b"] * 9, "Only 19 .* 20 are needed"),
        (["a"] * 30, "one category 'a'"),
        (["a"] * 30 + ["b"] * 4 + ["c"], r"'b' \(4\), 'c' \(1\)\. Label more .* merge .* corpus.leave_out_categories"),
    ],
)
def test_too_little_to_learn_from_is_told(categories, message):
    with pytest.raises(CorpusError, match=message):
        split(categories, range(len(categories)), [None] * len(categories), SETTINGS)


@pytest.mark.parametrize("groups", [[0] * 30, [0, 1] * 15])
def test_tickets_that_are_all_alike_are_told(groups):
    with pytest.raises(CorpusError, match="near-duplicates"):
        split(["a", "b"] * 15, groups, [None] * 30, SETTINGS)


def test_a_stray_ticket_in_a_language_of_its_own_is_learnt_from():
    languages = ["fr", *["en"] * 999]
    assert split_by_language(["a", "b"] * 500, languages, range(1000), days(1000), SETTINGS).parts[0] == "train"


def test_a_language_that_came_no_more_is_judged_all_the_same():
    languages = ["zh"] * 300 + ["en"] * 900
    settings = CorpusSettings(min_validation_tickets=20)
    parts = split_by_language(["a", "b"] * 600, languages, range(1200), days(1200), settings).parts

    of_zh = {part: [i for i in range(300) if parts[i] == part] for part in PARTS}
    assert len(of_zh["test"]) == 30, "its share of the test part"
    assert max(of_zh["train"]) < max(of_zh["validation"]) < min(of_zh["test"])


@given(st.lists(st.sampled_from("aaaaaaaaabbbc"), max_size=200), st.integers(1, 250))
def test_a_drawn_sample_has_its_size_and_keeps_rare_categories(categories, count):
    drawn = draw_by_category(categories, count, "seed")

    kept = Counter(categories[index] for index in drawn)
    sizes = Counter(categories)
    assert len(drawn) == min(count, len(categories))
    assert all(kept[name] >= min(size, count // (2 * len(sizes))) for name, size in sizes.items())
    assert drawn == draw_by_category(categories, count, "seed")


def test_another_seed_draws_other_tickets():
    assert draw_by_category(["a"] * 100, 10, "one") != draw_by_category(["a"] * 100, 10, "two")
