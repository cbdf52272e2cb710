"""The words that announce a value, such as 'passport number': they tell what an unremarkable number is.

`ticketing.privacy.formats` joins them to the patterns of the values.
"""

from typing import NamedTuple


class Announcement(NamedTuple):
    """Announcing words as a pattern, and `parts` in lower case of which each match contains at least one."""

    pattern: str
    parts: tuple[str, ...]


ORDER = Announcement(
    r"\b(?:order|purchase|booking|reservation|invoice)(?: number| no\.?| id)?|订单号?|单号",
    ("order", "purchase", "booking", "reservation", "invoice", "订单", "单号"),
)  # fmt: skip
PHONE = Announcement(
    r"\b(?:phone|tel(?:ephone)?|mobile|cell(?:phone)?|fax|contact|whatsapp)(?: number| no\.?)?|\bmy number|"
    r"\b(?:call|reach|ring|text|phone|dial|answer)(?:ing)?(?: me| us| him| her| them)?(?: back)?(?: on| at)?|"
    r"电话号?码?|手机号?码?|联系方式|座机|致电|拨打",
    ("phone", "tel", "mobile", "cell", "fax", "contact", "whatsapp", "my number", "call", "reach", "ring", "text",
     "dial", "answer", "电话", "手机", "联系方式", "座机", "致电", "拨打"),
)  # fmt: skip
BANK = Announcement(
    r"\baccount(?: number| no\.?)|\bsort code|\brouting(?: number)?|银行账[户号]|收款账[户号]|对公账[户号]",
    ("account", "sort code", "routing", "账户", "账号"),
)  # fmt: skip
NATIONAL_ID = Announcement(
    r"\bnational (?:id(?:entity)?|insurance)(?: card| number| no\.?)?|\bid(?:entity)?(?: card)? (?:number|no\.?)|"
    r"\bid(?:entity)? card|\bsocial security(?: number| no\.?)?|\bssn|"
    r"\btax(?:payer)? (?:id|identification|file)(?: number| no\.?)?|\bsteuer-?(?:id|nummer)|\bpersonnummer|\bpesel|"
    r"\bbsn|\bdni|\bnie|\bcpf|\bcurp|\bnhs(?: number| no\.?)?|\baadhaar(?: number)?|\btfn|\bmedicare(?: number)?",
    ("national i", "id", "social security", "ssn", "tax", "steuer", "personnummer", "pesel", "bsn", "dni", "nie",
     "cpf", "curp", "nhs", "aadhaar", "tfn", "medicare"),
)  # fmt: skip
ACCOUNT = Announcement(
    r"\buser ?(?:name|id)|\blog-?in(?: ?name)?|\bscreen ?name|\bnick(?:name)?|\bhandle|\bmember ?(?:name|id)|"
    r"用户名|账号|帐号|昵称|登录名|会员名|账户名",
    ("user", "log", "screen", "nick", "handle", "member", "用户名", "账号", "帐号",
     "昵称", "登录名", "会员名", "账户名"),
)  # fmt: skip
BIRTH = Announcement(
    r"\bborn(?: on)?|\bbirth ?(?:day|date)|\bdate of birth|\bd\.?o\.?b\b\.?|出生(?:日期|年月日?|于)?|生日",
    ("born", "birth", "dob", "d.ob", "do.b", "d.o.b", "出生", "生日"),
)  # fmt: skip
MESSENGER = Announcement(
    r"\btelegram|\bskype|\bline id|\binstagram|\bsnapchat|\bdiscord|\bwhatsapp|微博|抖音|支付宝|旺旺",
    ("telegram", "skype", "line id", "instagram", "snapchat", "discord", "whatsapp", "微博", "抖音", "支付宝", "旺旺"),
)  # fmt: skip
