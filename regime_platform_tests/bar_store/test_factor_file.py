"""price_factors.json: every version of the adjustments with its evidence, byte for byte."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from regime_platform.bar_store.factor_file import (
    as_json,
    factors_in_force,
    read_factors,
    write_factors,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import json_text
from regime_platform.manifests.bar_manifest import PriceFactors
from regime_platform.revisions.price_factors import Adjustment, price_factors
from regime_platform_tests.builders import fetched, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.traded import as_traded, sessions_of

STORED = {
    "1h": [
        {
            "version": 1,
            "raw_logs": {"1day": "00f3", "1h": "7d01"},
            "steps": [
                {
                    "until": "2014-06-06",
                    "ratio": "7:1",
                    "evidence": {"2014-06-06": 7.001203, "2014-06-05": 7.0},
                }
            ],
        }
    ]
}


def _steps(ratio: Fraction) -> tuple[Adjustment, ...]:
    daily = make_bars(60)
    hours = sessions_of(as_traded(daily, {daily["ts"].dt.date()[30]: ratio}))
    return price_factors(fetched(daily), fetched(hours), "1h", "US_EQUITY")


def test_every_version_of_the_factors_is_kept_with_its_evidence(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    write_factors(paths, "1h", (), {})
    assert not paths.price_factors.exists()

    for steps in (_steps(Fraction(2)), _steps(Fraction(2)), _steps(Fraction(4)), ()):
        write_factors(paths, "1h", steps, {"1day": "d", "1h": "h"})

    versions = read_factors(paths)["1h"]
    assert [table.version for table in versions] == [1, 2, 3]
    assert [[step.ratio for step in table.steps] for table in versions] == [[2], [4], []]
    evidence = versions[0].steps[0].evidence
    assert next(iter(evidence)) == versions[0].steps[0].until.isoformat()
    assert [round(value, 3) for value in evidence.values()] == [2.0] * 5
    assert factors_in_force(paths) == {"1h": PriceFactors(version=3, steps=())}


def test_a_table_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    paths, text = SymbolPaths(tmp_path), json_text(STORED)
    paths.price_factors.write_text(text)

    write_factors(paths, "1h", _steps(Fraction(3)), {"1day": "d", "1h": "h"})

    added = json.loads(paths.price_factors.read_text())["1h"].pop()
    assert list(added) == ["version", "raw_logs", "steps"]
    assert list(added["steps"][0]) == ["until", "ratio", "evidence"]
    assert json_text(as_json(read_factors(paths))) == paths.price_factors.read_text()
    assert paths.price_factors.read_text().startswith(text[: text.rindex("]") - 4])


@pytest.mark.parametrize("text", ["[]", '{"1h": [{"version": 1}]}', '{"1h": 3}'])
def test_a_damaged_table_is_named(tmp_path: Path, text: str) -> None:
    paths = SymbolPaths(tmp_path)
    paths.price_factors.write_text(text)

    with raises(BarsError, "price-factors-damaged", match=r"price_factors\.json"):
        read_factors(paths)
    assert json.loads(paths.price_factors.read_text()) is not None
