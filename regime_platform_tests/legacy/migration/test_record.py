"""Records of migrations keep their bytes, and a damaged one is an error."""

from pathlib import Path

import pytest

from regime_platform.bar_store.proven import stamp_of
from regime_platform.errors import BarsError
from regime_platform.files import json_text, write_text
from regime_platform.legacy.migration.migration import (
    Account,
    MigrationRecord,
    SymbolAccounts,
    read_record,
    remove_accounts,
    totals,
    write_record,
)
from regime_platform_tests.error_codes import raises

#: A record as release 0.1.0 writes it.
RECORD = """\
{
  "migration": "live-55f0d070",
  "kind": "live",
  "from": "/old",
  "symbols": {
    "AAA": {
      "series": [
        {
          "timeframe": "1day",
          "from": "/old/live.db: AAA 1d and 1day",
          "rows": 325,
          "equal": 318,
          "changed": {
            "zone": 1
          },
          "collapsed": 4,
          "superseded": {
            "correction": 1
          },
          "rejected": {},
          "unfinished": 1,
          "waiting": 0,
          "left_out": {},
          "lost": 0,
          "adds_up": true,
          "by_order": 0,
          "examples": [
            "2022-01-12: correction, close 1.0 is 2.0 by now"
          ]
        }
      ]
    }
  }
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A stored record of one symbol."""
    target = tmp_path / "live-55f0d070.json"
    write_text(target, RECORD)
    return target


def _of(symbol: str) -> MigrationRecord:
    accounts = SymbolAccounts(series=(Account(timeframe="1day", location="/old", rows=1, equal=1),))
    return MigrationRecord(
        migration="live-55f0d070", kind="live", location="/old", symbols={symbol: accounts}
    )


def test_a_record_keeps_its_bytes(path: Path) -> None:
    record = read_record(path)

    assert record is not None
    assert json_text(record.document()) == RECORD


def test_an_unchanged_record_is_not_written_again(path: Path) -> None:
    before = stamp_of(path)
    record = read_record(path)
    assert record is not None

    write_record(path, record)

    assert stamp_of(path) == before


def test_accounts_of_other_symbols_stay(path: Path) -> None:
    write_record(path, _of("BBB"))
    both = read_record(path)
    remove_accounts(path, ["BBB"])

    assert both is not None
    assert list(both.symbols) == ["AAA", "BBB"]
    assert path.read_text() == RECORD


def test_a_record_without_symbols_is_removed(path: Path) -> None:
    remove_accounts(path, ["AAA"])

    assert read_record(path) is None


def test_a_field_of_a_later_release_is_kept(path: Path) -> None:
    path.write_text(RECORD.replace('"lost": 0,', '"lost": 0,\n          "checked": 325,'))

    write_record(path, _of("BBB"))

    assert '"checked": 325' in path.read_text()


@pytest.mark.parametrize("text", ['{"migration": "x"}', RECORD.replace("325", '"many"')])
def test_a_damaged_record_is_named(path: Path, text: str) -> None:
    path.write_text(text)

    with raises(BarsError, "migration-record-damaged", match=path.name):
        read_record(path)


def test_an_account_adds_up_where_every_row_is_counted_once() -> None:
    complete = Account(timeframe="1day", location="/old", rows=3, equal=1, rejected={"rule": 2})
    lacking = Account(timeframe="1day", location="/old", rows=3, equal=1)
    lost = Account(timeframe="1day", location="/old", rows=1, equal=1, lost=1)

    assert [account.adds_up for account in (complete, lacking, lost)] == [True, False, False]
    assert totals([complete, complete])["rejected"] == {"rule": 4}
    assert not totals([complete, lost])["adds_up"]
