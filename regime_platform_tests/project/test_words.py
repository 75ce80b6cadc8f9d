"""Documents, messages, docstrings and comments use no word that docs/glossary.md lists to avoid."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.project.syntax import modules, syntax

GLOSSARY = PROJECT_ROOT / "docs" / "glossary.md"
SOURCE = PROJECT_ROOT / "regime_platform"
#: Text that keeps a listed word, and why.
EXCEPTIONS = {
    "random walk": "the term of statistics",
    "make every number anew": "README of a bundle, whose bytes stay",
    "were told by whoever took": "README of a bundle, whose bytes stay",
    "EXISTS told ": "table in existing credit files",
    "INTO told ": "table in existing credit files",
    "FROM told ": "table in existing credit files",
}


def words_to_avoid() -> re.Pattern[str]:
    """Any word of the glossary's last table, as a whole word and in any case."""
    table = GLOSSARY.read_text(encoding="utf-8").partition("## Words to avoid")[2]
    cells = re.findall(r"^\| (`.+?) \|", table, flags=re.MULTILINE)
    words = [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]
    assert len(words) > 20
    choices = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in words)
    return re.compile(rf"\b(?:{choices})\b", re.IGNORECASE)


AVOIDED = words_to_avoid()


def avoided_words(text: str) -> list[str]:
    """The words to avoid in a text, without ``EXCEPTIONS`` and names in backticks."""
    text = re.sub(r"`+[^`]*`+|\s+", " ", text)
    for exception in EXCEPTIONS:
        text = text.replace(exception, "")
    return AVOIDED.findall(text)


def _documents() -> list[Path]:
    pages = [PROJECT_ROOT / "README.md", PROJECT_ROOT / "data" / "README.md"]
    return [*pages, *sorted((PROJECT_ROOT / "docs").rglob("*.md")), *SOURCE.rglob("*.html")]


def _texts(module: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string and comment."""
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    with tokenize.open(module) as stream:
        for token in tokenize.generate_tokens(stream.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@pytest.mark.parametrize("page", _documents(), ids=lambda page: page.stem)
def test_a_document_uses_no_word_to_avoid(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page == GLOSSARY:
        text = text.partition("## Names in code")[0]

    assert avoided_words(text) == []


@pytest.mark.slow
def test_no_message_docstring_or_comment_uses_a_word_to_avoid() -> None:
    wrong = [
        f"{module.relative_to(PROJECT_ROOT)}:{line}: {', '.join(words)}"
        for module in modules("regime_platform")
        for line, text in _texts(module)
        if (words := avoided_words(text))
    ]

    assert len(modules("regime_platform")) > 100
    assert wrong == []


@pytest.mark.parametrize("text", ["It is judged.", "the WALK", "held\nback", "an incumbent"])
def test_a_word_to_avoid_is_noticed(text: str) -> None:
    assert avoided_words(text)


@pytest.mark.parametrize("text", ["it notices", "a sidewalk", "random walks", "`walk_all`"])
def test_other_words_pass(text: str) -> None:
    assert not avoided_words(text)
