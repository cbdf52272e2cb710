import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.privacy.placeholders import PLACEHOLDER
from ticketing.stages.cleaning import clean, normalise, without_agent_signature

LINES = [
    "Where is my order <ORDER_ID_1>?", "Thanks,", "Best regards", "<PERSON_1>", "> quoted", "", "  ", "--", "-- ",
    "On Mon, 3 May 2024 at 10:00, Shop wrote:", "-----Original Message-----", "From: shop", "To: me", "Sent: today",
    "Subject: x", "Sent from my iPhone", "发自我的iPhone", "在2024年5月1日，客服写道：", "还没收到", "此致",
    "\u200b", "\x00", "\ud800",
]  # fmt: skip
MAIL = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30)), max_size=14).map("\n".join)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Where is it?\n\nBest regards,\n<PERSON_1>\nPhone: <PHONE_NUMBER_1>", "Where is it?\n\n<PERSON_1>"),
        ("Where is it?\n\nKind regards\nJane Doe\nACME Ltd.\nRoad 5, Boston", "Where is it?"),
        ("Where is it?\n-- \nJane Doe\nwww.example.com", "Where is it?"),
        ("Where is it?\n\nSent from my iPhone", "Where is it?"),
        ("Still nothing!\n\nOn Mon, 3 May 2024 at 10:00, Shop wrote:\n> Wait\n> please", "Still nothing!"),
        (
            "Still nothing!\n\nOn Mon, 3 May 2024 at 10:00, The Shop\n<<EMAIL_ADDRESS_1>> wrote:\n> Wait",
            "Still nothing!",
        ),
        ("On Mon, 3 May 2024, Shop wrote:\n> Wait\n\nI have waited enough.", "I have waited enough."),
        ("Yes.\n-----Original Message-----\nFrom: Shop\nWait please", "Yes."),
        ("Yes.\nFrom: Shop\nSent: Monday\nTo: me\nSubject: Wait\n\nWait please", "Yes."),
        ("还没收到。\n\n在 2024年5月1日，客服写道：\n> 请等等\n\n发自我的iPhone", "还没收到。"),
        ("还没收到。\n发件人：客服\n发送时间：昨天\n主题：回复\n请等等", "还没收到。"),
        ("请退款\n\n此致\n敬礼\n王小明", "请退款"),
        ("too  many\t\tspaces \r\n\r\n\r\n\r\nand\u00a0lines", "too many spaces\n\nand lines"),
        ("in\u200bvisi\x00ble\ud800", "invisible"),
    ],
)
def test_quoted_mail_signatures_and_extra_space_are_removed(text, cleaned):
    assert clean(text, "zh") == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "I want to return:\n- the red shoes\n- the hat",
        "Thanks,\nbut where is the second parcel? I ordered two.",
        "Thanks for nothing.\nBest regards are not enough, I want my money back!",
        "The label says:\nFrom: Boston\nbut I live in Austin.",
        "From: a\nSent: b\nSubject: c\n\na forwarded mail and nothing else",
        "> every line\n> is quoted",
        "Best regards",
        "Sent from my iPhone",
        "First option\n--\nSecond option\n" + "and a long list\n" * 30 + "end",
    ],
)
def test_lines_that_may_belong_to_the_message_are_kept(text):
    assert clean(text, "en") == text


# Endings of tickets that are removed, except for a name.
SIGNATURES = {
    "en": [
        "Best regards,\n<PERSON_1>",
        "Thanks!\n<PERSON_1>\n<PHONE_NUMBER_1>",
        "Kind regards,\n\nJane Doe\nHead of Customer Service\nACME Widgets Ltd.",
        "Yours sincerely,\nDr. <PERSON_1>, Senior Account Manager | ACME Inc. | Tel: <PHONE_NUMBER_1>",
        "Many thanks\n- <PERSON_1>",
        "Thanks,\n<PERSON_1> (she/her)\nSales Team\nE-mail: <EMAIL_ADDRESS_1>\nwww.example.com",
        "Cheers 😊",
        "Best,\nJ. Doe",
        "Regards\n<PERSON_1>\n<ADDRESS_1>\nMobile: +44 20 7946 0000",
        "-- \n<PERSON_1>\n<URL_1>",
        "--\nPriya Raghavan\nhttps://example.com/priya\n+1 (555) 010-9999",
        "Thank you very much\nMary-Ann O'Neil",
        "Kind regards,\nYour delivery team",
        "Kind regards,\nThe Shop",
    ],
    "de": [
        "Mit freundlichen Grüßen\n<PERSON_1>",
        "Viele Grüße\nJürgen Müller\nGeschäftsführer\nMüller & Söhne GmbH\nTel.: <PHONE_NUMBER_1>",
        "MfG\nHerr <PERSON_1>",
        "Beste Grüße\n\ni. A. <PERSON_1>\nLeiterin Einkauf\nBeispiel GmbH & Co. KG\nHauptstr. 5, 10115 Berlin",
        "Danke im Voraus!\n<PERSON_1>",
        "Liebe Grüße,\nAnna",
        "Viele Grüße\nIhr Beispiel-Team",
        "Herzlichen Dank\nIhre Kundin <PERSON_1>\nHandy: <PHONE_NUMBER_1>",
        "Freundliche Grüße\n<PERSON_1>\nBeispiel AG\nHRB 12345\nUSt-IdNr. DE123456789",
    ],
    "fr": [
        "Cordialement,\n<PERSON_1>",
        "Merci d'avance\nMme <PERSON_1>\nTél. : <PHONE_NUMBER_1>",
        "Bien à vous\nMarie Dupont\nResponsable achats\nDupont SARL",
        "Salutations distinguées,\n<PERSON_1>\nDirectrice commerciale / Dupont SAS",
        "Bonne journée !\n<PERSON_1>",
        "Cordialement,\nL'équipe de Dupont",
    ],
    "es": [
        "Un saludo,\n<PERSON_1>",
        "Muchas gracias.\n<PERSON_1>\nMóvil: <PHONE_NUMBER_1>",
        "Atentamente\nJosé García\nDirector de Ventas\nGarcía e Hijos S.L.",
        "Saludos cordiales\nSra. <PERSON_1>\nCorreo: <EMAIL_ADDRESS_1>",
    ],
    "zh": [
        "谢谢！\n<PERSON_1>",
        "此致\n敬礼\n<PERSON_1>\n2024年5月1日",
        "祝商祺\n王小明\n采购经理\n上海某某科技有限公司\n电话：<PHONE_NUMBER_1>",
        "谢谢\n<PERSON_1>敬上",
        "祝您生活愉快！\n退换货团队",
        "感谢您\n<PERSON_1> 先生\n地址：<ADDRESS_1>",
        "谢谢啦~",
        "Best regards\n<PERSON_1>\n客服部 | 邮箱：<EMAIL_ADDRESS_1>",
    ],
}  # fmt: skip

# Endings of tickets that look like signatures, but are requests and must be kept.
REQUESTS = {
    "en": [
        "Thanks,\nplease pay <IBAN_CODE_1> the money back",
        "Best,\nalso cancel my other order",
        "Regards, and please call me",
        "Thanks\ncall me",
        "Thanks,\nrefund please",
        "Thanks\n<ORDER_ID_2> too",
        "Thanks,\n<ORDER_ID_2>",
        "Thanks\nOrder: <ORDER_ID_2>",
        "Thank you\n1. cancel <ORDER_ID_1>\n2. change my address",
        "Best regards\n<PERSON_1>\nPS: where is my invoice",
        "Best regards,\n<PERSON_1>\nReplace the lamp as well",
        "Cheers\n<PERSON_1> will pick it up",
        "Thanks\nStill waiting",
        "Thanks,\nGrant Refund",
        "Thanks\nCANCEL ORDER",
        "Thanks\nSize 42\nColour Blue",
        "Thanks,\n<PERSON_1>\n<PHONE_NUMBER_1>\nSize 42",
        "Thanks\nRed Not Blue",
        "Thanks\nwhen will it come?",
        "Thanks\n<PERSON_1>?",
        "Thanks\nsend it to <ADDRESS_1>",
        "Thanks\n<ADDRESS_1>",
        "Thanks\nManager call back",
        "All the best\nNew phone: <PHONE_NUMBER_1>",
        "--\nPS: also cancel <ORDER_ID_2>",
        "-- \nthe second parcel is missing too",
        "--\nTwo Lamps",
        "--\n<PERSON_1>\nand return the other shoes, they do not fit",
        "Thanks\nDelivery Tuesday",
        "Thanks,\nAmazon said you keep the money",
        "Thanks\nwill it be here by Friday",
        "Best\nJane wants a refund too",
        "Thanks\nJane Doe\nmy daughter Anna needs one as well",
        "Thanks\n- cancel it\n- refund me",
        "Kind regards\n<PERSON_1>\nHead of Sales\nIt is urgent",
        "Thanks\nMy number: <PHONE_NUMBER_1>",
        "Thanks\nwhy is it late",
        "Thanks\nSent from my old address, use the new one",
        "Thanks\n" + "A" * 119 + "!",
        "Thanks\nAA, AA, AA, AA, AA, AA, AA, AA, AA, AA, AA!",
        "Sent with DHL on Monday, never arrived",
        "Sent from my Samsung please help",
    ],
    "de": [
        "Danke\nbitte stornieren Sie auch <ORDER_ID_2>",
        "Danke\nFalsche Größe",
        "Vielen Dank\nNeue Adresse: <ADDRESS_1>",
        "Danke\nRechnung fehlt",
        "Danke!\nStornierung",
        "MfG\nund die Rechnung auch",
        "Viele Grüße\n<PERSON_1>\nZwei Stück",
        "Mit freundlichen Grüßen\n<PERSON_1>\nP.S. Rückruf erbeten",
        "Danke\nGeld zurück",
        "--\nUnd noch etwas, das Paket war offen",
        "Danke\nRückruf unter <PHONE_NUMBER_1>",
        "Die Marke ist\nLG",
        "Grüße\nwann kommt es",
        "Mit freundlichen Grüßen\n<PERSON_1>\nKundennummer 12345",
    ],
    "fr": [
        "Merci\nannulez aussi <ORDER_ID_2>",
        "Cordialement\n<PERSON_1>\nPS : et la facture",
        "Merci,\nje veux un remboursement",
        "Merci\nTaille 38",
        "Merci\nRappelez-moi",
        "Merci\nAnnulation Commande",
        "Merci\n<PERSON_1>\nquand arrive mon colis",
        "Bien à vous\n1) la facture\n2) le remboursement",
    ],
    "es": [
        "Gracias\ncancelen también <ORDER_ID_2>",
        "Un saludo\nquiero mi dinero",
        "Gracias,\nTalla 38",
        "Gracias\nLlámenme",
        "Saludos\n<PERSON_1>\nY cambien la dirección",
        "Gracias\nDevolución Pedido",
        "Gracias\nMaría\nY otra cosa: la factura",
        "Atentamente\n<PERSON_1>\ncuándo llega",
    ],
    "zh": [
        "谢谢\n另外订单<ORDER_ID_2>也取消",
        "谢谢！\n对了，地址改成<ADDRESS_1>",
        "谢谢\n退款",
        "谢谢\n马上退",
        "谢谢\n尽快发货",
        "谢谢！\n<ORDER_ID_2>",
        "谢谢\n黄色的",
        "谢谢\n安排一下",
        "谢谢\n联系你们经理",
        "谢谢\n投诉你们团队",
        "谢谢\n周五来",
        "谢谢\n高跟鞋",
        "谢谢\n苏打水",
        "谢谢\n1. 退款\n2. 取消<ORDER_ID_2>",
        "此致\n敬礼\n什么时候到",
        "谢谢\n<PERSON_1>\n还有发票",
        "此致\n敬礼\n<PERSON_1>\n又：请退运费",
        "谢谢\n地址：<ADDRESS_1>",
        "来自我的订单<ORDER_ID_1>还没收到",
        "来自我的小米手机坏了",
        "谢谢\n高档的换一个",
    ],
}  # fmt: skip


def cases(endings_by_language):
    return [(language, ending) for language, endings in endings_by_language.items() for ending in endings]


@pytest.mark.parametrize(("language", "signature"), cases(SIGNATURES))
def test_signature_is_removed_except_for_the_name(language, signature):
    text = f"The lamp <ORDER_ID_1> is broken.\n\n{signature}"

    cleaned = clean(text, language).split("\n\n")

    assert cleaned[0] == "The lamp <ORDER_ID_1> is broken."
    assert cleaned[1:] == [] or re.fullmatch(r"(- )?<PERSON_1>", cleaned[1])


@pytest.mark.parametrize(("language", "ending"), cases(REQUESTS))
def test_request_below_a_closing_formula_is_kept(language, ending):
    text = f"The lamp <ORDER_ID_1> is broken.\n\n{ending}"

    assert clean(text, language) == normalise(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Yes.\n\nOn 3 May 2024 at 10:00 <EMAIL_ADDRESS_1> wrote:\nWait please", "Yes."),
        ("Ja.\n\nAm 3. Mai 2024 um 10:00 schrieb Shop <<EMAIL_ADDRESS_1>>:\n> Bitte warten", "Ja."),
        ("Oui.\nLe ven. 3 mai 2024 à 10:00, Shop <<EMAIL_ADDRESS_1>> a écrit :\n> Attendez\n> svp", "Oui."),
        ("Sí.\nEl vie, 3 may 2024 a las 10:00, Shop escribió:\n> Espere\n> por favor", "Sí."),
        ("Ja.\nVon: Shop\nGesendet: Montag\nAn: mich\nBetreff: Warten\n\nBitte warten", "Ja."),
        ("Yes.\n________________________________\nFrom: Shop\nSent: Monday\nTo: me\nSubject: Wait\nWait", "Yes."),
        ("> Which colour?\nBlue.\n> Which size?\n42\n\nAnd hurry.", "Blue.\n42\n\nAnd hurry."),
        ("Hallo,\n\n> Which colour?\n> Which size?\nBlue, 42", "Hallo,\n\nBlue, 42"),
        ("Wo ist es?\n\nVon meinem iPhone gesendet", "Wo ist es?"),
        ("Où est-il ?\n\nEnvoyé de mon iPhone", "Où est-il ?"),
        ("Where is it?\n\nSent from my Samsung Galaxy S21", "Where is it?"),
        ("Where is it?\n\nGet Outlook for iOS", "Where is it?"),
        ("还没收到\n\n来自我的华为手机", "还没收到"),
    ],
)
def test_quoted_mail_in_five_languages_is_removed_and_inline_answers_are_kept(text, cleaned):
    assert clean(text, "en") == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "My order is late.\nOn Monday your colleague wrote:\nit is lost\nSo I want my money back.",
        "On Monday I ordered a lamp.\nThen your colleague wrote:\nwait. I have waited enough.",
        "My parcel:\nFrom: Boston\nTo: Austin\nDate: 3 May\nIt never came, please refund me.",
        "The label says\nFrom: Boston\nSubject: lamps\nPlease send it again.",
        "I have two questions.\n____________________\nWhere is my lamp\nand who pays for it",
        "See below, please handle it.\n---------- Forwarded message ---------\nFrom: me\nSent: today\nSubject: x\n\nRefund me",
        "I wait and wait.\n> 3 weeks now",
        "On Monday I ordered a lamp.\nToday you wrote:\n> wait\n\nCancel it.",
        "上周客服写道：\n会退款\n可是到现在还没收到",
        "Gestern schrieb Ihr Kollege:\nes kommt morgen\nEs kam nicht.",
    ],
)
def test_text_that_only_resembles_quoted_mail_is_kept(text):
    assert clean(text, "en") == text


@given(MAIL, st.sampled_from(["en", "zh", "de", "xx"]))
def test_cleaning_never_empties_a_readable_text(text, language):
    assert bool(clean(text, language)) == bool(normalise(text))


@given(MAIL, st.sampled_from(["en", "zh"]))
def test_cleaned_text_contains_only_lines_and_placeholders_of_the_original(text, language):
    cleaned = clean(text, language)

    assert set(cleaned.split("\n")) <= {*normalise(text).split("\n"), ""}
    assert {m.group() for m in PLACEHOLDER.finditer(cleaned)} <= {m.group() for m in PLACEHOLDER.finditer(text)}


@given(st.text())
def test_normalised_text_is_storable_and_normalising_again_changes_nothing(text):
    normalised = normalise(text)

    normalised.encode("utf-8")
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in normalised if character != "\n")
    assert "  " not in normalised
    assert "\n\n\n" not in normalised
    assert normalise(normalised) == normalised


@pytest.mark.parametrize(
    "unit",
    [
        "\n", " ", "> ", "On ", "On a wrote\n", "On 2024 wrote", "From: x\nTo: y\n", "--\n", "Thanks\n", "_", "在写道",
        "-", "\u200b", "On " + "x" * 290 + "\n", "在2024" + "写道" * 140 + "\n", "regards ", "\r", "From: x\n", "From: x\nSubject: y\n",
        "schrieb" * 40 + "\n", "Am schrieb", "a写道：", "_" * 20 + "\n", "---- forwarded message ----\n", "sent from my galaxy ",
        "Thanks\n" + "Aa1 " * 30 + "\n", "Danke\n" + "Tel. " * 24 + "\n", "谢谢\n" + "王经理" * 40 + "\n", "--\n" + "A" * 120 + "\n",
    ],
)  # fmt: skip
def test_one_megabyte_of_adversarial_text_is_cleaned_within_ten_seconds(unit):
    text = (unit * 1_000_000)[:1_000_000]

    began = time.monotonic()
    clean(text, "zh")

    assert time.monotonic() - began < 10


def test_signature_of_the_human_agent_is_removed_and_the_name_of_the_customer_is_kept():
    assert without_agent_signature("It is on its way.\n<PERSON_2>", "I am <PERSON_1>") == "It is on its way."
    assert (
        without_agent_signature("It is on its way.\n<PERSON_1>", "I am <PERSON_1>") == "It is on its way.\n<PERSON_1>"
    )
    assert without_agent_signature("<PERSON_2>", "") == "<PERSON_2>"
