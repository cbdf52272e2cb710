import pytest

from tests.finders import JOHN
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings
from ticketing.stages.texts import RawTexts, clean_texts

LIMIT = 1000


@pytest.fixture(scope="module")
def scrubber():
    return Scrubber(PrivacySettings(), JOHN)


def test_characters_that_cannot_be_stored_are_removed(scrubber):
    [clean] = clean_texts([RawTexts("", "a\x00b \ud800 #123456\x00")], scrubber, LIMIT)
    assert clean.body == "ab <ORDER_ID_1>"


def test_subject_of_several_lines_becomes_one_line(scrubber):
    [clean] = clean_texts([RawTexts("Where is\n\nmy parcel", "It is late.")], scrubber, LIMIT)
    assert clean.subject == "Where is my parcel"


def test_value_that_only_cleaning_makes_recognisable_is_scrubbed_too(scrubber):
    [clean] = clean_texts([RawTexts("", "Call John\u200b Smith about it.")], scrubber, LIMIT)
    assert "Smith" not in clean.body


def test_unusable_tickets_keep_no_text_and_the_others_stay_in_order(scrubber):
    first, empty, long, last = clean_texts(
        [RawTexts("", "one"), RawTexts("jane@example.com", " "), RawTexts("", "x" * 2000), RawTexts("", "two")],
        scrubber,
        LIMIT,
    )
    assert (first.body, last.body) == ("one", "two")
    assert (empty.unfit, long.unfit) == ("empty body", "body too long")
    assert (empty.subject, empty.body, empty.values, long.body) == ("", "", {}, "")
