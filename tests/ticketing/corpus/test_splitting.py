from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.corpus.sampling import draw_by_category
from ticketing.corpus.splitting import PARTS
from ticketing.corpus.splitting import split as split_by_language
from ticketing.errors import CorpusError
from ticketing.settings import CorpusSettings

SETTINGS = CorpusSettings()
START = datetime(2024, 1, 1, tzinfo=UTC)


def split(categories, groups, times, settings):
    """Splits tickets of one language."""
    return split_by_language(categories, ["en"] * len(categories), groups, times, settings)


def days(count):
    return [START + timedelta(days=number) for number in range(count)]


def parts_by_category(parts, categories):
    return {name: {p for p, c in zip(parts, categories, strict=True) if c == name} for name in set(categories)}


CORPORA = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 400)), min_size=60, max_size=150
).filter(lambda rows: all(Counter(row[0] for row in rows)[name] >= 5 for name in "abc"))


def columns(rows, timed):
    categories, groups, days = (list(column) for column in zip(*rows, strict=True))
    return categories, groups, [START + timedelta(days=day) if timed else None for day in days]


def check(result, categories, languages, groups, times, most=2_000):
    """Checks the invariants of every split."""
    indices = defaultdict(list)
    for index, (group, category) in enumerate(zip(groups, categories, strict=True)):
        if category not in result.too_small:
            indices[group].append(index)
    copies, large = Counter(), []
    for tickets in indices.values():
        parts = [result.parts[i] for i in tickets]
        newest = max(tickets, key=lambda i: (times[i] or START - timedelta(days=1), i))
        kept = {part for part in parts if part}
        if kept == {"train", "test"}:
            assert [i for i in tickets if result.parts[i] == "test"] == [newest]
            large.append(len(tickets))
        elif kept and kept != {"train"}:
            assert [i for i in tickets if result.parts[i]] == [newest], "of a held-out group only the newest counts"
            copies[kept.pop()] += len(tickets) - 1
    assert result.near_copies_left_out == {part: copies[part] for part in ("validation", "test")}
    assert sorted(large, reverse=True) == result.large_groups
    kept_categories = set(categories) - set(result.too_small)
    assert all(
        "train" in kinds
        for name, kinds in parts_by_category(result.parts, categories).items()
        if name in kept_categories
    )
    assert set(result.parts) - {None} == set(PARTS)
    left_out = sum(part is None for part in result.parts)
    small = sum(size.tickets for size in result.too_small.values())
    assert left_out == small + copies.total() + result.newer_left_out
    if result.time_order_violations:
        cutoff = result.time_order_violations.cutoff
        newer, older = Counter(), Counter()
        for part, time in zip(result.parts, times, strict=True):
            newer[part] += time > cutoff
            older[part] += time < cutoff
        assert result.time_order_violations[1:] == (newer["train"], newer["validation"], older["test"])
    held = Counter(zip(result.parts, languages, strict=True))
    assert all(
        held[part, language] <= most + (part == "test") * len(large)
        for part in ("validation", "test")
        for language in set(languages)
    )


@given(CORPORA, st.booleans())
@settings(max_examples=60)
def test_groups_stay_whole_and_every_category_is_in_train(rows, timed):
    categories, groups, times = columns(rows, timed)

    try:
        result = split(categories, groups, times, SETTINGS)
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    check(result, categories, ["en"] * len(rows), groups, times)


@given(CORPORA, st.booleans(), st.sampled_from([5, 2_000]))
@settings(max_examples=60)
def test_a_language_that_is_topped_up_stays_in_train_and_groups_stay_whole(rows, timed, most):
    categories, groups, times = columns(rows, timed)
    languages = ["zh" if group % 3 else "en" for group in groups]
    chosen = CorpusSettings(min_validation_tickets=15, max_held_out_tickets=most)

    try:
        result = split_by_language(categories, languages, groups, times, chosen)
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    check(result, categories, languages, groups, times, most)
    able = [i for i, category in enumerate(categories) if category not in result.too_small]
    total = Counter(languages[i] for i in able)
    left = Counter(languages[i] for i in able if result.parts[i] == "train")
    assert all(left[language] >= 0.3 * total[language] for language in total)


@given(st.lists(st.integers(0, 149), min_size=150, max_size=150), st.integers(0, 400), st.sampled_from([4, 10, 2_000]))
@settings(max_examples=60)
def test_no_training_or_validation_ticket_is_newer_than_a_test_ticket(partners, step, most):
    # Pairs of near-duplicates at random times. Categories and languages alternate, so that no part has to be topped up.
    groups = list(range(150))
    for index, partner in enumerate(partners):
        if groups[index] == index and groups[partner] == partner and groups.count(partner) == 1:
            groups[partner] = index
    times = [START + timedelta(minutes=step * index) for index in range(150)]
    chosen = CorpusSettings(min_validation_tickets=0, max_held_out_tickets=most)

    result = split(["a", "b"] * 75, groups, times, chosen)

    check(result, ["a", "b"] * 75, ["en"] * 150, groups, times, most)
    assert result.time_order_violations[1:] == (0, 0, 0)
    oldest = min(time for part, time in zip(result.parts, times, strict=True) if part == "test")
    assert all(
        time <= oldest for part, time in zip(result.parts, times, strict=True) if part in ("train", "validation")
    )


def test_new_language_is_not_held_out_completely():
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


def test_newest_tickets_are_in_test_and_the_next_newest_in_validation():
    categories = ["a", "b"] * 50

    result = split(categories, range(100), days(100), SETTINGS)

    assert result.kind == "by time"
    assert result.parts == ["train"] * 80 + ["validation"] * 10 + ["test"] * 10


def test_a_group_is_as_new_as_its_newest_ticket_and_counts_once():
    groups = [*range(99), 5]

    result = split(["a", "b"] * 50, groups, days(100), SETTINGS)

    assert (result.parts[5], result.parts[99]) == (None, "test")
    assert result.near_copies_left_out == {"validation": 0, "test": 1}
    assert result.time_order_violations == (days(100)[91], 0, 0, 0)


def test_group_larger_than_the_test_part_has_one_test_ticket_and_the_rest_in_train():
    template = [7, 20, *range(40, 95, 5), 92, 95]
    groups = [7 if index in template else index for index in range(100)]

    result = split(["a", "b"] * 50, groups, days(100), SETTINGS)

    assert result.large_groups == [15]
    assert result.parts[95] == "test"
    assert [index for index in template if result.parts[index] == "train"] == template[:-3]
    assert result.parts[90:93:2] == [None, None], "newer than the oldest test ticket"
    assert result.newer_left_out == 2
    assert result.time_order_violations[1:] == (0, 0, 0)


def test_a_large_group_without_times_is_in_train_and_once_in_test():
    groups = [0] * 20 + list(range(20, 100))

    result = split(["a", "b"] * 50, groups, [None] * 100, SETTINGS)

    assert Counter(result.parts[:20]) == {"train": 19, "test": 1}
    assert result.large_groups == [20]
    assert result.newer_left_out == 0


@pytest.mark.parametrize("timed", [True, False])
def test_held_out_parts_are_capped_by_language_and_keep_rare_categories(timed):
    count = 6_000
    languages = ["zh" if index % 6 == 0 else "en" for index in range(count)]
    categories = ["rare" if index % 50 == 0 else "ab"[index % 2] for index in range(count)]
    settings = CorpusSettings(min_validation_tickets=0, max_held_out_tickets=90)

    result = split_by_language(categories, languages, range(count), days(count) if timed else [None] * count, settings)

    held = Counter(zip(result.parts, languages, strict=True))
    assert all(85 <= held[part, "en"] <= 90 for part in ("test", "validation"))
    assert all(45 <= held[part, "zh"] <= 90 for part in ("test", "validation"))
    rare = Counter(part for part, category in zip(result.parts, categories, strict=True) if category == "rare")
    assert all(rare[part] >= 2 for part in ("test", "validation"))
    assert result.parts.count("train") > 0.9 * count
    if timed:
        assert result.time_order_violations.older_in_test <= 15, "only of the rare category"
        assert result.newer_left_out < 0.06 * count


def test_extinct_category_keeps_test_tickets_and_the_order_records_it():
    categories = ["rare"] * 200 + ["a", "b"] * 900

    result = split(categories, range(2_000), days(2_000), CorpusSettings(max_held_out_tickets=100))

    assert [part for part in result.parts[:200] if part == "test"] == ["test"] * 16
    assert result.time_order_violations.older_in_test == 16


def test_extinct_category_is_tested_on_its_newest_tickets():
    categories = ["old"] * 10 + ["a", "b"] * 45

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[:10] == ["train"] * 8 + ["validation", "test"]


def test_new_category_has_training_tickets():
    categories = ["a", "b"] * 47 + ["new"] * 6

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[-6:] == ["train", "train", "validation", "test", "test", "test"]


def test_without_times_additional_tickets_move_few_others():
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


def test_few_missing_times_keep_the_split_by_time():
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
        (["a"] * 30, "have the category 'a'"),
        (
            ["a"] * 30 + ["b"] * 4 + ["c"],
            r"1 categor.* 'b' \(4 tickets.*'c' \(1 .* Label more .* merge .* corpus.leave_out_categories",
        ),
        (["a"] * 10 + ["b"] * 8 + ["c"] * 4, r"2 categories with 18 tickets .* 20 .* 'c' \(4 tickets"),
    ],
)
def test_too_few_tickets_raise_an_error(categories, message):
    with pytest.raises(CorpusError, match=message):
        split(categories, range(len(categories)), [None] * len(categories), SETTINGS)


@pytest.mark.parametrize("groups", [[0] * 30, [0, 1] * 15])
def test_tickets_that_are_all_duplicates_raise_an_error(groups):
    with pytest.raises(CorpusError, match="near-duplicates"):
        split(["a", "b"] * 15, groups, [None] * 30, SETTINGS)


def test_too_small_category_is_left_out_without_an_error():
    categories = ["new department"] + ["a", "b"] * 50 + ["template"] * 8
    groups = [*range(101), *[101] * 8]

    result = split(categories, groups, days(109), SETTINGS)

    assert result.too_small == {"new department": (1, 1), "template": (8, 1)}
    assert (result.parts[0], set(result.parts[101:])) == (None, {None})
    assert result.parts.count("test") == 10


def test_single_ticket_of_a_language_is_in_train():
    languages = ["fr", *["en"] * 999]
    assert split_by_language(["a", "b"] * 500, languages, range(1000), days(1000), SETTINGS).parts[0] == "train"


def test_extinct_language_has_test_tickets():
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
