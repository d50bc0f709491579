"""The elements of a page: anchors, contents, words of a line."""

from bloodstudy.reporting.render.markdown_to_html import make_unique, read_words, render_markdown, slug


def test_sections_have_anchors_and_only_they_stand_in_the_contents(tmp_path):
    text, contents = render_markdown("# T\n\n## The data\n\n### A part\n\n## The data\n", tmp_path)
    assert contents == [("the-data", "The data"), ("the-data-2", "The data")]
    assert all(f'id="{anchor}"' in text for anchor in ("t", "the-data", "a-part", "the-data-2"))


def test_what_our_templates_fold_away_is_folded_and_other_blocks_of_tags_are_text(tmp_path):
    page = "<details>\n<summary>The numbers: all</summary>\n\n| a |\n| --- |\n| 1 |\n\n</details>\n\n"
    text, _ = render_markdown(page, tmp_path)
    assert text.startswith("<details>\n<summary>The numbers: all</summary>\n<div")
    assert text.endswith("</details>\n")
    for foreign in ("<div onclick=x>", "<details open>\n<summary>a</summary>", "<script>\nx\n</script>", "<!-- a -->"):
        text, _ = render_markdown(f"{foreign}\n\nafter\n", tmp_path)
        assert "<div" not in text
        assert "<details" not in text
        assert "<script" not in text
        assert "<!--" not in text
        assert text.endswith("<p>after</p>\n")


def test_an_anchor_is_taken_once():
    taken = set()
    assert [make_unique(slug(text), taken) for text in ("a b", "a b", "??")] == ["a-b", "a-b-2", "x"]
    assert taken == {"a-b", "a-b-2", "x"}


def test_a_reader_sees_a_line_without_its_markup():
    assert read_words("Sweep over `lr` &#124; **2** <code>x</code>") == "Sweep over lr | 2 x"
