"""Makes the values for the templates of one ticket: a product, a price, dates, numbers and a customer.

`people` makes the customers. The templates are in `english` and `chinese`.
"""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ticketing.sample.intents import Intent
from ticketing.sample.people import make_person
from ticketing.sample.text import Personal

Values = Mapping[str, Personal | str]

# English name, Chinese name, price.
PRODUCTS = (
    ("steel kettle", "电热水壶 Pro", 39.9),
    ("desk lamp", "台灯", 54.5),
    ("hiking backpack", "登山包", 89.0),
    ("wireless headphones", "无线耳机 Max", 129.0),
    ("robot vacuum", "扫地机器人 S5", 219.0),
    ("smoothie blender", "搅拌机", 74.9),
    ("cordless drill", "电钻", 149.0),
    ("office chair", "办公椅", 189.0),
    ("shower speaker", "蓝牙音箱 Mini", 59.0),
    ("baby monitor", "婴儿监视器", 99.0),
    ("camping tent", "帐篷", 259.0),
    ("sports watch", "运动手表", 179.0),
    ("rice cooker", "电饭煲", 84.0),
    ("air purifier", "空气净化器 A2", 199.0),
    ("electric toothbrush", "电动牙刷", 49.0),
    ("kitchen scale", "厨房秤", 24.9),
)
DAYS_PER_MONTH = 30.4


def make_days(rng: random.Random, intent: Intent) -> int:
    """How many days ago the event happened: below or above the intent's limit, but never close to the limit."""
    limit = intent.limit_days
    if not limit:
        return rng.randrange(3, 60)
    margin = max(1, limit // 10)
    if rng.random() < 0.5:
        return rng.randrange(1, limit - margin + 1)
    return rng.randrange(limit + margin, 2 * limit + margin + 1)


def make_values(rng: random.Random, language: str, created: datetime, days: int) -> dict[str, Personal | str]:
    """The value of each template field, for the ticket and its reply.

    `date` is the day when the event happened. `date2` is a later day in the past, and `soon` a day in the future.
    """
    name, name_zh, price = rng.choice(PRODUCTS)
    price = round(price * rng.choice((0.8, 0.9, 1.0, 1.0, 1.1)), 2)
    ordered, later = (created - timedelta(days=days)).date(), (created - timedelta(days=max(1, days // 3))).date()
    zh = language == "zh"
    return {
        **make_person(rng, language),
        "product": name_zh if zh else name,
        "amount": f"{price:.2f}元" if zh else f"{price:.2f} EUR",
        "date": _date(ordered, language),
        "date2": _date(later, language),
        "soon": _date((created + timedelta(days=rng.randrange(4, 15))).date(), language),
        "age": _age(days, language),
        "count": str(rng.randrange(3, 9)),
        # A wrong order number: it is too short for this shop.
        "wrong": str(rng.randrange(1_000, 99_999)),
    }


def _date(day: date, language: str) -> str:
    return f"{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B}"


def _age(days: int, language: str) -> str:
    zh = language == "zh"
    if days > 60:
        months = round(days / DAYS_PER_MONTH)
        return f"{months}个月" if zh else f"{months} months"
    if days >= 14 and days % 7 == 0:
        return f"{days // 7}个星期" if zh else f"{days // 7} weeks"
    return f"{days}天" if zh else f"{days} day{'s' if days > 1 else ''}"
