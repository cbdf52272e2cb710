import pytest

from ticketing.language import UNKNOWN, detect_language, ticket_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order?", "en"),
        ("Return label?", "en"),
        ("I have been waiting for three weeks now and nobody answers my mails about the parcel.", "en"),
        ("我的订单还没有收到，请帮我查一下物流。", "zh"),
        ("iPhone 15 Pro Max 屏幕碎了，怎么退货？", "zh"),
        ("注文した商品がまだ届いていません。", "ja"),
        ("주문한 상품이 아직 도착하지 않았습니다.", "ko"),
        ("Ich habe meine Bestellung vor drei Wochen aufgegeben und bis heute nichts erhalten.", "de"),
        ("Bonjour, je n'ai toujours pas reçu ma commande et personne ne répond à mes messages.", "fr"),
        ("#123456 ???", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_language_of_a_text_is_detected(text, language):
    assert detect_language(text) == language


def test_text_with_half_a_surrogate_pair_does_not_stop_the_detection():
    assert detect_language("where is my parcel, it should have been here long ago \ud800") == "en"


@pytest.mark.parametrize(
    ("given", "language"),
    [("zh-CN", "zh"), ("zh_Hans", "zh"), (" EN ", "en"), ("de", "de"), (None, "en"), ("", "en"), ("English!", "en")],
)
def test_given_language_is_used_without_its_region_and_an_invalid_one_is_ignored(given, language):
    assert ticket_language(given, "Where is my order?") == language
