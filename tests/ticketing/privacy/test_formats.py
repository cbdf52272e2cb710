import re

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finders import JOHN
from ticketing.privacy.check_digits import is_card, is_chinese_id, is_vin
from ticketing.privacy.formats import FORMATS
from ticketing.privacy.recognisers import FLAGS, count_digits
from ticketing.privacy.scrubber import Scrubber
from ticketing.settings import PrivacySettings

# In each row: a kind, a sentence, and the value of this kind to find in the sentence.
FOUND = [
    ("CN_ID_CARD", "身份证号{}，请核对", "11010519491231002X"),
    ("CN_ID_CARD", "My ID is {} thanks", "330106196503157928"),
    ("CN_ID_CARD", "身份证：{}", "110105 19491231 002X"),
    ("CN_ID_CARD", "身份证号码{}", "110105491231002"),
    ("CREDIT_CARD", "卡号{}扣款失败", "6222020305067890123"),
    ("CREDIT_CARD", "Charge it to {} please", "4111-1111\n1111-1111"),
    ("BANK_ACCOUNT", "My account number is {}, thanks", "12345678"),
    ("PASSPORT", "我的护照号码是{}", "E12345678"),
    ("PASSPORT", "passport no. {} expires soon", "533380006"),
    ("NATIONAL_ID", "my national insurance number: {}.", "QQ123456C".replace("QQ", "AB")),
    ("NATIONAL_ID", "Codice fiscale {}.", "RSSMRA85T10A562S"),
    ("NATIONAL_ID", "DNI {} as requested", "12345678Z"),
    ("DRIVER_LICENSE", "my driver's license is {}.", "A12345678"),
    ("DRIVER_LICENSE", "驾驶证{}", "330106196503157"),
    ("LICENSE_PLATE", "送货车{}撞了门", "浙A·12345"),
    ("LICENSE_PLATE", "The number plate is {}.", "AB12 CDE"),
    ("DEVICE_ID", "IMEI {}", "490154203237518"),
    ("DEVICE_ID", "MAC {} is offline", "00:1A:2B:3C:4D:5E"),
    ("DEVICE_ID", "serial number: {}", "C02XK1ABJGH5"),
    ("VEHICLE_ID", "The car {} was damaged", "1M8GDM9AXKP042788"),
    ("DATE_OF_BIRTH", "I was born on {}.", "12 March 1980"),
    ("DATE_OF_BIRTH", "出生日期：{}", "1980年3月12日"),
    ("IM_ID", "加我微信{}", "xiaoming_88"),
    ("IM_ID", "QQ：{}", "1234567890"),
    ("IM_ID", "Ask {} on the forum", "@lucky_tom"),
    ("USERNAME", "My username is {}", "jane_doe77"),
    ("USERNAME", "用户名：{}", "xiaoming"),
    ("ORDER_ID", "add something to order {}", "3707955617"),
    ("ORDER_ID", "订单号：{}还没发货", "AB-445-9204"),
    ("URL", "my page {} shows it", "https://jane.example.org/me"),
    ("URL", "see {}.", "ftp://jane:secret@files.example.org/a"),
    ("TRACKING_ID", "Parcel {} is lost", "1Z999AA10123456784"),
    ("TRACKING_ID", "快递单号{}没动", "SF1234567890123"),
    ("EMAIL_ADDRESS", "write to {} please", "jane.doe (at) example (dot) com"),
    ("EMAIL_ADDRESS", "write to {} please", "jane dot doe at example dot com"),
    ("EMAIL_ADDRESS", "邮箱{}", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
    ("PHONE_NUMBER", "请打{}", "一三八一二三四五六七八"),
    ("PHONE_NUMBER", "请打{}", "138\u200b1234\u200b5678"),
    ("PHONE_NUMBER", "请打{}联系我", "138 1234\n5678"),
    ("PHONE_NUMBER", "Call me at {}.", "785 8949"),
    ("PHONE_NUMBER", "Nobody answers: {}, ever", "001-321-194-8268x44208"),
]  # fmt: skip
# Texts in which nothing is to be replaced.
KEPT = [
    "Meet me at the shop at noon, look at the dot on the lamp.",
    "My login is not working and my account was closed.",
    "My username does not work.",
    "The order total was 1234567 in 2024, order 66 was late.",
    "一二三四，再来一次，三五个人",
    "我的账号登录不了，请帮我看看",
    "Batch 12345678901234567 was recalled in March 2024.",
    "The registration fee of 500 was too high.",
    "Serial numbers are missing.",
]


@pytest.mark.parametrize(("kind", "sentence", "value"), FOUND)
def test_whole_value_is_replaced_as_its_kind(scrubber, kind, sentence, value):
    scrubbed = scrubber.scrub([[sentence.format(value)]])[0]

    assert scrubbed.texts == (sentence.format(f"<{kind}_1>"),)
    assert scrubbed.values == {f"<{kind}_1>": value}


@pytest.mark.parametrize("text", KEPT)
def test_text_that_identifies_nobody_is_not_changed(scrubber, text):
    assert scrubber.scrub([[text]])[0].texts == (text,)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.kind}-{FORMATS.index(form)}")
@settings(max_examples=30)
@given(data=st.data())
def test_format_is_searched_for_in_every_text_that_its_pattern_matches(form, data):
    # Python's re has no \K, which only moves the beginning of the match. What must follow the match is generated as well.
    pattern = re.sub(r"\(\?=(.*)\)$", r"(?:\1)", form.pattern.replace(r"\K", ""))
    like_the_pattern = re.compile(pattern, re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII)
    text = data.draw(st.from_regex(like_the_pattern, fullmatch=True))

    found = [match.group() for match in regex.finditer(form.pattern, text, FLAGS)]

    valid = [value for value in found if form.check is None or form.check(value) is not False]
    assert not valid or form.can_match(text.lower(), count_digits(text))


def test_links_to_own_domains_are_kept_unless_they_contain_a_user_name():
    scrubber = Scrubber(PrivacySettings(own_domains=("shop.example.com",)), JOHN)
    text = "See https://www.shop.example.com/returns, not https://jane@shop.example.com or https://evil.example.com/x"

    scrubbed = scrubber.scrub([[text]])[0]

    assert scrubbed.texts == ("See https://www.shop.example.com/returns, not <URL_1> or <URL_2>",)


def test_wrong_check_digits_are_recognised():
    assert is_card("4111 1111 1111 1111") and not is_card("4111 1111 1111 1112")
    assert is_chinese_id("11010519491231002X") is True
    assert is_chinese_id("110105194912310021") is None
    assert is_chinese_id("110105194913310021") is False
    assert is_vin("1M8GDM9AXKP042788") is True
