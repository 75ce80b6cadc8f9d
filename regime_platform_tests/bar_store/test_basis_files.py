"""splits.json: series are pending until they are fetched again, also after a kill."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import pytest

from regime_platform.bar_store.basis_files import (
    BASES,
    FACTORS,
    BasisRecord,
    basis_records,
    factors_in_force,
    note_basis,
    pending_record,
    read_factors,
    settle_basis,
    write_factors,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.errors import BarsError
from regime_platform.files import json_text
from regime_platform.manifests.bar_manifest import PriceFactors
from regime_platform.model.markets import MARKETS
from regime_platform.revisions.basis_changes import BasisChange, Rebase
from regime_platform.revisions.price_factors import Adjustment, price_factors
from regime_platform_tests.builders import LONG_AFTER, START, fetched, make_bars
from regime_platform_tests.error_codes import raises
from regime_platform_tests.traded import as_traded, sessions_of

TWO = BasisChange(
    ratio=Fraction(2),
    bars=5,
    first=START,
    last=START + dt.timedelta(days=4),
    deviation=0.0,
    same_from=None,
)
LATER = LONG_AFTER + dt.timedelta(days=1)
STORED_SPLITS = """{
  "splits": [
    {
      "timeframe": "1week",
      "ratio": "1:10",
      "seen_at": "2026-11-20T03:15:00.250000Z",
      "seen_on": "1day",
      "evidence": {
        "ratio": "1:10",
        "bars": 7,
        "first": "2012-01-02T00:00:00Z",
        "last": "2012-01-10T00:00:00Z",
        "deviation": 2.1e-05,
        "same_from": null
      },
      "refetched_at": null
    }
  ]
}
"""


def _note(paths: SymbolPaths, timeframe: str = "1day", at: dt.datetime = LONG_AFTER) -> None:
    seen = BasisRecord(
        timeframe=timeframe,
        ratio=TWO.ratio,
        seen_at=at,
        seen_on=timeframe,
        evidence=TWO,
        before=7,
        stored=1353,
    )
    note_basis(paths, seen)


def test_what_was_seen_waits_until_it_is_settled(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    _note(paths, "1week")

    settle_basis(paths, "1day", LATER)

    assert pending_record(paths, "1day") is None
    waiting = pending_record(paths, "1week")
    assert waiting is not None
    assert (waiting.ratio, waiting.rebase) == (Fraction(2), Rebase(7, TWO))


def test_an_earlier_moment_knows_what_was_pending_then(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    settle_basis(paths, "1day", LATER)

    assert basis_records(paths, "1day", LONG_AFTER - dt.timedelta(seconds=1)) == ()
    (then,) = basis_records(paths, "1day", LONG_AFTER)
    (now,) = basis_records(paths, "1day")
    assert (then.refetched_at, now.refetched_at) == (None, LATER)


def test_the_same_ratio_years_later_is_another_change(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)
    settle_basis(paths, "1day", LATER)

    _note(paths, at=LATER + dt.timedelta(days=900))

    assert len(BASES.read(paths)) == 2
    assert pending_record(paths, "1day") is not None


def test_a_record_names_the_bars_the_factor_and_what_is_left(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    _note(paths)

    (record,) = basis_records(paths, "1day")

    assert record.describe() == (
        "all 1,353 bars up to 2012-01-06 were divided by 2 (2:1), seen on 2026-11-22; "
        "being read again since 2026-11-22"
    )
    assert "read again" not in record.settled(LATER).describe()


def test_without_records_nothing_waits_and_nothing_is_written(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)

    settle_basis(paths, "1day", LATER)

    assert pending_record(paths, "1day") is None
    assert not paths.splits.exists()


def test_a_list_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.splits.write_text(STORED_SPLITS)

    settle_basis(paths, "1week", LONG_AFTER)

    settled = STORED_SPLITS.replace("null\n    }\n  ]", '"2026-11-22T03:15:00Z"\n    }\n  ]')
    assert paths.splits.read_text() == settled


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    paths = SymbolPaths(tmp_path)
    paths.splits.write_text('{"splits": [{"ratio": "2:1"}]}')

    with raises(BarsError, "splits-damaged", match=r"splits\.json"):
        pending_record(paths, "1day")


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
    return price_factors(fetched(daily), fetched(hours), "1h", MARKETS["US_EQUITY"])


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
    assert json_text(FACTORS.as_json(FACTORS.read(paths))) == paths.price_factors.read_text()
    assert paths.price_factors.read_text().startswith(text[: text.rindex("]") - 4])


@pytest.mark.parametrize("text", ["[]", '{"1h": [{"version": 1}]}', '{"1h": 3}'])
def test_a_damaged_table_is_named(tmp_path: Path, text: str) -> None:
    paths = SymbolPaths(tmp_path)
    paths.price_factors.write_text(text)

    with raises(BarsError, "price-factors-damaged", match=r"price_factors\.json"):
        read_factors(paths)
    assert json.loads(paths.price_factors.read_text()) is not None
