from hypothesis import given
from hypothesis import strategies as st

from ticketing.privacy.normalising import normalise


@given(st.text(st.sampled_from("aB1１\u200b\ufeff\u3000一八〇\ud800 -\n王"), max_size=40))
def test_every_character_of_the_normalised_text_is_mapped_to_its_original_character(text):
    normalised = normalise(text)

    for start in range(len(normalised.text)):
        first, last = normalised.original_span(start, start + 1)
        assert last == first + 1
        assert normalise(text[first]).text in (normalised.text[start], text[first])
    assert normalised.original_span(0, len(normalised.text))[1] <= len(text)


def test_full_width_digits_invisible_characters_and_chinese_numerals_are_normalised():
    assert normalise("１３８\u200b1234\u00ad5678").text == "13812345678"
    assert normalise("幺三八一二三四五六七八").text == "13812345678"
    assert normalise("三五个").text == "三五个"
