import csv
import itertools
import random
import time
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.corpus.duplicates import exact_key, near_duplicate_groups, normalised, shingle_hashes

WORDS = [
    "parcel",
    "invoice",
    "refund",
    "broken",
    "lamp",
    "blue",
    "chair",
    "yesterday",
    "courier",
    "password",
    "login",
    "size",
    "late",
    "wrong",
    "twice",
]


def sentence(seed: int, words: int = 12) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_texts_that_differ_in_case_space_and_placeholder_numbers_are_exact_duplicates():
    assert exact_key("Where  is\n<ORDER_ID_1>?") == exact_key("where is <ORDER_ID_7>?")
    assert exact_key("Where is <ORDER_ID_1>?") != exact_key("Where is <PERSON_1>?")


def test_texts_with_one_changed_word_share_a_group_and_different_texts_do_not():
    texts = [
        "I would like to know where my parcel is, it should have come on Monday.",
        "The blue chair arrived with a broken leg and I want my money back.",
        "I would like to know where my parcel is, it should have come on Friday!",
        "我上周买的蓝色椅子到现在还没有收到，请帮我查一下物流",
        "我上周买的红色椅子到现在还没有收到，请帮我查一下物流",
        "登录密码忘记了，怎么也收不到验证码",
    ]

    assert near_duplicate_groups(texts, 0.6) == [0, 1, 0, 3, 3, 5]


def test_chain_of_near_duplicates_is_one_group():
    words = [f"{word}{number}" for number, word in enumerate(WORDS + WORDS)]
    first, second, third = " ".join(words[:26]), " ".join(words[2:28]), " ".join(words[4:30])

    assert near_duplicate_groups([first, third], 0.78) == [0, 1]
    assert near_duplicate_groups([first, third, second], 0.78) == [0, 0, 0]


@given(st.lists(st.text(max_size=40), max_size=12))
def test_equal_texts_share_a_group_whose_number_is_the_index_of_its_first_text(texts):
    groups = near_duplicate_groups(texts, 0.6)

    assert len(groups) == len(texts)
    assert all(groups[group] == group <= index for index, group in enumerate(groups))
    assert all(groups[texts.index(text)] == groups[index] for index, text in enumerate(texts))


def test_text_shorter_than_a_shingle_is_one_shingle():
    assert len(shingle_hashes("")) == len(shingle_hashes("?")) == 1
    assert len(shingle_hashes("四个汉字")) == 2
    assert shingle_hashes("?") != shingle_hashes("!")


def test_shingle_has_the_same_hash_at_every_position():
    common = set(shingle_hashes("my parcel is late").tolist()) & set(shingle_hashes("where is my parcel?").tolist())

    assert len(common) == len("my parcel") - 4


def variants(template_seed: int, count: int, changed_words: int = 3) -> list[str]:
    """Makes texts from one random template. In each text a few words are replaced."""
    dice = random.Random(template_seed)
    template = [f"{dice.choice(WORDS)}{dice.randrange(100)}" for _ in range(40)]
    texts = []
    for _ in range(count):
        words = list(template)
        for position in dice.sample(range(len(words)), changed_words):
            words[position] = f"{dice.choice(WORDS)}{dice.randrange(100)}"
        texts.append(" ".join(words))
    return texts


def five_character_shingles(text: str) -> set[str]:
    plain = normalised(text)
    return {plain[i : i + 5] for i in range(len(plain) - 4)}


@given(st.integers(0, 1000), st.sampled_from([3, 8, 12, 16]))
@settings(max_examples=20, deadline=None)
def test_clear_near_duplicates_are_grouped_and_different_texts_are_not(seed, changed_words):
    texts = [text for number in range(5) for text in variants(seed + number, 12, changed_words)]
    shingles = [five_character_shingles(text) for text in texts]
    similar_pairs = {
        similarity: [
            (i, k)
            for i, k in itertools.combinations(range(len(texts)), 2)
            if len(shingles[i] & shingles[k]) >= similarity * len(shingles[i] | shingles[k])
        ]
        for similarity in (0.45, 0.75)
    }

    groups = near_duplicate_groups(texts, 0.6)

    # The standard error of the estimate is about 0.04. So a pair above 0.75 must be grouped at the threshold 0.6, and a
    # pair below 0.45 must not. Between these values both results are right.
    assert all(groups[i] == groups[k] for i, k in similar_pairs[0.75])
    possible_groups = components(len(texts), similar_pairs[0.45])
    assert all(possible_groups[i] == possible_groups[group] for i, group in enumerate(groups))


def components(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The connected component of each of `count` texts, if each pair is an edge."""
    labels = list(range(count))
    for i, k in pairs:
        low, high = sorted((labels[i], labels[k]))
        labels = [low if label == high else label for label in labels]
    return labels


def test_five_thousand_different_tickets_are_grouped_within_ten_seconds():
    texts = [sentence(seed, 60) for seed in range(5000)]

    began = time.monotonic()
    groups = near_duplicate_groups(texts, 0.6)

    assert time.monotonic() - began < 10
    assert len(set(groups)) > 4900


def test_fifty_thousand_tickets_from_one_template_are_one_group_within_a_minute():
    texts = variants(1, 50_000) + variants(2, 100)

    began = time.monotonic()
    groups = near_duplicate_groups(texts, 0.6)

    assert time.monotonic() - began < 60
    assert set(groups) == {0, 50_000}


def test_real_tickets_made_from_templates_do_not_form_one_large_group(shared_data):
    with (shared_data / "bitext" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["instruction"] for row in csv.DictReader(file)]

    sizes = Counter(near_duplicate_groups(texts, 0.6))

    assert max(sizes.values()) < 0.05 * len(texts)
    assert sum(size for size in sizes.values() if size > 1) > 0.2 * len(texts)
