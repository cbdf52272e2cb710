from ticketing.privacy.examples import generate_examples
from ticketing.privacy.placeholders import Span, restore
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings

WORDS = ["apple", "novel", "bright", "helen"]


class Finder:
    """Finds what it was told to."""

    version = "1"

    def __init__(self, *values):
        self.values = values

    def find(self, texts):
        return [
            [
                Span(text.index(value), text.index(value) + len(value), kind)
                for value, kind in self.values
                if value in text
            ]
            for text in texts
        ]


def scrub(text, *values, language="en"):
    return Scrubber(PrivacySettings(), Finder(*values)).scrub([[text]], [language])[0]


def test_what_the_model_finds_is_replaced_in_any_language():
    text = "it goes to helen costa, 12 Mill Lane,\nLeeds LS2 7QT. order #12345678"
    found = [("helen costa", "PERSON"), ("12 Mill Lane,\nLeeds LS2 7QT", "ADDRESS")]

    for language in ("en", "xx", "zh"):
        scrubbed = scrub(text, *found, language=language)

        assert scrubbed.texts == ("it goes to <PERSON_1>, <ADDRESS_1>. order <ORDER_ID_1>",)
        assert restore(scrubbed.texts[0], scrubbed.values) == text


def test_a_pattern_wins_over_the_address_around_it():
    scrubbed = scrub("Mill Lane 12 a@example.com", ("Mill Lane 12 a@example.com", "ADDRESS"))

    assert scrubbed.texts == ("<ADDRESS_1> <EMAIL_ADDRESS_1>",)


def test_another_finder_makes_another_version():
    scrubber, other = Scrubber(PrivacySettings(), Finder()), Scrubber(PrivacySettings())

    assert scrubber.version != other.version


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
