"""The rows of a symbol become one; every filter and sort key does what its name says."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import OlderVersionWarning, UsageError
from regime_platform.query.board import BoardFilter, SortKey, board, series_board
from regime_platform.settings import Settings
from regime_platform_tests.boards import LAST, made_board
from regime_platform_tests.error_codes import raises

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)  # two sessions after LAST are over
_NO_STATE = dict.fromkeys(
    ("regime_label", "regime_since", "regime_bars", "regime_before", "price", "price_before")
)
_NO_RANK = dict.fromkeys(("esc_pctl", "escalation_bucket", "bucket_since", "rank_bars"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    short = {**_NO_STATE, **_NO_RANK, "status": "too_short", "reason": "120 bars"}
    days = dt.timedelta(days=1)
    return made_board(
        tmp_path_factory.mktemp("board"),
        {
            ("AAA", "1h"): {"regime_label": "SHOCK", "warnings": 2, "is_left_out": True},
            ("AAA", "1day"): {"regime_label": "TRENDING_BULL", "esc_pctl": 0.9, "warnings": 1},
            ("AAA", "1week"): {"last_ts": LAST - 4 * days, "cross_tf_consensus": None},
            ("BBB", "1day"): short,
            ("BBB", "1week"): {
                "regime_label": "PANIC_RISK",
                "escalation_bucket": "HIGH",
                "esc_pctl": 0.97,
                "bucket_since": LAST - days,
                "price_before": 125.0,
                "last_ts": LAST - 4 * days,
                "errors": 1,
            },
            ("CCC", "1day"): {**short, "status": "too_short"},
            ("CCC", "1week"): {**short, "status": "no_bars", "last_ts": None},
            ("DDD", "1day"): {"regime_since": LAST, "rank_bars": 100, "cross_tf_consensus": 0.8},
        },
        classes={"DDD": "CRYPTO"},
        core=["AAA"],
    )


def test_row_shows_days_else_the_longest_timeframe_with_a_state(settings: Settings) -> None:
    rows = {row["symbol"]: row for row in board(now=NOW, where=settings).to_dicts()}

    assert {name: row["timeframe"] for name, row in rows.items()} == {
        **dict.fromkeys(("AAA", "CCC", "DDD"), "1day"),
        "BBB": "1week",
    }
    aaa, bbb = rows["AAA"], rows["BBB"]
    assert (aaa["regime_1h"], aaa["regime_1day"], aaa["regime_4h"]) == (
        *("SHOCK", "TRENDING_BULL", None),
    )
    assert (aaa["warnings"], aaa["left_out"], aaa["cross_tf_consensus"]) == (3, "1h", 0.4)
    assert (aaa["late"], aaa["missing"]) == ("1h, 1day", 2)
    assert (aaa["change"], bbb["change"]) == (pytest.approx(0.25), pytest.approx(-0.2))
    assert (aaa["changed_at"], bbb["changed_at"]) == (
        *(LAST - dt.timedelta(days=9), LAST - dt.timedelta(days=1)),
    )
    assert (rows["CCC"]["status"], rows["CCC"]["reason"]) == ("too_short", "120 bars")
    assert rows["DDD"]["is_rank_immature"]


def test_ages_and_columns_of_an_earlier_release_are_null(settings: Settings) -> None:
    rows = board(where=settings)

    assert rows.select("late", "missing", "is_stale").null_count().row(0) == (4, 4, 4)


@pytest.mark.parametrize(
    ("wanted", "symbols"),
    [
        (BoardFilter(symbols=["ddd", "BBB"]), ["BBB", "DDD"]),
        (BoardFilter(tier="core"), ["AAA"]),
        (BoardFilter(asset_classes=["crypto"]), ["DDD"]),
        (BoardFilter(regimes=["panic-risk", "TRENDING_BULL"]), ["AAA", "BBB"]),
        (BoardFilter(buckets=["high"]), ["BBB"]),
        (BoardFilter(changed_since=LAST - dt.timedelta(days=1)), ["BBB", "DDD"]),
        (BoardFilter(timeframe="1h"), ["AAA"]),
        (BoardFilter(timeframe="1week", regimes=["TRANSITION"]), ["AAA"]),
    ],
    ids=["symbols", "tier", "class", "regimes", "bucket", "changed", "timeframe", "both"],
)
def test_filter_keeps_what_it_names(
    settings: Settings, wanted: BoardFilter, symbols: list[str]
) -> None:
    assert board(wanted, where=settings)["symbol"].to_list() == symbols


@pytest.mark.parametrize(
    ("sort", "symbols"),
    [
        ("symbol", "AAA BBB CCC DDD"),
        ("escalation", "BBB AAA DDD CCC"),
        ("mean", "DDD AAA BBB CCC"),
        ("since", "DDD AAA BBB CCC"),
        ("changed", "DDD BBB AAA CCC"),
        ("regime", "BBB AAA DDD CCC"),
        ("change", "AAA DDD BBB CCC"),
        ("age", "DDD AAA CCC BBB"),
        ("findings", "BBB AAA CCC DDD"),
    ],
)
def test_rows_are_sorted_with_ties_in_order_and_the_unknown_last(
    settings: Settings, sort: SortKey, symbols: str
) -> None:
    assert board(sort=sort, now=NOW, where=settings)["symbol"].to_list() == symbols.split()


def test_rows_by_series_have_the_same_filters(settings: Settings) -> None:
    rows = series_board(BoardFilter(buckets=["HIGH"]), sort="escalation", where=settings)

    assert rows.select("symbol", pl.col("timeframe").cast(pl.String)).rows() == [("BBB", "1week")]


def test_unknown_words_are_refused_with_near_misses(settings: Settings) -> None:
    for code, wanted in (
        ("unknown-regime", BoardFilter(regimes=["panic rsk"])),
        ("unknown-bucket", BoardFilter(buckets=["HIHG"])),
        ("unknown-class", BoardFilter(asset_classes=["CRYPTOS"])),
        ("unknown-symbol", BoardFilter(symbols=["AAB"])),
    ):
        with raises(UsageError, code, match="did you mean"):
            board(wanted, where=settings)
    with raises(UsageError, "unknown-sort-key", match="escalation"):
        board(sort="size", where=settings)  # type: ignore[arg-type]


def test_what_an_earlier_board_lacks_is_null(tmp_path: Path) -> None:
    lacking = dict.fromkeys(("price_before", "regime_before", "bucket_before", "bucket_since"))
    settings = made_board(tmp_path, {("AAA", "1day"): lacking})

    (row,) = board(where=settings).to_dicts()
    with pytest.warns(OlderVersionWarning, match=r"last change of bucket: 1; .*promote --all"):
        kept = board(BoardFilter(changed_since=row["regime_since"]), where=settings)

    assert (row["change"], row["changed_at"]) == (None, None)
    assert kept.height == 1
