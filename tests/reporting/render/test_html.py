"""The page: what stands in it, and what a browser makes of it."""

import html
import itertools
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pandas as pd
import pytest
import yaml

from bloodstudy.reporting import load_claims, make_report
from bloodstudy.reporting.claims.ledger import Ledger
from bloodstudy.reporting.render.html import render_html

VOID = {"meta", "img", "wbr", "br", "hr", "input", "link"}
HOSTILE = (
    '<img src=x onerror=alert(1)> "quoted" [a](http://evil.example) \ue0000\ue0019\ue002 ![b](http://evil.example/x)'
)
TRIALS = pd.DataFrame([{"key": "a", "arm": "lr=0.1", "seed": 0, "outcome": "finished", "prediction_hash": "12"}])


class Page(HTMLParser):
    """The elements of a page, with a check that each that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.stack, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag, attribute=None):
        return [attrs if attribute is None else attrs.get(attribute) for name, attrs in self.elements if name == tag]


def page_of(markdown, tmp_path, ledger=None, **more):
    return Page(render_html(markdown, ledger or Ledger("s", None, {"a": None}), TRIALS, tmp_path, "T", **more))


def assert_asks_for_nothing(page):
    for tag, attrs in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "form", "base", "svg"), tag
        assert not [name for name in attrs if name.startswith("on")], attrs
        for name in ("src", "srcset", "action", "poster", "data"):
            assert attrs.get(name, "data:image/").startswith("data:image/"), attrs
        assert re.fullmatch(r"#\S+|[\w./-]+", attrs.get("href", "#x")), attrs
    assert len(page.all("script")) == 1


@pytest.fixture
def report(sweep_of, tmp_path):
    """Return a report of several arms, whose plan, reasons and classes are hostile."""
    classes = ["a|b", "`tick`", HOSTILE, "白血球"]
    results = sweep_of(
        tmp_path / "runs", {"width": [0.5, 1, 2], "seed": [0, 1]}, outcomes={3: "failed", 5: "missing"}, classes=classes
    )
    plan_file = tmp_path / "runs" / "scratch" / "plan.yaml"
    plan = yaml.safe_load(plan_file.read_text())
    for trial in plan["trials"][2:4]:
        trial["arm"] = HOSTILE
    plan["command"] += f"\n{HOSTILE}\n```\n<script>alert(2)</script>"
    plan_file.write_text(yaml.safe_dump(plan, sort_keys=False))
    failed = tmp_path / "runs" / "scratch" / results[3]["key"] / "result.json"
    failed.write_text(json.dumps(json.loads(failed.read_text()) | {"reason": HOSTILE}))
    return make_report(load_claims(tmp_path / "runs", "scratch"), tmp_path / "out")


def test_a_number_links_to_its_claim_and_that_to_its_trials(tmp_path):
    ledger = Ledger("s", None, {"a": "ff00"})
    told = {"name": "arm/lr=0.1, x/mean", "formula": 'mean of "x" < 1', "trials": ["a"]}
    marked = f"# T\n\nIt is {ledger.add(0.5, '.3f', **told)}, or {ledger.add(0.5, '.1%', **told)}."
    text = render_html(marked, ledger, TRIALS, tmp_path, "T")
    page = Page(text)
    first, second = [attrs for attrs in page.all("a") if attrs.get("class") == "claim"]
    assert first == {"class": "claim", "id": "said-0", "href": "#claim-arm/lr=0.1-x/mean", "title": 'mean of "x" < 1'}
    assert second == {name: value for name, value in first.items() if name != "id"}
    assert "It is <a " in text
    assert {"claim-arm/lr=0.1-x/mean", "trial-a"} <= set(page.all("tr", "id"))
    assert {"#trial-a", "#said-0"} <= set(page.all("a", "href"))
    assert "ff00" in page.text


def test_a_number_in_the_words_of_a_figure_alone_has_no_way_back(tmp_path):
    ledger = Ledger("s", None, {"a": None})
    number = ledger.add(0.5, ".3f", name="n", formula="f", trials=["a"])
    page = page_of(f"# T\n\n![It is {number}](figures/x.png)\n", tmp_path, ledger)
    assert "It is 0.500" in page.text
    assert "#said-0" not in page.all("a", "href")


def test_headings_tables_and_figures_are_made_for_everybody(report):
    page = Page(report.html)
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("title") == [{}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 == levels.count(1)
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    anchors = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(anchors) == len(set(anchors))
    links = [href for href in page.all("a", "href") if href.startswith("#")]
    assert {href[1:] for href in links} <= set(anchors)
    contents = links[1 : 1 + sum(level == 2 for level in levels)]
    assert contents == [f"#{name}" for name in page.all("h2", "id")]
    assert links[0] == "#report"
    scopes = page.all("th", "scope")
    assert set(scopes) == {"col", "row"}
    assert page.all("img"), "figures"
    kinds = ("data:image/png;base64,", "data:image/svg+xml;base64,")
    assert all(attrs["alt"] and attrs["src"].startswith(kinds) for attrs in page.all("img"))
    assert "\ue000" not in report.html


def test_no_name_and_no_reason_becomes_markup(report):
    page = Page(report.html)
    assert_asks_for_nothing(page)
    assert all("onerror" not in (attrs.get("alt") or "x") or tag == "img" for tag, attrs in page.elements)
    shown = " ".join(page.text)
    assert "<img src=x onerror=alert(1)>" in shown
    assert "<script>alert(2)</script>" in shown
    assert len(page.all("img")) == len([src for src in page.all("img", "src") if src.startswith("data:")])
    claims = len(report.ledger.claims)
    assert report.html.count('id="said-') == claims, "every claim is said somewhere, and no other mark is"


def test_markdown_that_is_not_ours_stays_text(tmp_path):
    markdown = (
        "# T\n\n<script>alert(1)</script> <img src=http://x> [a](http://evil) [b](javascript:alert(1)) <http://evil> "
        '<code onclick="x">y</code> ![c](http://evil/x.png)\n\n<div onclick="x">\nz\n</div>\n\n![d](figures/../x.png)\n'
    )
    page = page_of(markdown, tmp_path)
    assert_asks_for_nothing(page)
    assert page.all("img") == []


def test_numbers_are_aligned_without_styles_of_single_elements(tmp_path):
    page = page_of("# T\n\n| a | n |\n| --- | ---: |\n| x | 1 |\n", tmp_path)
    assert not [attrs for _, attrs in page.elements if "style" in attrs]
    assert {"class": "number"} in page.all("td")


def test_a_drawing_is_preferred_to_its_picture_unless_it_is_large(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "x.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + bytes(8) + (240).to_bytes(4) + (120).to_bytes(4)
    )
    markdown = "# T\n\n![words](figures/x.png)\n"
    assert page_of(markdown, tmp_path).all("img")[0]["src"].startswith("data:image/png")
    (tmp_path / "figures" / "x.svg").write_text("<svg/>")
    image = page_of(markdown, tmp_path).all("img")[0]
    assert (image["src"][:19], image["width"], image["height"]) == ("data:image/svg+xml;", "192", "96")
    (tmp_path / "figures" / "x.svg").write_text("<svg/>" + " " * 200_000)
    assert page_of(markdown, tmp_path).all("img")[0]["src"].startswith("data:image/png")
    (tmp_path / "figures" / "x.png").unlink()
    assert "words" in page_of(markdown, tmp_path).text


def test_more_is_added_before_the_appendix(tmp_path):
    page = page_of("# T\n\ntext\n", tmp_path, more='<h2 id="more">More</h2>')
    assert page.all("h2", "id")[0] == "more"


@pytest.fixture
def browse(tmp_path):
    """Return a function that opens the page in frames of several widths and returns what a script reads of them."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is missing: apt-get install chromium")
        pytest.skip("chromium is not installed")

    def opened(page, script, widths):
        frames = "".join(f'<iframe width="{w}" height="900" srcdoc="{html.escape(page)}"></iframe>' for w in widths)
        look = f"const look = (view, page) => {{ {script} }};"
        look += (
            "const told = [...document.querySelectorAll('iframe')].map(f => look(f.contentWindow, f.contentDocument));"
        )
        look += "document.body.innerHTML = ''; document.body.textContent = JSON.stringify(told);"
        outer = tmp_path / "outer.html"
        outer.write_text(
            f"<!doctype html><meta charset=utf-8><body>{frames}<script>onload = () => {{ {look} }}</script></body>",
            encoding="utf-8",
        )
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000", "--dump-dom"]
        options += [f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
        command = [program, *options, outer.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        body = re.search("<body>(.*)</body>", done.stdout, re.DOTALL)
        assert body, done.stderr[-2000:]
        return json.loads(html.unescape(body[1]))

    return opened


def test_nothing_overflows_and_nothing_is_asked_for(report, browse):
    script = """
    const free = [...page.querySelectorAll("body *")].filter(e => !e.closest(".wide, figure, pre, .skip"));
    return {
      width: view.innerWidth, scroll: page.documentElement.scrollWidth,
      beyond: free.filter(e => e.getBoundingClientRect().right > view.innerWidth + 0.5).map(e => e.outerHTML),
      asked: view.performance.getEntriesByType("resource").map(e => e.name).filter(name => !name.startsWith("data:")),
      images: [...page.images].every(image => image.naturalWidth > 0),
      styled: view.getComputedStyle(page.querySelector("table")).borderCollapse,
      column: page.querySelector("main p").getBoundingClientRect().width,
      contents: page.querySelector("nav details").open,
    };"""
    for told, width in zip(browse(report.html, script, [400, 1400]), [400, 1400], strict=True):
        assert told["width"] == width
        assert told["scroll"] <= width
        assert told["beyond"] == told["asked"] == []
        assert told["images"]
        assert told["styled"] == "collapse", "the page's own policy lets its style through"
        assert told["column"] < 800, "lines are short enough to read"
        assert told["contents"] == (width > 400), "on a small screen the answers come first"


def test_tables_are_sorted_by_their_headers(report, browse):
    script = """
    const table = page.querySelector("table"), header = table.tHead.rows[0].cells[3];
    const button = header.querySelector("button");
    const read = () => [...table.tBodies[0].rows].map(row => row.cells[3].textContent);
    const [order, sorted] = [[read()], [header.getAttribute("aria-sort")]];
    for (let k = 0; k < 2; k++) {
      button.focus(); button.click(); order.push(read()); sorted.push(header.getAttribute("aria-sort"));
    }
    const other = table.tHead.rows[0].cells[1]; other.querySelector("button").click();
    sorted.push(header.getAttribute("aria-sort"));
    return {header: header.textContent, order, sorted, focused: page.activeElement === button, kind: button.type};"""
    (told,) = browse(report.html, script, [1400])
    assert (told["header"], told["focused"], told["kind"]) == ("test", True, "button")
    written, up, down = told["order"]
    numbers = [float(text) for text in written if text != "–"]
    assert len(numbers) == 4
    assert up == [*(f"{value:.3f}" for value in sorted(numbers)), "–", "–"]
    assert down == [*(f"{value:.3f}" for value in sorted(numbers, reverse=True)), "–", "–"]
    assert told["sorted"] == [None, "ascending", "descending", None]


def test_a_link_of_a_number_goes_to_its_claim(report, browse):
    script = """
    const link = page.querySelector("main p a.claim");
    const target = page.getElementById(decodeURIComponent(link.hash.slice(1)));  // as a browser looks for it
    return {row: target.tagName, formula: target.cells[1].textContent === link.title};"""
    assert browse(report.html, script, [1400]) == [{"row": "TR", "formula": True}]
