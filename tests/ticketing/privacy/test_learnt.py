from tests.finders import Finder
from ticketing.privacy.examples import generate_examples
from ticketing.privacy.placeholders import restore
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings

WORDS = ["apple", "novel", "bright", "helen"]


def scrub(text, *values):
    """Scrubs a text with a name finder that finds these values."""
    return Scrubber(PrivacySettings(), Finder(*values)).scrub([[text]])[0]


def test_values_that_the_name_finder_finds_are_replaced():
    text = "it goes to helen costa, 12 Mill Lane,\nLeeds LS2 7QT. order #12345678"
    values_to_find = [("helen costa", "PERSON"), ("12 Mill Lane,\nLeeds LS2 7QT", "ADDRESS")]

    scrubbed = scrub(text, *values_to_find)

    assert scrubbed.texts == ("it goes to <PERSON_1>, <ADDRESS_1>. order <ORDER_ID_1>",)
    assert restore(scrubbed.texts[0], scrubbed.values) == text


def test_value_with_a_fixed_format_is_cut_out_of_the_address_around_it():
    scrubbed = scrub("Mill Lane 12 a@example.com", ("Mill Lane 12 a@example.com", "ADDRESS"))

    assert scrubbed.texts == ("<ADDRESS_1> <EMAIL_ADDRESS_1>",)


def test_scrubber_with_another_version_of_the_name_finder_has_another_version():
    class NewerFinder(Finder):
        version = "2"

    assert Scrubber(PrivacySettings(), Finder()).version != Scrubber(PrivacySettings(), NewerFinder()).version


def test_addresses_of_one_letter_or_one_house_number_are_ignored():
    assert scrub("c/o me, 12, it is c 501", ("c", "ADDRESS"), ("501", "ADDRESS")).values == {}


def test_name_finder_gets_only_the_parts_of_a_text_that_are_not_chinese():
    received = []

    class RecordingFinder(Finder):
        def find(self, texts):
            received.extend(texts)
            return super().find(texts)

    text = "我叫Zoe Lee，谢谢 and bye"
    scrubbed = Scrubber(PrivacySettings(), RecordingFinder(("Lee", "PERSON"))).scrub([["我的包裹 123", "", text]])[0]

    assert received == ["Zoe Lee,", " and bye"]
    assert [text[span.start : span.end] for span in scrubbed.spans[2]] == ["Lee"]


def test_training_examples_have_valid_spans_of_names_and_addresses():
    examples = list(generate_examples(5, 400, WORDS))

    assert examples == list(generate_examples(5, 400, WORDS))
    assert {span.kind for example in examples for span in example.spans} == {"PERSON", "ADDRESS"}
    for example in examples:
        previous_end = 0
        for span in example.spans:
            assert previous_end <= span.start < span.end <= len(example.text)
            value = example.text[span.start : span.end]
            assert value == value.strip()
            previous_end = span.end
    assert sum(not example.spans for example in examples) > 40
