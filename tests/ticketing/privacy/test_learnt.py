from tests.finders import Finder
from ticketing.privacy.examples import generate_examples
from ticketing.privacy.placeholders import restore
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings

WORDS = ["apple", "novel", "bright", "helen"]


def scrub(text, *values):
    return Scrubber(PrivacySettings(), Finder(*values)).scrub([[text]])[0]


def test_what_the_model_finds_is_replaced():
    text = "it goes to helen costa, 12 Mill Lane,\nLeeds LS2 7QT. order #12345678"
    found = [("helen costa", "PERSON"), ("12 Mill Lane,\nLeeds LS2 7QT", "ADDRESS")]

    scrubbed = scrub(text, *found)

    assert scrubbed.texts == ("it goes to <PERSON_1>, <ADDRESS_1>. order <ORDER_ID_1>",)
    assert restore(scrubbed.texts[0], scrubbed.values) == text


def test_a_pattern_wins_over_the_address_around_it():
    scrubbed = scrub("Mill Lane 12 a@example.com", ("Mill Lane 12 a@example.com", "ADDRESS"))

    assert scrubbed.texts == ("<ADDRESS_1> <EMAIL_ADDRESS_1>",)


def test_another_finder_makes_another_version():
    class Other(Finder):
        version = "2"

    assert Scrubber(PrivacySettings(), Finder()).version != Scrubber(PrivacySettings(), Other()).version


def test_an_address_of_a_letter_or_a_bare_house_number_would_take_half_the_ticket_with_it():
    assert scrub("c/o me, 12, it is c 501", ("c", "ADDRESS"), ("501", "ADDRESS")).values == {}


def test_chinese_is_not_asked_of_it():
    asked = []

    class Asked(Finder):
        def find(self, texts):
            asked.extend(texts)
            return super().find(texts)

    text = "我叫Zoe Lee，谢谢 and bye"
    scrubbed = Scrubber(PrivacySettings(), Asked(("Lee", "PERSON"))).scrub([["我的包裹 123", "", text]])[0]

    assert asked == ["Zoe Lee,", " and bye"]
    assert [text[span.start : span.end] for span in scrubbed.spans[2]] == ["Lee"]


def test_examples_name_the_places_of_their_names_and_addresses():
    examples = list(generate_examples(5, 400, WORDS))

    assert examples == list(generate_examples(5, 400, WORDS))
    assert {span.kind for example in examples for span in example.spans} == {"PERSON", "ADDRESS"}
    for example in examples:
        ends = 0
        for span in example.spans:
            assert ends <= span.start < span.end <= len(example.text)
            value = example.text[span.start : span.end]
            assert value == value.strip()
            ends = span.end
    assert sum(not example.spans for example in examples) > 40
