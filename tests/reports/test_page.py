"""The report is one self-contained page, and hostile text in a ticket stays plain text."""

from reports.page import Section, VerdictLine, headlines, html_page, markdown_page, write_page

HOSTILE = "<script>alert(1)</script> | a\nb"
VERDICTS = [VerdictLine("classifier-1", False, "It routes 95 %.", "accuracy 0.9500 must be >= 0.9800, margin -0.0300")]
SECTIONS = [
    Section("Classifier", ("language", "accuracy"), [("en", 0.98765), ("zh", "—")], is_logged=True),
    Section("Replies side by side", ("ticket",), [(HOSTILE,)], keeps_line_breaks=True),
]


def test_page_shows_the_verdict_before_the_measurements_and_loads_nothing():
    page = html_page("Evaluation", "of candidates", VERDICTS, SECTIONS)
    assert page.index("Failed") < page.index("0.9877")
    assert "http://" not in page and "https://" not in page and "src=" not in page


def test_only_a_failed_version_shows_its_failed_rules():
    passed = [VerdictLine("classifier-1", True, "It routes 95 %.", "accuracy 0.9900 is >= 0.9800")]
    for page in (html_page, markdown_page):
        assert "It routes 95 %." in page("E", "s", passed, ())
        assert "0.9900" not in page("E", "s", passed, ())
        assert "0.9500 must be" in page("E", "s", VERDICTS, ())


def test_ticket_text_is_escaped_in_html_and_in_markdown_tables():
    page = html_page("Evaluation", "of candidates", VERDICTS, SECTIONS)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page

    row = next(line for line in markdown_page("E", "s", VERDICTS, SECTIONS).splitlines() if "alert" in line)
    assert row.replace("\\|", "").count("|") == 2
    assert row.count("<") == row.count("\\<")


def test_ticket_text_adds_no_image_and_no_link_to_the_markdown():
    replies = Section(
        "Replies", ("ticket",), [("![x](//host/p.png) <img src=//host/q> `c` <ORDER_ID_1>",)], keeps_line_breaks=True
    )
    row = next(line for line in markdown_page("E", "s", VERDICTS, [replies]).splitlines() if "host" in line)
    assert row == r"| !\[x\](//host/p.png) \<img src=//host/q> \`c\` \<ORDER_ID_1> |"


def test_headlines_are_the_rows_of_the_logged_sections():
    assert headlines(SECTIONS) == [
        "Classifier: language en, accuracy 0.9877",
        "Classifier: language zh, accuracy —",
    ]


def test_writing_a_page_replaces_the_old_one_and_leaves_no_other_file(tmp_path):
    for text in ("first", "second"):
        write_page(tmp_path / "reports" / "page.html", text)
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["page.html"]
    assert (tmp_path / "reports" / "page.html").read_text() == "second"


def test_terms_are_explained_on_the_page_and_in_the_markdown():
    section = Section("How to read it", terms=[("margin", "The distance from <required>.")])
    assert "<dt>margin</dt><dd>The distance from &lt;required&gt;.</dd>" in html_page("E", "s", [], [section])
    assert r"- **margin**: The distance from \<required>." in markdown_page("E", "s", [], [section])
