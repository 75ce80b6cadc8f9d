"""docs/your-own-bars.md: every recipe works on a file of the form that it shows."""

import datetime as dt
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from regime_platform.cli.main import main
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import PROJECT_ROOT
from regime_platform.sources.files.source import FilesSource
from regime_platform_tests.dialects.law import difference
from regime_platform_tests.dialects.truth import TRUTHS
from regime_platform_tests.dialects.vendors import VendorFile, spreadsheet, vendor_files

PAGE = (PROJECT_ROOT / "docs/your-own-bars.md").read_text(encoding="utf-8")
#: What follows the heading of the first recipe.
INTRODUCTION = PAGE[PAGE.index("```sh\n") + 6 :].partition("```")[0]
RECIPES = PAGE[PAGE.index("\n## ") :]
_ASKS = "# asks for "
_FEWEST_LINES = 3


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", RECIPES, flags=re.DOTALL)


@pytest.fixture(scope="module")
def vendors() -> dict[str, VendorFile]:
    return vendor_files()


def test_the_lines_of_a_recipe_are_those_of_the_file(vendors: dict[str, VendorFile]) -> None:
    texts = [vendor.text for vendor in vendors.values()]
    shown = _blocks("text")

    assert [
        block for block, text in zip(shown, texts, strict=True) if not text.startswith(block)
    ] == []
    assert all(block.count("\n") == _FEWEST_LINES for block in shown)
    assert [name for name, vendor in vendors.items() if vendor.path not in RECIPES] == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a user without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


@pytest.mark.slow
def test_two_commands_lead_from_a_strange_file_to_a_chart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = replace(TRUTHS["daily"], start=dt.date(2022, 1, 3)).bars
    (folder / "prices.csv").write_bytes(spreadsheet(bars))

    first, second = INTRODUCTION.splitlines()

    assert _exit_code(first) == 0, capsys.readouterr()
    assert _exit_code(second) == 0, capsys.readouterr()
    page = folder / "data/report/PRICES.html"
    assert f"page {page} (1 written)" in capsys.readouterr().err
    assert "static/lightweight-charts-" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_of_every_recipe_end_in_the_true_bars(
    vendors: dict[str, VendorFile], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for vendor in vendors.values():
        vendor.write(folder)

    for command in _commands():
        code = _exit_code(command.split(" #")[0])
        printed = "".join(capsys.readouterr())
        assert code == (1 if _ASKS in command else 0), f"{command}\n{printed}"
        assert command.partition(_ASKS)[2] in printed

    assert _exit_code("regime update AAPL EURUSD ETHUSD GOOG") == 0, capsys.readouterr()
    universe = RunWorkspace.open().universe
    for name, vendor in vendors.items():
        instrument = universe.instrument(vendor.symbol)
        page = FilesSource(None).series(instrument, vendor.truth.timeframe)
        assert difference(page.bars, vendor.truth.bars) == "", name


def _commands() -> Iterator[str]:
    for block in _blocks("sh"):
        yield from block.splitlines()


def _exit_code(command: str) -> int | str | None:
    program, *words = shlex.split(command)
    assert program == "regime"
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code
