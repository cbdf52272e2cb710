"""The sample shop's customers and their personal data: made up, in the formats that such data has.

Card numbers and IBANs pass their checks but belong to ranges that are documented as examples; e-mail domains are reserved.
"""

import random
from collections.abc import Mapping

from ticketing.sample.text import Personal

ENGLISH_GIVEN = (
    "Alice", "Marcus", "Priya", "Daniel", "Helen", "Oscar", "Fatima", "George", "Ingrid", "Kevin", "Laura", "Nadia",
    "Patrick", "Rosa", "Samuel", "Tessa", "Victor", "Wendy", "Yusuf", "Zoe", "Benjamin", "Clara", "Edward", "Grace",
)  # fmt: skip
ENGLISH_FAMILY = (
    "Hartley", "Okafor", "Lindqvist", "Moreau", "Patel", "Sullivan", "Nakamura", "Becker", "Costa", "Fraser", "Novak",
    "Whitfield", "Dubois", "Kowalski", "Ramirez", "Osborne", "Petersen", "Quinn", "Rossi", "Schmidt", "Turner", "Vance",
)  # fmt: skip
CHINESE_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
CHINESE_GIVEN = (
    "伟", "芳", "秀英", "敏", "静", "丽华", "强", "磊", "洋", "艳红", "勇", "军", "杰", "娟", "涛", "明辉", "超", "兰芝",
    "霞", "平安", "刚", "桂香", "子涵", "雨桐", "浩然", "思远", "晓彤", "志强", "建国", "美玲",
)  # fmt: skip
STREETS = ("Birch Lane", "Station Road", "Mill Street", "Queens Avenue", "Harbour View", "Cedar Drive", "Abbey Close")
TOWNS = (
    "Leeds LS2 7QT",
    "Portland, OR 97205",
    "Bristol BS1 4ND",
    "Austin, TX 78704",
    "Dublin D04",
    "Madison, WI 53703",
)
CITIES = (
    "上海市浦东新区",
    "北京市朝阳区",
    "广州市天河区",
    "杭州市西湖区",
    "成都市武侯区",
    "武汉市洪山区",
    "南京市鼓楼区",
)
ROADS = ("锦绣路", "望京街", "体育西路", "文三路", "科华北路", "珞喻路", "中山北路", "建设大道")
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
EXAMPLE_CARDS = ("4111111111111111", "4242424242424242", "5555555555554444", "5105105105105100", "4012888888881881")
EXAMPLE_IBANS = (
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
)


def make_person(rng: random.Random, language: str) -> dict[str, Personal]:
    """One customer: field → personal data."""
    if language == "zh":
        name = rng.choice(CHINESE_FAMILY) + rng.choice(CHINESE_GIVEN)
        login = f"user{rng.randrange(10**4, 10**7)}"
        phone = _chinese_phone(rng)
        address = f"{rng.choice(CITIES)}{rng.choice(ROADS)}{rng.randrange(1, 900)}号{rng.randrange(1, 30)}栋{rng.randrange(101, 2800)}室"
        short = name
    else:
        given, family = rng.choice(ENGLISH_GIVEN), rng.choice(ENGLISH_FAMILY)
        name, short = f"{given} {family}", given
        login = f"{given}.{family}{rng.randrange(100)}".lower()
        phone = _english_phone(rng)
        address = f"{rng.randrange(1, 240)} {rng.choice(STREETS)}, {rng.choice(TOWNS)}"
    domain = rng.choice(("example.com", "example.org", "mail.example.net"))
    card = rng.choice(EXAMPLE_CARDS)
    return {
        "name": Personal(name, "PERSON"),
        "short": Personal(short, "PERSON"),
        "email": Personal(f"{login}@{domain}", "EMAIL_ADDRESS"),
        "phone": Personal(phone, "PHONE_NUMBER"),
        "address": Personal(address, "ADDRESS"),
        "login": Personal(login, "USERNAME"),
        "card": Personal(rng.choice((card, " ".join(card[i : i + 4] for i in range(0, 16, 4)))), "CREDIT_CARD"),
        "iban": Personal(rng.choice(EXAMPLE_IBANS), "IBAN_CODE"),
        "id_card": Personal(_id_card(rng), "CN_ID_CARD"),
        "im": Personal(f"wx_{login[:4]}{rng.randrange(1000, 99999)}", "IM_ID"),
        "order": Personal(_order(rng), "ORDER_ID"),
        "order2": Personal(_order(rng), "ORDER_ID"),
        "tracking": Personal(f"{rng.choice(('SF', 'YT', 'JD', 'ZT'))}{rng.randrange(10**11, 10**13)}", "TRACKING_ID"),
    }


def contact(rng: random.Random, person: Mapping[str, Personal], language: str) -> str:
    """A template for a line in which a customer leaves a way to be reached; its fields are the person's."""
    if language == "zh":
        return rng.choice(
            ("我的电话是{phone}。", "联系方式：{phone}，{email}。", "请发邮件到{email}。", "收货地址：{address}。", "微信：{im}",
             "身份证号{id_card}，可以核实。", "用户名是{login}。", "付款卡号{card}。")
        )  # fmt: skip
    return rng.choice(
        ("You can reach me on {phone}.", "My e-mail is {email}.", "My address is {address}.", "My user name is {login}.",
         "I paid with card {card}.", "My IBAN is {iban}.", "Call me on {phone} or write to {email}.")
    )  # fmt: skip


def _order(rng: random.Random) -> str:
    return rng.choice((f"SO-{rng.randrange(20260000000, 20269999999)}", f"#{rng.randrange(10**7, 10**8)}"))


def _english_phone(rng: random.Random) -> str:
    last = rng.randrange(100, 200)
    return rng.choice(
        (f"(503) 555-0{last}", f"503-555-0{last}", f"+1 503 555 0{last}", f"+44 20 7946 0{rng.randrange(100, 999)}",
         f"020 7946 0{rng.randrange(100, 999)}")
    )  # fmt: skip


def _chinese_phone(rng: random.Random) -> str:
    number = f"1{rng.choice('3578')}{rng.randrange(10**8, 10**9)}"
    return rng.choice(
        (
            number,
            f"{number[:3]}-{number[3:7]}-{number[7:]}",
            f"+86 {number}",
            f"021-{rng.randrange(50000000, 69999999)}",
        )
    )


def _id_card(rng: random.Random) -> str:
    digits = f"310101{rng.randrange(1955, 2003)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, ID_WEIGHTS, strict=True)) % 11]
