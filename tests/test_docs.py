"""The documents keep up with the code: settings are all listed, and links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
RECORDS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))


def test_every_setting_is_on_its_page_and_nothing_else_is() -> None:
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "ppe" / "config.py").read_text()))
    listed = re.findall(r"^\| `PPE_([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    assert read
    assert sorted(listed) == sorted(read)


def test_the_ports_of_the_makefile_are_on_the_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    chosen = re.findall(r"^([A-Z_]*PORT) \?= (\d+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(chosen) == 2
    for variable, default in chosen:
        assert f"| `{variable}` | `{default}` |" in page


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_between_the_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


def test_every_decision_is_in_the_list() -> None:
    listed = re.findall(r"\((0[^)]+\.md)\)", (ROOT / "docs" / "decisions" / "README.md").read_text())
    assert listed == [record.name for record in RECORDS]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_says_why_what_and_what_follows(record: Path) -> None:
    headings = re.findall(r"^(#+) (.+)$", record.read_text(), re.MULTILINE)
    assert [(level, text.partition(".")[0]) for level, text in headings] == [
        ("#", str(int(record.name[:4]))),
        ("##", "Context"),
        ("##", "Decision"),
        ("##", "Consequence"),
    ]


def test_every_test_that_the_security_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "security.md").read_text())
    assert len(named) > 25
    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert missing == []
