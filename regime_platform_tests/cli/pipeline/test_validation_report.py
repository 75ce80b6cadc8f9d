"""The report of a validation: gaps as ranges, and a page."""

import json
from pathlib import Path

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.cli.pipeline.conftest import NOW
from regime_platform_tests.cli.three_symbols import GOOD
from regime_platform_tests.scenario import serve, street


def test_gaps_are_listed_as_ranges(regime: Regime, tmp_path: Path) -> None:
    settings = street(tmp_path, ["AAA"])
    holed = GOOD[[*range(100), *range(103, 420)]]
    serve(settings, "AAA", "1day", holed)
    regime("run", "AAA", "--now", NOW, settings=settings)

    plain = regime("validate", "AAA", "--now", NOW, "--json", settings=settings)
    listed = regime("validate", "AAA", "--now", NOW, "--check-gaps", settings=settings)
    facts = regime("validate", "AAA", "--now", NOW, "--check-gaps", "--json", settings=settings).out

    assert "gaps" not in json.loads(plain.out)["symbols"][0]["series"][0]
    assert listed.code == 0
    assert "1 gap" in listed.err
    (gap,) = json.loads(facts)["symbols"][0]["series"][0]["gaps"]
    assert gap["first"][:10] == str(GOOD["ts"][100].date())
    assert (gap["missing"], gap["sessions"]) == (3, 3)
    assert str(GOOD["ts"][100].date()) in listed.out


def test_page_is_self_contained_and_shows_every_rule(
    regime: Regime, validated: Settings, tmp_path: Path
) -> None:
    page = tmp_path / "out" / "validation.html"

    regime("validate", "--all", "--input", "raw", "--html", str(page), settings=validated)

    text = page.read_text()
    assert "http" not in text.replace("http-equiv", "")
    assert "src=" not in text
    for words in ("BAD", "high_low_order", "missing_sessions", "price_jump", "correct the bar"):
        assert words in text
    assert '<tr class="blocked"><td>BAD</td>' in text
