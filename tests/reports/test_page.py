"""The report is one self-contained page, and hostile text in it stays text."""

from reports.page import Section, VerdictLine, headlines, html_page, markdown_page, write_page

HOSTILE = "<script>alert(1)</script> | a\nb"
VERDICTS = [VerdictLine("classifier-1", False, "It routes 95 %.", "accuracy 0.9500 should be >= 0.9800 (-0.0300)")]
SECTIONS = [
    Section("Classifier", ("language", "accuracy"), [("en", 0.98765), ("zh", "—")], headline=True),
    Section("Replies side by side", ("ticket",), [(HOSTILE,)], texts=True),
]


def test_the_page_shows_the_verdict_before_the_numbers_and_sends_no_request():
    page = html_page("Evaluation", "of candidates", VERDICTS, SECTIONS)
    assert page.index("Failed") < page.index("0.9877")
    assert "http://" not in page and "https://" not in page and "src=" not in page


def test_a_passed_version_shows_only_its_summary_and_a_failed_version_also_its_rules():
    passed = [VerdictLine("classifier-1", True, "It routes 95 %.", "accuracy 0.9900 is >= 0.9800")]
    for page in (html_page, markdown_page):
        assert "It routes 95 %." in page("E", "s", passed, ())
        assert "0.9900" not in page("E", "s", passed, ())
        assert "0.9500 should be" in page("E", "s", VERDICTS, ())


def test_text_of_a_ticket_can_not_become_part_of_the_page_or_of_the_table():
    page = html_page("Evaluation", "of candidates", VERDICTS, SECTIONS)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page

    row = next(line for line in markdown_page("E", "s", VERDICTS, SECTIONS).splitlines() if "alert" in line)
    assert row.replace("\\|", "").count("|") == 2
    assert row.count("<") == row.count("\\<")


def test_a_ticket_brings_no_picture_and_no_link_into_prefects_page():
    replies = Section("Replies", ("ticket",), [("![x](//host/p.png) <img src=//host/q> `c` <ORDER_ID_1>",)], texts=True)
    row = next(line for line in markdown_page("E", "s", VERDICTS, [replies]).splitlines() if "host" in line)
    assert row == r"| !\[x\](//host/p.png) \<img src=//host/q> \`c\` \<ORDER_ID_1> |"


def test_a_log_gets_the_headline_numbers_and_no_texts():
    assert headlines(SECTIONS) == [
        "Classifier: language en, accuracy 0.9877",
        "Classifier: language zh, accuracy —",
    ]


def test_a_page_is_replaced_whole(tmp_path):
    for text in ("first", "second"):
        write_page(tmp_path / "reports" / "page.html", text)
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["page.html"]
    assert (tmp_path / "reports" / "page.html").read_text() == "second"
