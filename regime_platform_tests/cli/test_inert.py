"""Text from a vendor, a universe or a file is shown and never interpreted."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer
from rich.text import Text
from werkzeug import Request, Response

from regime_platform.cli.console.screen import messages, print_json, print_table, styled
from regime_platform.inert_text import inert, inert_json
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.cli.conftest import Ended, Regime
from regime_platform_tests.cli.vendor_stocks import FRIDAY, NOW, START, environment
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.scenario import serve, street
from regime_platform_tests.vendor import LoopbackVendor, error_answer

EVIL = (
    "[/x] [bold]loud[/bold] :boom: <script>alert(1)</script> \x1b[2J\x1b]0;title\x07 \x9b31m "
    "\u202egnp.exe\u2066 \u2028\r\nAAA done\ttab"
)
SHOWN = (
    "[/x] [bold]loud[/bold] :boom: <script>alert(1)</script> \\x1b[2J\\x1b]0;title\\x07 \\x9b31m "
    "\\u202egnp.exe\\u2066 \\u2028 AAA done tab"
)
ACTIVE = re.compile("[^\\x20-\\x7e\\n\u00a0-\u00ac\u00ae-\u1fff\u2010-\u2027\u2500-\u257f]")


def _is_inert(ended: Ended) -> bool:
    return not ACTIVE.search(ended.out + ended.err)


class RefusingVendor(LoopbackVendor):
    """Refuses one symbol with words of its own."""

    refused = "BBB"

    def answer(self, request: Request) -> Response:
        """The vendor's answer, or the refusal."""
        asked = request.args.get("symbol", "").split(",")
        return error_answer(404, EVIL) if self.refused in asked else super().answer(request)


@pytest.fixture
def refusing(
    httpserver: HTTPServer, tmp_path: Path, regime: Regime, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """The command line over one stock that the vendor has and one that it refuses."""
    vendor = RefusingVendor(httpserver, asset_class="US_EQUITY")
    for frame in ("1day", "1week"):
        list_stock(vendor, "AAA", frame, stock_bars(frame, START, FRIDAY))
    settings = vendor_settings(tmp_path, vendor, ("AAA", "BBB"))
    for name, value in environment(settings, REGIME_BATCH_SYMBOLS="1").items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: regime(*arguments, settings=settings)


def test_vendor_message_appears_only_in_the_table(
    refusing: Callable[..., Ended],
) -> None:
    ended = refusing("run", "--all", "--now", NOW)
    as_json = refusing("run", "--all", "--now", NOW, "--json")

    assert (ended.code, as_json.code) == (3, 3)
    assert SHOWN in ended.out
    row = next(line for line in ended.out.splitlines() if line.startswith("BBB"))
    assert row.split()[1] == "failed"
    assert [line for line in ended.out.splitlines() if line.startswith("AAA done tab")] == []
    assert _is_inert(ended)
    assert _is_inert(as_json)
    by_symbol = {facts["symbol"]: facts for facts in json.loads(as_json.out)["symbols"]}
    assert SHOWN in by_symbol["BBB"]["reason"]


def test_a_display_name_is_shown_on_screen_in_json_and_on_pages(
    regime: Regime, tmp_path: Path
) -> None:
    settings = street(tmp_path, ["AAA"])
    universe = settings.data_root / "universe.yaml"
    document = yaml.safe_load(universe.read_text())
    document["instruments"][0]["name"] = EVIL
    universe.write_text(yaml.safe_dump(document))
    serve(settings, "AAA", "1day", make_bars(430))

    ran = regime("run", "--all", settings=settings)
    listed = regime("universe", "list", settings=settings)
    as_json = regime("universe", "list", "--json", settings=settings)
    drawn = regime("charts", "AAA", settings=settings)

    assert [result.code for result in (ran, listed, as_json, drawn)] == [0] * 4
    assert all(_is_inert(result) for result in (ran, listed, as_json, drawn))
    assert SHOWN in listed.out
    assert EVIL in as_json.out.encode().decode("unicode_escape") or any(
        leaf["name"] == EVIL for leaf in _leaves(json.loads(as_json.out))
    )
    page = (settings.data_root / "report" / "AAA.html").read_text()
    title = re.search(r"<h1>(.*)</h1>", page)
    assert title is not None
    assert "<script>alert" not in page
    assert unescape(title[1]) == f"AAA<span>{SHOWN}</span>"


def _leaves(node: object) -> list[dict[str, object]]:
    if isinstance(node, list):
        return [leaf for child in node for leaf in _leaves(child)]
    if isinstance(node, dict):
        return [node, *(leaf for child in node.values() for leaf in _leaves(child))]
    return []


def test_names_of_file_and_columns_are_shown_inert(regime: Regime, tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA", "BBB"])
    serve(settings, "AAA", "1day", make_bars(430))
    assert settings.files_root is not None
    (settings.files_root / "BBB").mkdir()
    header = "ts,open,high,low,[/x]\x1b[2J\u202e"
    (settings.files_root / "BBB" / "1day.csv").write_text(f"{header}\n2024-01-01,1,1,1,1\n")
    crafted = tmp_path / "[bold]\x1b[31m.csv"
    crafted.write_text(header)

    ran = regime("run", "--all", settings=settings)
    about = ("--input", "file", "--symbol", "AAA", "--timeframe", "1day")
    read = regime("validate", str(crafted), *about, settings=settings)

    assert ran.code == 3
    assert "low, [/x]\\x1b[2J\\u202e (" in ran.out
    assert read.code in {1, 2}
    assert "[bold]\\x1b[31m.csv" in read.out + read.err
    assert _is_inert(ran)
    assert _is_inert(read)


@pytest.mark.parametrize(
    "arguments", [("[/x]\x1b[2J",), ("run", "--[bold]\x1b[2J"), ("run", "--tier", "[/x]\x9b")]
)
def test_usage_error_shows_arguments_inert(regime: Regime, arguments: tuple[str, ...]) -> None:
    ended = regime(*arguments)

    assert ended.code == 2
    assert inert(arguments[-1]) in ended.err
    assert _is_inert(ended)


def test_everything_printed_is_inert(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    messages().print(EVIL)
    messages().print(Text(EVIL), soft_wrap=True)
    print_table(("a", "b"), [(EVIL, styled(EVIL))])
    print_table((EVIL,), [("x" * 600,)], folding=(EVIL,))
    streams = capsys.readouterr()

    assert not ACTIVE.search(streams.out + streams.err)
    assert SHOWN in streams.err.splitlines()[0]
    assert f"{SHOWN} {SHOWN}" in " ".join(streams.out.split()).replace("  ", " ")


def test_json_escapes_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    every = "".join(map(chr, [*range(0x3000), *range(0xD7F0, 0xD800), *range(0xE000, 0x11000)]))
    facts = {every: [every, "\udc80", EVIL, "\U000e0001\U0010ffff"]}

    print_json(facts)

    out = capsys.readouterr().out
    assert json.loads(out) == facts
    assert len(out.splitlines()) == 8
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", out)
    assert inert_json(out) == out


def test_help_needs_no_settings(regime: Regime) -> None:
    assert _is_inert(regime("verify", "--bundle", f"{EVIL[:20]}.zip", settings=Settings()))
