"""The feedback page: says what the verdicts say, and nothing that a student wrote gets active in it."""

from __future__ import annotations

import base64
import html
import io
import struct
import zlib
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image, PngImagePlugin
from toycourse import SECTION, executed_notebook, release_notebook, verdict

from coursekit.pages.feedback import render, write_feedback
from coursekit.pages.pictures import redrawn
from coursekit.pages.plaintext import printed, visible

VERDICTS = {
    "check_double": verdict("double", 4.0, 4.0),
    "check_half": verdict(
        "half",
        2.0,
        0.5,
        mistake="rounds-down",
        message="You divide with //.\nIt rounds down.",
        parts=[
            {"sentence": "It keeps its argument", "passed": False, "weight": 0, "gate": True, "reason": "x changed"},
            {"sentence": "Whole numbers", "passed": True, "weight": 1.5, "gate": False, "reason": None},
            {"sentence": "Odd numbers", "passed": False, "weight": 0.5, "gate": False, "reason": "x = 3: yours 1"},
        ],
    ),
    "check_round": verdict("round", 1.0, 0.0, note="round is not written yet"),
}


def page(executed=None, verdicts=VERDICTS, **more):
    return render("Toys & games", "ada", "A toy section", executed or executed_notebook(), verdicts, **more)


class Reader(HTMLParser):
    """Collects the elements with their attributes, the visible text, and the order of headings."""

    VOID = ("meta", "img", "br")

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open, self.headings = [], [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)

    def all(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]


TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "header", "nav", "main", "section", "footer", "h1", "h2",
    "h3", "p", "span", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "a", "ul", "li", "pre", "code", "details",
    "summary", "img",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "src", "alt", "width", "height", "style",
    "scope", "aria-hidden", "aria-labelledby", "aria-label", "tabindex", "dir",
}  # fmt: skip


def harmless(source):
    """Assert that a page holds nothing active, nothing from elsewhere, and no broken nesting; return its reader."""
    reader = Reader(source)
    for tag, attributes in reader.elements:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        assert attributes.get("href", "#").startswith("#")
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
        assert attributes.get("style", "width: ").startswith("width: ")
    (policy,) = [found["content"] for found in reader.all("meta") if found.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")
    assert "script" not in policy
    return reader


HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></code></div><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<a href='javascript:alert(1)'>x</a> [x](javascript:alert(1)) https://example.org/?ada",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "<!-- --><base href='//example.org'><meta http-equiv=refresh content='0;url=//example.org'>",
    "<form action=//example.org><input name=password></form>",
    "{{ 7 * 7 }} {% raw %} {{ ''.__class__ }}",
    "\x1b[31mred\x1b[0m\x1b]8;;https://example.org\x07link\x1b]8;;\x07",
    "if x:\u202e } \u2066# harmless\u2069",
    "zero\u200bwidth\ufeff \x00\x08\x7f\x85",
    "a lone \ud800 surrogate \udfff",
    "&lt;script&gt; &amp; &#60;script&#62;",
    "`<script>alert(1)</script>` `a`<b>`",
    "]]> <![CDATA[ <script> ]]>",
    "<plaintext><xmp><textarea><title>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_student_writes_gets_active(text):
    executed = executed_notebook({"double": f"x = 1\n{text}", "half": f'y = """{text}"""', "why": text})
    error = new_output("error", ename=text, evalue=text, traceback=[f"----> 2 {text}"])
    outputs = [
        new_output("stream", name="stdout", text=text),
        new_output("stream", name="stderr", text=text),
        new_output("display_data", data={"text/html": text, "text/plain": text}),
        new_output("display_data", data={"text/html": text, "image/svg+xml": text, "application/javascript": text}),
        new_output("display_data", data={"image/png": text}),
        new_output("execute_result", data={"text/plain": text}),
        error,
    ]
    executed.cells.append(new_code_cell(f"# {text}", outputs=outputs))
    executed.cells.append(new_markdown_cell(text))
    parts = [{"sentence": text, "passed": False, "weight": 2.0, "gate": False, "reason": text}]
    hostile = verdict("half", 2.0, 0.0, mistake=text, message=text, note=text, text=text, parts=parts)
    source = page(
        executed,
        {**VERDICTS, "check_half": hostile},
        notes=[text],
        release=release_notebook(),
        comments={"why": text},
        submitted=text,
    )
    reader = harmless(source)
    # Everything can be written, and no character in it hides or reorders others.
    source.encode("utf-8")
    assert visible(source) == source
    # In code and prose it is there to be read, as text.
    assert visible(text) in reader.text
    assert printed(text) in reader.text


def test_the_name_of_a_student_is_text_too():
    source = render("<b>c</b>", "<script>ada</script>", "<i>s</i>", executed_notebook(), {})
    assert "Feedback for <script>ada</script>" in harmless(source).text


def test_it_says_what_the_verdicts_say():
    reader = harmless(page(late_penalty=0.5, notes=["extra.bin was left out"], submitted="2026-03-01 12:00"))
    text = " ".join(reader.text.split())
    for said in [
        "Toys & games", "A toy section", "Feedback for ada, submitted 2026-03-01 12:00", "4 of 15 points",
        "4.5 points for the work, less 0.5 for handing it in late", "2 of 5 parts have no score yet",
        "half 0.5 of 2", "extra.bin was left out", "What seems to have happened You divide with //. It rounds down.",
        "not passed: It keeps its argument required x changed", "passed: Whole numbers 1.5 of 1.5",
        "not passed: Odd numbers 0 of 0.5 x = 3: yours 1",
        "Failing it costs some: here 1.", "round is not written yet", "A person reads this answer.",
    ]:  # fmt: skip
        assert said in text
    assert reader.all("html") == [{"lang": "en"}]
    links = [link["href"][1:] for link in reader.all("a")]
    anchors = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(links) == 5
    assert set(links) <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_words_between_backticks_are_code():
    told = verdict("round", 1.0, 0.0, note="End it with `return x < 1`, as the slide has it.")
    assert "with <code>return x &lt; 1</code>, as" in page(verdicts={"check_round": told})


def test_headings_are_in_order():
    headings = Reader(page(notes=["a note"])).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_a_fault_of_the_grader_is_no_zero():
    text = " ".join(harmless(page(verdicts={**VERDICTS, "check_double": None})).text.split())
    assert "double not graded yet" in text
    assert "The fault is the grader's, not yours" in text
    assert "0 of 4" not in text


def test_what_people_entered_stands_on_the_page():
    source = page(adjusted={"check_half": 1.75, "why": 3.0}, comments={"why": "Well put.", "round": "No response."})
    text = " ".join(harmless(source).text.split())
    assert "half 1.75 of 2" in text
    assert "Your teacher has set this score." in text
    assert "Comment Well put." in text
    assert "why 3 of 3" in text
    assert "8.75 of 15 points" in text
    # Said better by the verdict's own note.
    assert "No response." not in text


def test_only_the_students_cells_stand_there():
    release = release_notebook()
    release.cells.append(new_markdown_cell("Prose of the release", id="prose"))
    release.cells.append(new_code_cell("import silent", id="silent"))
    release.cells.append(new_code_cell("show(double)", id="figure"))
    executed = executed_notebook({"double": "def double(x): return 2 * x", "why": "My own reason."})
    executed.cells.extend(release.cells[-3:-1])
    shown = new_output("stream", name="stdout", text="drawn")
    executed.cells.append(new_code_cell("show(double)", id="figure", outputs=[shown]))
    executed.cells.append(new_markdown_cell("My own note", id="mine"))
    reader = harmless(page(executed, release=release))
    for there in ["def double(x): return 2 * x", "My own reason.", "show(double)", "drawn", "My own note"]:
        assert there in reader.text
    for absent in ["Prose of the release", "import silent", 'check("double"', "Make something of your own"]:
        assert absent not in reader.text
    assert len(reader.all("details")) == 1


def test_an_exception_shows_the_students_own_line_alone():
    executed = executed_notebook({"double": "def double(x):\n    return x.twice()", "half": "double(3)"})
    inside = "/usr/lib/python3/secret.py in twice()\n----> 9 return HIDDEN_REFERENCE"
    trace = ["Cell In[2], line 2", "      1 def double(x):", "----> 2     return x.twice()", inside]
    error = new_output("error", ename="AttributeError", evalue="'int' has no 'twice'", traceback=trace)
    executed.cells[3].outputs = [error]
    text = harmless(page(executed)).text
    assert "AttributeError: 'int' has no 'twice'" in text
    assert text.count("return x.twice()") == 2
    assert "HIDDEN_REFERENCE" not in text
    assert "secret.py" not in text


def test_long_outputs_are_cut():
    executed = executed_notebook()
    executed.cells[1].outputs = [
        new_output("stream", name="stdout", text="line\n" * 100_000),
        new_output("stream", name="stdout", text="x" * 5_000_000),
        new_output("error", ename="E" * 10_000, evalue="v" * 1_000_000, traceback=["t" * 1_000_000] * 50),
    ]
    executed.cells[1].source = "x = 1  # " + "y" * 3_000_000
    source = page(executed)
    assert "the rest is left out (500000 characters in all)" in source
    assert len(source) < 200_000


def encoded(data):
    return base64.b64encode(data).decode()


def drawing(width=8, height=6, mode="RGB", colour="red", **options):
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, format="PNG", **options)
    return buffer.getvalue()


def claims(data, width, height):
    """Return a PNG whose header says another size, its checksum put right."""
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def test_a_picture_is_encoded_anew():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    original = drawing(pnginfo=info) + b"<script>trailing</script>"
    executed = executed_notebook()
    executed.cells[1].outputs = [new_output("display_data", data={"image/png": encoded(original)})]
    (image,) = harmless(page(executed)).all("img")
    assert (image["width"], image["height"]) == ("8", "6")
    assert "double" in image["alt"]
    data = base64.b64decode(image["src"].partition(",")[2])
    assert b"script" not in data
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.getpixel((3, 3)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "I;16", "LA"])
def test_every_kind_of_png_is_shown(mode):
    picture = redrawn(encoded(drawing(mode=mode, colour=0)))
    assert (picture.width, picture.height) == (8, 6)


def test_a_large_picture_is_made_smaller():
    picture = redrawn(encoded(drawing(3200, 100)))
    assert (picture.width, picture.height) == (1600, 50)


JPEG = io.BytesIO()
Image.new("RGB", (8, 6)).save(JPEG, format="JPEG")
NOT_SHOWN = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a PNG picture"),
    "jpeg": (JPEG.getvalue(), "not a PNG picture"),
    "html after the signature": (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "not a PNG picture"),
    "nothing": (b"", "not a PNG picture"),
    "a bomb": (drawing(16000, 16000, "1", 0), "16000 by 16000 pixels"),
    "says it is huge": (claims(drawing(), 2**31 - 1, 2**31 - 1), "too many to show"),
    "says it is larger": (claims(drawing(), 800, 600), "does not fit the size"),
    "says it is empty": (claims(drawing(), 0, 6), "0 by 6 pixels"),
    "cut off": (drawing(300, 300)[:200], "broken"),
    "too many bytes": (b"\x89PNG\r\n\x1a\n" + b"x" * 9_000_000, "larger than 8 MB"),
}


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_what_is_no_honest_png_is_dropped_with_a_note(name):
    data, reason = NOT_SHOWN[name]
    executed = executed_notebook()
    executed.cells[1].outputs = [new_output("display_data", data={"image/png": encoded(data)})]
    reader = harmless(page(executed))
    assert reader.all("img") == []
    assert "A picture is left out" in reader.text
    assert reason in reader.text


def test_text_that_is_not_base64_is_no_picture():
    with pytest.raises(ValueError, match="not a PNG"):
        redrawn('" onerror="alert(1)')


def test_the_number_of_pictures_is_bounded():
    executed = executed_notebook()
    one = new_output("display_data", data={"image/png": encoded(drawing())})
    executed.cells[1].outputs = [one] * 60
    reader = harmless(page(executed))
    assert len(reader.all("img")) == 40
    assert "only 40 are shown" in reader.text


def test_printed_text_keeps_the_last_state_of_a_progress_line():
    assert printed("1%\r50%\r100%\ndone\r\n") == "100%\ndone"


def test_the_page_and_what_the_exchange_needs_stand_together(tmp_path):
    beside = tmp_path / "autograded" / "ada" / SECTION
    beside.mkdir(parents=True)
    (beside / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    (beside / "submission_secret.txt").write_text("c0ffee")
    (beside / f"{SECTION}.ipynb").write_text("{}")
    path = write_feedback(tmp_path, "ada", SECTION, page())
    assert path == tmp_path / "feedback" / "ada" / SECTION / f"{SECTION}.html"
    assert sorted(file.name for file in path.parent.iterdir()) == [
        f"{SECTION}.html",
        "submission_secret.txt",
        "timestamp.txt",
    ]
    assert html.unescape("&amp;") in path.read_text()
