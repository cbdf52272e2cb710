import pytest


def found_values(scrubber, text):
    """The values that the scrubber replaces, with their kinds."""
    scrubbed = scrubber.scrub([[text]])[0]
    return {(value, placeholder.rsplit("_", 1)[0].strip("<")) for placeholder, value in scrubbed.values.items()}


def test_chinese_names_and_addresses_are_found_after_english_words(scrubber):
    text = "Hello, 我叫王小明，住在浙江省杭州市西湖区文三路3763号2栋301室，包裹还没有到。"

    assert found_values(scrubber, text) == {
        ("王小明", "PERSON"),
        ("浙江省杭州市西湖区文三路3763号2栋301室", "ADDRESS"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("收件人：欧阳娜娜，请尽快发货", {("欧阳娜娜", "PERSON")}),
        ("您好，我是李静，订单还没发货", {("李静", "PERSON")}),
        ("宋军您好，\n\n订单的发票已开", {("宋军", "PERSON")}),
        ("尊敬的赵军，您好，很抱歉", {("赵军", "PERSON")}),
        ("验证码收不到。\n\n谢谢！\n胡子涵\n\n发自我的手机", {("胡子涵", "PERSON")}),
        ("请寄到上海市浦东新区锦绣路12号3栋1201室，谢谢", {("上海市浦东新区锦绣路12号3栋1201室", "ADDRESS")}),
    ],
)
def test_chinese_names_and_addresses_are_found(scrubber, text, expected):
    assert found_values(scrubber, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "请问能寄到北京市吗？",
        "我在上海，快递什么时候到？",
        "客服态度很差，我要投诉",
        "吸尘器坏了，要求退货",
        "支持微信支付吗",
        "请尽快处理\n谢谢\n",
        "颜色是\n黄色\n谢谢您！",
        "亲您好，客服您好",
    ],
)
def test_towns_products_and_job_titles_are_not_replaced(scrubber, text):
    assert found_values(scrubber, text) == set()
