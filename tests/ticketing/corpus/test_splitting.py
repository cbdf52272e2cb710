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

SETTINGS = CorpusSettings(test_share=0.1, min_validation_tickets=200)
START = datetime(2024, 1, 1, tzinfo=UTC)


def split(categories, groups, times, settings):
    """Splits tickets of one language."""
    return split_by_language(categories, ["en"] * len(categories), groups, times, settings)


def days(count):
    return [START + timedelta(days=number) for number in range(count)]


def misplaced_tickets(result):
    """Counts of tickets on the wrong side of the cutoff: newer in train, newer in validation, older in test."""
    _, *counts = result.time_order_violations
    return counts


def parts_by_category(parts, categories):
    return {name: {p for p, c in zip(parts, categories, strict=True) if c == name} for name in set(categories)}


CORPORA = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 400)), min_size=60, max_size=150
).filter(lambda rows: all(Counter(row[0] for row in rows)[name] >= 5 for name in "abc"))


def columns(rows, timed):
    categories, groups, days_after_start = (list(column) for column in zip(*rows, strict=True))
    return categories, groups, [START + timedelta(days=day) if timed else None for day in days_after_start]


def check(result, categories, languages, groups, times, max_held_out=2_000):
    """Checks what must be true of every split."""
    tickets_by_group = defaultdict(list)
    for index, (group, category) in enumerate(zip(groups, categories, strict=True)):
        if category not in result.too_small:
            tickets_by_group[group].append(index)
    left_out_copies, large_group_sizes = Counter(), []
    for tickets in tickets_by_group.values():
        newest = max(tickets, key=lambda i: (times[i] or START - timedelta(days=1), i))
        group_parts = {result.parts[i] for i in tickets} - {None}
        if group_parts == {"train", "test"}:
            assert [i for i in tickets if result.parts[i] == "test"] == [newest]
            large_group_sizes.append(len(tickets))
        elif group_parts and group_parts != {"train"}:
            kept = [i for i in tickets if result.parts[i]]
            assert kept == [newest], "a held-out group must keep only its newest ticket"
            left_out_copies[group_parts.pop()] += len(tickets) - 1
    assert result.near_copies_left_out == {part: left_out_copies[part] for part in ("validation", "test")}
    assert sorted(large_group_sizes, reverse=True) == result.large_groups
    kept_categories = set(categories) - set(result.too_small)
    assert all(
        "train" in kinds
        for name, kinds in parts_by_category(result.parts, categories).items()
        if name in kept_categories
    )
    assert set(result.parts) - {None} == set(PARTS)
    left_out = sum(part is None for part in result.parts)
    in_small_categories = sum(size.tickets for size in result.too_small.values())
    assert left_out == in_small_categories + left_out_copies.total() + result.newer_left_out
    if result.time_order_violations:
        cutoff = result.time_order_violations[0]
        newer, older = Counter(), Counter()
        for part, time in zip(result.parts, times, strict=True):
            newer[part] += time > cutoff
            older[part] += time < cutoff
        assert misplaced_tickets(result) == [newer["train"], newer["validation"], older["test"]]
    counts = Counter(zip(result.parts, languages, strict=True))
    assert all(
        counts[part, language] <= max_held_out + (part == "test") * len(large_group_sizes)
        for part in ("validation", "test")
        for language in set(languages)
    )


@given(CORPORA, st.booleans())
@settings(max_examples=60)
def test_random_corpora_are_split_without_leakage_and_train_has_every_category(rows, timed):
    categories, groups, times = columns(rows, timed)

    try:
        result = split(categories, groups, times, SETTINGS)
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    check(result, categories, ["en"] * len(rows), groups, times)


@given(CORPORA, st.booleans(), st.sampled_from([5, 2_000]))
@settings(max_examples=60)
def test_every_language_keeps_training_tickets_when_validation_needs_a_minimum(rows, timed, max_held_out):
    categories, groups, times = columns(rows, timed)
    languages = ["zh" if group % 3 else "en" for group in groups]
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=15, max_held_out_tickets=max_held_out)

    try:
        result = split_by_language(categories, languages, groups, times, settings)
    except CorpusError as error:
        assert "near-duplicates" in str(error)
        return

    check(result, categories, languages, groups, times, max_held_out)
    split_tickets = [i for i, category in enumerate(categories) if category not in result.too_small]
    total = Counter(languages[i] for i in split_tickets)
    in_train = Counter(languages[i] for i in split_tickets if result.parts[i] == "train")
    # A language of a single group of near-duplicates can't be in two parts.
    group_counts = Counter(language for language, _ in {(languages[i], groups[i]) for i in split_tickets})
    assert all(in_train[language] >= 0.3 * total[language] for language in total if group_counts[language] > 1)


@given(st.lists(st.integers(0, 149), min_size=150, max_size=150), st.integers(0, 400), st.sampled_from([4, 10, 2_000]))
@settings(max_examples=60)
def test_no_training_or_validation_ticket_is_newer_than_a_test_ticket(partners, step, max_held_out):
    # Random pairs of near-duplicates. The categories alternate, so no part needs older tickets of a rare category.
    groups = list(range(150))
    for index, partner in enumerate(partners):
        if groups[index] == index and groups[partner] == partner and groups.count(partner) == 1:
            groups[partner] = index
    times = [START + timedelta(minutes=step * index) for index in range(150)]
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=0, max_held_out_tickets=max_held_out)

    result = split(["a", "b"] * 75, groups, times, settings)

    check(result, ["a", "b"] * 75, ["en"] * 150, groups, times, max_held_out)
    assert misplaced_tickets(result) == [0, 0, 0]
    oldest_test_time = min(time for part, time in zip(result.parts, times, strict=True) if part == "test")
    assert all(
        time <= oldest_test_time
        for part, time in zip(result.parts, times, strict=True)
        if part in ("train", "validation")
    )


def test_new_language_is_not_held_out_completely():
    languages = ["zh"] * 20 + ["en"] * 310 + ["zh"] * 40
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=15)

    parts = split_by_language(["a", "b"] * 185, languages, range(370), days(370), settings).parts

    assert parts[:20] == ["train"] * 20, "validation took more than a fifth of the 20 oldest Chinese tickets"


@given(CORPORA, st.booleans())
def test_every_category_is_in_every_part_when_no_tickets_are_near_duplicates(rows, timed):
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


def test_group_is_dated_by_its_newest_ticket_and_only_that_ticket_is_held_out():
    groups = [*range(99), 5]

    result = split(["a", "b"] * 50, groups, days(100), SETTINGS)

    assert (result.parts[5], result.parts[99]) == (None, "test")
    assert result.near_copies_left_out == {"validation": 0, "test": 1}
    assert result.time_order_violations[0] == days(100)[91], "the cutoff is the time of the oldest test ticket"
    assert misplaced_tickets(result) == [0, 0, 0]


def test_group_larger_than_the_test_part_has_one_test_ticket_and_the_rest_in_train():
    indices_of_one_template = [7, 20, *range(40, 95, 5), 92, 95]
    groups = [7 if index in indices_of_one_template else index for index in range(100)]

    result = split(["a", "b"] * 50, groups, days(100), SETTINGS)

    assert result.large_groups == [15]
    assert result.parts[95] == "test"
    in_train = [index for index in indices_of_one_template if result.parts[index] == "train"]
    assert in_train == indices_of_one_template[:-3]
    assert (result.parts[90], result.parts[92]) == (None, None), "too new for train, but not left out"
    assert result.newer_left_out == 2
    assert misplaced_tickets(result) == [0, 0, 0]


def test_large_group_without_times_has_one_test_ticket_and_the_rest_in_train():
    groups = [0] * 20 + list(range(20, 100))

    result = split(["a", "b"] * 50, groups, [None] * 100, SETTINGS)

    assert Counter(result.parts[:20]) == {"train": 19, "test": 1}
    assert result.large_groups == [20]
    assert result.newer_left_out == 0


@pytest.mark.parametrize("timed", [True, False])
def test_held_out_parts_are_capped_per_language_and_keep_rare_categories(timed):
    count = 6_000
    languages = ["zh" if index % 6 == 0 else "en" for index in range(count)]
    categories = ["rare" if index % 50 == 0 else "ab"[index % 2] for index in range(count)]
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=0, max_held_out_tickets=90)

    result = split_by_language(categories, languages, range(count), days(count) if timed else [None] * count, settings)

    counts = Counter(zip(result.parts, languages, strict=True))
    assert all(85 <= counts[part, "en"] <= 90 for part in ("test", "validation"))
    assert all(45 <= counts[part, "zh"] <= 90 for part in ("test", "validation"))
    rare = Counter(part for part, category in zip(result.parts, categories, strict=True) if category == "rare")
    assert all(rare[part] >= 2 for part in ("test", "validation"))
    assert result.parts.count("train") > 0.9 * count
    if timed:
        assert result.time_order_violations.older_in_test <= 15, "test has old tickets of more than the rare category"
        assert result.newer_left_out < 0.06 * count


def test_category_without_recent_tickets_keeps_test_tickets_and_they_are_counted_as_older():
    categories = ["rare"] * 200 + ["a", "b"] * 900

    result = split(
        categories,
        range(2_000),
        days(2_000),
        CorpusSettings(test_share=0.1, min_validation_tickets=200, max_held_out_tickets=100),
    )

    assert [part for part in result.parts[:200] if part == "test"] == ["test"] * 16
    assert result.time_order_violations.older_in_test == 16


def test_category_without_recent_tickets_is_tested_on_its_newest_ticket():
    categories = ["old"] * 10 + ["a", "b"] * 45

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[:10] == ["train"] * 8 + ["validation", "test"]


def test_category_with_only_recent_tickets_has_training_tickets():
    categories = ["a", "b"] * 47 + ["new"] * 6

    parts = split(categories, range(100), days(100), SETTINGS).parts

    assert parts[-6:] == ["train", "train", "validation", "test", "test", "test"]


def test_adding_tickets_without_times_changes_the_part_of_few_existing_tickets():
    before = split(["a", "b"] * 500, range(1_000), [None] * 1_000, SETTINGS).parts
    after = split(["a", "b"] * 510, range(1_020), [None] * 1_020, SETTINGS).parts
    in_test = [i for i, part in enumerate(after) if part == "test"]
    moved_to_test = [i for i in in_test if i < 1_000 and before[i] != "test"]
    assert len(moved_to_test) < 0.1 * len(in_test)


def test_tickets_without_times_are_drawn_by_category_and_seed():
    categories = ["a"] * 70 + ["b"] * 30
    times = [None] * 100

    first = split(categories, range(100), times, SETTINGS)
    again = split(categories, range(100), times, SETTINGS)
    other_seed = split(
        categories, range(100), times, CorpusSettings(test_share=0.1, min_validation_tickets=200, seed=1)
    )

    assert first.kind == "by category"
    assert first == again
    assert first.parts != other_seed.parts
    counts = Counter(zip(categories, first.parts, strict=True))
    assert (counts["a", "test"], counts["b", "test"]) == (7, 3)
    assert (counts["a", "validation"], counts["b", "validation"]) == (7, 3)


def test_tickets_are_split_by_time_when_few_times_are_missing():
    times = [None, *days(199)]

    result = split(["a", "b"] * 100, range(200), times, SETTINGS)

    assert result.kind == "by time"
    assert result.parts[0] == "train"


def test_small_language_gets_the_minimum_number_of_validation_tickets():
    languages = (["en"] * 7 + ["zh"] * 2 + ["de"]) * 60
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=20)

    parts = split_by_language(["a", "b"] * 300, languages, range(600), days(600), settings).parts

    validation = Counter(language for language, part in zip(languages, parts, strict=True) if part == "validation")
    assert 20 <= validation["zh"] <= 24
    assert validation["en"] == pytest.approx(42, abs=3)
    assert validation["de"] < 12, "validation took too many of the few German tickets"
    assert parts.count("test") == 60
    newest_chinese = {
        part: max(i for i, assigned_part in enumerate(parts) if assigned_part == part and languages[i] == "zh")
        for part in PARTS
    }
    assert newest_chinese["train"] < newest_chinese["validation"] < newest_chinese["test"]


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([], "No ticket with a category"),
        (["a"] * 10 + ["b"] * 9, "Only 19 .* 20 are needed"),
        (["a"] * 30, "have the category 'a'"),
        (
            ["a"] * 30 + ["b"] * 4 + ["c"],
            r"20 tickets in all, are needed, but there are 1, with 30 tickets.* 'b' \(4 tickets.*'c' \(1 .* Label more .* merge .* corpus.leave_out_categories",
        ),
        (["a"] * 10 + ["b"] * 8 + ["c"] * 4, r"20 tickets in all, .* there are 2, with 18 tickets.* 'c' \(4 tickets"),
    ],
)
def test_too_few_tickets_raise_an_error(categories, message):
    with pytest.raises(CorpusError, match=message):
        split(categories, range(len(categories)), [None] * len(categories), SETTINGS)


@pytest.mark.parametrize("groups", [[0] * 30, [0, 1] * 15])
def test_tickets_that_are_all_near_duplicates_raise_an_error(groups):
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


def test_language_without_recent_tickets_has_test_tickets():
    languages = ["zh"] * 300 + ["en"] * 900
    settings = CorpusSettings(test_share=0.1, min_validation_tickets=20)
    parts = split_by_language(["a", "b"] * 600, languages, range(1200), days(1200), settings).parts

    chinese = {part: [i for i in range(300) if parts[i] == part] for part in PARTS}
    assert len(chinese["test"]) == 30, "Chinese does not have its share of the test part"
    assert max(chinese["train"]) < max(chinese["validation"]) < min(chinese["test"])


@given(st.lists(st.sampled_from("aaaaaaaaabbbc"), max_size=200), st.integers(1, 250))
def test_drawn_sample_has_the_requested_size_and_keeps_rare_categories(categories, count):
    drawn = draw_by_category(categories, count, "seed")

    drawn_counts = Counter(categories[index] for index in drawn)
    sizes = Counter(categories)
    assert len(drawn) == min(count, len(categories))
    assert all(drawn_counts[name] >= min(size, count // (2 * len(sizes))) for name, size in sizes.items())
    assert drawn == draw_by_category(categories, count, "seed")


def test_another_seed_draws_other_tickets():
    assert draw_by_category(["a"] * 100, 10, "one") != draw_by_category(["a"] * 100, 10, "two")
