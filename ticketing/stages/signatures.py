"""Recognises signatures in English, Chinese, German, French and Spanish. `ticketing.stages.cleaning` cuts them off.

Every line of a signature must consist of names, job titles, companies, contact data and closing formulas. If a line
may be anything else, the text does not count as a signature: a signature that stays does no harm, but a request that
is cut off is lost.
"""

import re
from collections.abc import Sequence
from enum import Flag, auto
from functools import cache
from importlib import import_module

from ticketing.privacy.placeholders import PLACEHOLDER

MAX_LINES = 12  # of a signature
MAX_CHARS = 120  # of each line

_ENGLISH_CLOSINGS = (
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest|many)? ?(?:regards|wishes)"
    r"|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?"
    r"|all the best|best|cheers|take care|(?:many|much) thanks|thanks(?: a lot| again| so much| in advance| very much)?"
    r"|thank you(?: very much| so much| in advance)?|thx|thanks (?:and|&) regards|respectfully)"
)
_CLOSINGS = {
    "zh": r"|此致|敬礼|此致[，, ]?敬礼|(?:顺)?(?:祝|颂)(?:好|商祺|安)|祝您?(?:生活|工作)愉快"
    r"|(?:谢谢|多谢|感谢|非常感谢)[您你啦了]?|期待(?:您的)?回复",
    "de": r"|(?:mit )?(?:freundlichen?|besten?|vielen?|lieben?|herzlichen?|schönen?) gr(?:ü|ue)(?:ß|ss)en?|gru(?:ß|ss)"
    r"|(?:vielen|besten|herzlichen) dank(?: im voraus)?|danke(?: ?schön| sehr| im voraus)?|hochachtungsvoll|mfg",
    "fr": r"|(?:bien )?cordialement|(?:bien )?à vous|merci(?: beaucoup| d'avance| par avance| bien)?|bonne journée"
    r"|(?:sincères |meilleures )?salutations(?: distinguées)?|respectueusement",
    "es": r"|(?:un )?(?:cordial )?saludos?(?: cordiales?)?|atentamente|cordialmente"
    r"|(?:muchas )?gracias(?: de antemano| por todo)?",
}
_CLOSING = {
    language: re.compile(rf"(?:{_ENGLISH_CLOSINGS}{words})[^\w<?？:：]*", re.IGNORECASE)
    for language, words in {"en": "", **_CLOSINGS}.items()
}

_LABEL = (
    r"(?:(?:tel(?:ephone|efon|éfono)?|t[ée]l(?:éphone)?|ph(?:one)?|mob(?:ile?)?|móvil|mobiltelefon|cell|handy|fax"
    r"|e-?mail|mail|courriel|correo(?: electrónico)?|web(?:site|seite)?|internet|home ?page|address|adresse"
    r"|anschrift|dirección|whatsapp|wechat|联系电话|电话|手机|联系方式|传真|电子邮箱|邮箱|邮件|网址|地址|微信|qq)"
    r"\.? ?[:：]? ?|[tfewm] ?[:.] ?)"
)
# Contact data is replaced by a private-use character before a line is split at slashes and dashes.
_CONTACT, _LABELLED, _ADDRESS = "\ue000", "\ue001", "\ue002"
_CONTACT_DATA = re.compile(
    r"<(?:EMAIL_ADDRESS|URL|PHONE_NUMBER|IM_ID)_\d{1,4}[b-z]?>|(?:https?://|www\.)[^\s|,;]+|[^\s@|,;:]+@[^\s@|,;]+\.\w+"
    r"|\+\d[\d ()/.-]{5,20}\d",
    re.IGNORECASE,
)
_LABELLED_DATA = re.compile(
    rf"(?<!\w)(?:{_LABEL}\(?(?:{_CONTACT}|[+\d][\d ()/.-]{{4,20}}\d)\)?"
    r"|(?:ust-?id(?:-?nr)?|hrb|vat(?: no| number)?|siret|nif|cif)[ .:]{1,3}[A-Z\d][A-Z\d .-]{3,20}[A-Z\d])",
    re.IGNORECASE,
)
_ADDRESS_DATA = re.compile(rf"(?:(?<!\w){_LABEL})?<ADDRESS_\d{{1,4}}[b-z]?>", re.IGNORECASE)
_PIECES = re.compile(r" ?[|•·,;/，、；] ?| [-–—~] |(?<=[\ue000-\ue002]) | (?=[\ue000-\ue002])")

_HONORIFIC = (
    r"(?:mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau|dipl\.-ing|dr\. med|m|mme|mlle|monsieur|madame|sr|sra|srta|señora?"
    r"|don|doña|i\. ?[av]|ppa|your customer|ihre? kund(?:e|in)|客户|顾客|用户)\.?[ :：]?"
)
_PRONOUNS = re.compile(r" ?\((?:she|he|they)/(?:her|him|them)\)", re.IGNORECASE)
_POST_NOMINAL = r"(?:ph\.?d\.?|m\.?sc\.?|b\.?sc\.?|mba|m\.?a\.?|先生|女士|小姐|敬上|上)"
_NAME_PLACEHOLDER = re.compile(
    rf"[-–—~(]?[ ]?(?:{_HONORIFIC} ?){{0,2}}(?:<PERSON_\d{{1,4}}[b-z]?> ?){{1,3}}{_POST_NOMINAL}?[ .)~]*", re.IGNORECASE
)
_CAPITALISED = r"[A-ZÀ-ÖØ-Þ][\w'’.-]*"
_NAME = re.compile(
    rf"[-–—~]? ?((?:(?i:{_HONORIFIC}) )?)({_CAPITALISED})((?: (?:von|van|de|del|la|der|y|{_CAPITALISED})){{0,4}})\.?"
)
_INITIALS = re.compile(rf"(?:[A-ZÀ-Þ]\. ?){{1,3}}{_CAPITALISED}")
# First names that are also ordinary words. They do not count as names.
_AMBIGUOUS_FIRST_NAME = re.compile(
    r"alexa|amber|angel|april|art|august|autumn|bill|blanche|candy|cash|chase|cherry|claire|"
    r"consuelo|crystal|cruz|dawn|dolores|drew|ernst|faith|flor|france|frank|ginger|grace|"
    r"grant|guy|hope|ivory|jack|joy|june|luz|major|mar|marine|mark|may|mercedes|olive|pat|"
    r"paz|pearl|penny|pilar|price|prince|prune|remedios|rich|rob|rosa|rose|royal|ruby|rusty|"
    r"sage|sandy|scarlet|sol|star|sue|summer|violet|will|wolf"
)
# A surname, followed by characters of given names. Surnames that begin many other words are left out, such as 周, which
# begins weekdays. Characters that are frequent in ordinary phrases do not count as given names.
_CHINESE_NAME = re.compile(
    r"[王李张刘陈杨赵吴徐孙朱林郭郑梁宋邓冯曹彭萧董潘袁蔡蒋魏吕沈姜崔]"
    r"(?:[^\W\da-zA-Z退发取消改换寄送查问要请帮催开补赔给到货单款上快点里个了吗呢吧的不没有这那我你您他急收用是在件色号码价钱票时候"
    r"装一二三四五六七八九十日末来去前后早晚水果子牌打地旧皮梅汉]{2}(?:敬上)?|[\u4e00-\u9fff]{0,2}(?:先生|女士|小姐))"
)

_LEGAL_FORM = (
    r"(?:Ltd|Limited|Inc|LLC|LLP|Corp|Corporation|PLC|plc|Company|Group|GmbH(?: & Co\.? KG)?|AG|KG|UG|OHG|e\.?V"
    r"|SA|S\.A|SAS|SARL|S\.L|SL|SLU|S\.r\.l|BV|B\.V|Pty|Co)\.?"
)
_COMPANY = re.compile(
    rf"(?:(?:{_CAPITALISED}|\d\w*|&|of|and|for|und|für|de|et|y|e|la) ){{1,7}}{_LEGAL_FORM}(?: {_LEGAL_FORM})?"
    r"|[\u4e00-\u9fff（）()]{2,20}(?:公司|集团|工作室|事务所)"
)

# A job title consists of these words only, and has at least one of _TITLE_HEADS.
_TITLE_HEADS = (
    r"manager|director|head|ceo|cto|cfo|coo|president|founder|co-founder|owner|assistant|"
    r"executive|engineer|developer|consultant|accountant|administrator|coordinator|officer|"
    r"specialist|analyst|representative|secretary|team|department|buyer|lead|supervisor|teacher|"
    r"professor|student|intern|leiter|leiterin|leitung|geschäftsführer|geschäftsführerin|"
    r"geschäftsleitung|abteilungsleiter|abteilungsleiterin|teamleiter|teamleiterin|assistenz|"
    r"assistent|assistentin|sachbearbeiter|sachbearbeiterin|prokurist|prokuristin|inhaber|"
    r"inhaberin|ingenieur|ingenieurin|projektleiter|projektleiterin|vertriebsleiter|"
    r"vertriebsleiterin|abteilung|directeur|directrice|responsable|gérant|gérante|chef|assistante|"
    r"comptable|ingénieur|président|présidente|secrétaire|directora|gerente|jefe|jefa|encargado|"
    r"encargada|contable|ingeniero|ingeniera|presidenta|secretaria|departamento|equipo|équipe"
)
_TITLE_WORDS = (
    r"senior|junior|vice|deputy|chief|managing|general|regional|national|global|key|account|"
    r"accounts|product|project|technical|sales|marketing|operations|finance|accounting|hr|human|"
    r"resources|it|customer|client|care|success|service|services|support|office|legal|"
    r"purchasing|procurement|logistics|supply|chain|communications|business|development|software|"
    r"data|quality|shop|store|of|the|and|&|for|to|in|vertrieb|einkauf|verkauf|buchhaltung|"
    r"kundenservice|kundendienst|personal|technik|für|der|des|und|im|du|de|la|le|les|l'|"
    r"commercial|commerciale|achats|ventes|clientèle|relation|clients|produit|projet|del|las|"
    r"los|el|y|en|ventas|compras|atención|al|cliente|administración|comercial|proyecto|"
    r"producto"
)
_TITLE = re.compile(
    rf"(?=.*\b(?:{_TITLE_HEADS})\b)(?:(?:{_TITLE_HEADS}|{_TITLE_WORDS}) )*(?:{_TITLE_HEADS}|{_TITLE_WORDS})\.?",
    re.IGNORECASE,
)
_TEAM = re.compile(
    r"(?:Your|The|Ihr|Euer|Das|Votre|Su|Tu|El)(?: [\w&.-]+){0,3}"
    r"[ -](?:[Tt]eam|[Ss]hop|[Ss]tore|[Ss]upport|[Kk]undenservice)"
    r"|(?:L'équipe|El equipo)(?: [\w&.-]+){1,4}|[^\W\da-zA-Z我你您请让叫帮找要诉]{2,8}(?:团队|小组)"
)
_CHINESE_TITLE = re.compile(
    r"(?:[\u4e00-\u9fff]{0,8})(?:总?经理|总监|主管|主任|董事长|总裁|助理|专员|工程师|会计师?|秘书|店长|部长|采购员?|销售员?|客服部|市场部|财务部)"
)

_DATE = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d{2}-\d{2}")
_PLACE_WORD = rf"(?:{_CAPITALISED}|\d[A-Za-z\d-]{{0,9}}|de|la|du|des|von|am|im|in|the|of)"
_PLACE = re.compile(rf"(?:{_PLACE_WORD},? ){{0,6}}{_PLACE_WORD}")
_REQUEST = re.compile(
    r"\b(?:please|pls|plz|cancel|refund|return|send|call|help|need|want|change|orders?|deliver|ship|replace|exchange|delete"
    r"|close|stop|sizes?|colou?r|quantity|items?|invoice|money|price|pieces|wrong|broken|missing|late|urgent"
    r"|bitte|storn|rücks|rücke|zurück|geld|rechnung|bestell|liefer|umtausch|größe|farbe|stück|falsch|kündig"
    r"|svp|annul|rembours|retour|command|livr|taille|couleur|pointure|échang|factur"
    r"|por favor|reembols|devol|pedido|envi|talla|cambi|dinero)"
    r"|[退发取消改换寄送查问请帮催补赔给找你我您叫让诉]",
    re.IGNORECASE,
)


class _Kind(Flag):
    """What a line, or a part of a line, consists of."""

    UNKNOWN = 0
    CLOSING = auto()
    SENDER = auto()  # a person, a title, a company
    CONTACT = auto()
    LABELLED = auto()  # contact data with a label, as in "Tel.: …"
    ADDRESS = auto()
    PLACE = auto()  # looks like a street, a town or a date
    CAPITALISED = auto()  # capitalised words of unknown meaning


def is_closing(line: str, language: str) -> bool:
    """Whether a line is only a closing formula in this language or in English, such as 'Best regards,' or '谢谢！'."""
    return len(line) <= MAX_CHARS and bool(_CLOSING.get(language, _CLOSING["en"]).fullmatch(line))


def is_signature(lines: Sequence[str], language: str, after_dashes: bool = False) -> bool:
    """Whether the lines below a closing formula or below dashes are certainly a signature; True for no lines.

    A telephone number or an address may be part of the request: where to call, where to send a parcel. So a line of
    contact data needs a label, or a sender line, or a second line of a known kind. A line that looks like a place or a
    date needs a sender line and a second line of a known kind.
    """
    filled = [line for line in lines if _LETTER.search(line)]
    if len(filled) > MAX_LINES or any("?" in line or "？" in line for line in lines):
        return False
    kinds = [_kind(line, language) for line in filled]
    if after_dashes and _Kind.CAPITALISED in kinds[:1] and any(_Kind.CONTACT in kind for kind in kinds):
        kinds[0] = _Kind.SENDER
    has_sender = any(_Kind.SENDER in kind for kind in kinds)
    known_lines = sum(bool(kind & (_Kind.CLOSING | _Kind.SENDER | _Kind.CONTACT)) for kind in kinds)
    return all(_belongs(kind, has_sender, known_lines) for kind in kinds)


def _belongs(kind: _Kind, has_sender: bool, known_lines: int) -> bool:
    if kind & (_Kind.CLOSING | _Kind.SENDER | _Kind.LABELLED):
        return True
    if _Kind.CONTACT in kind or _Kind.ADDRESS in kind:
        return has_sender or known_lines > 1
    return _Kind.PLACE in kind and has_sender and known_lines > 1


def _kind(line: str, language: str) -> _Kind:
    if len(line) > MAX_CHARS:
        return _Kind.UNKNOWN
    if is_closing(line, language):
        return _Kind.CLOSING
    marked = _PRONOUNS.sub("", _ADDRESS_DATA.sub(_ADDRESS, line))
    marked = _LABELLED_DATA.sub(_LABELLED, _CONTACT_DATA.sub(_CONTACT, marked))
    kinds = [_piece_kind(piece.strip()) for piece in _PIECES.split(marked) if piece.strip(" .")]
    if all(kinds):
        line_kind = _Kind.UNKNOWN
        for kind in kinds:
            line_kind |= kind
        return line_kind
    if _DATE.fullmatch(line):
        return _Kind.PLACE
    if _PLACE.fullmatch(line) and not _REQUEST.search(line):
        return _Kind.PLACE if _DIGIT.search(line) else _Kind.CAPITALISED
    return _Kind.UNKNOWN


def _piece_kind(piece: str) -> _Kind:
    bare = piece.strip("()")
    if bare in _DATA_KINDS:
        return _DATA_KINDS[bare]
    if _NAME_PLACEHOLDER.fullmatch(piece) or _TEAM.fullmatch(piece):
        return _Kind.SENDER
    if PLACEHOLDER.search(piece) or _REQUEST.search(piece):
        return _Kind.UNKNOWN
    is_sender = _is_name(piece) or _is_title(piece) or _COMPANY.fullmatch(piece)
    return _Kind.SENDER if is_sender else _Kind.UNKNOWN


def _is_name(piece: str) -> bool:
    if _CHINESE_NAME.fullmatch(piece) or _INITIALS.fullmatch(piece):
        return True
    name = _NAME.fullmatch(piece)
    if name is None:
        return False
    first = name[2].split("-")[0].casefold()
    return bool(name[1]) or (first in _first_names() and not _AMBIGUOUS_FIRST_NAME.fullmatch(first))


def _is_title(piece: str) -> bool:
    if _CHINESE_TITLE.fullmatch(piece):
        return True
    return piece[:1].isupper() and bool(_TITLE.fullmatch(piece))


@cache
def _first_names() -> frozenset[str]:
    names: set[str] = set()
    for locale in ("en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES"):
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for kind in ("first_names", "first_names_male", "first_names_female"):
            names.update(name.casefold() for name in getattr(provider, kind, ()))
    return frozenset(names)


_LETTER, _DIGIT = re.compile(r"[^\W_]"), re.compile(r"\d")
_DATA_KINDS = {_CONTACT: _Kind.CONTACT, _LABELLED: _Kind.CONTACT | _Kind.LABELLED, _ADDRESS: _Kind.ADDRESS}
