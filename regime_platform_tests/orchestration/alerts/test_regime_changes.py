"""The sensors over a real board: each change is sent once, and the week's in a digest."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl
import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.compute_db.board import read_board, update_board
from regime_platform.errors import RegimeError
from regime_platform.model.digests import document_digest
from regime_platform.orchestration.alerts.alerts import regime_changes, weekly_digest
from regime_platform.orchestration.alerts.confirmation import ReportedSeries
from regime_platform.orchestration.alerts.looks import board_looks
from regime_platform.orchestration.alerts.reported import (
    ReportedRegimes,
    read_digest,
    read_reported,
    write_reported,
    write_stale,
)
from regime_platform.orchestration.resources import WorkspaceResource
from regime_platform.orchestration.status.resources import alert_check
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.error_codes import raises

SATURDAY = dt.datetime(2026, 11, 28, 13, tzinfo=dt.UTC)


class Desk:
    """The sensors on a data root at a time, and what they have sent."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.root = settings, DataRoot(settings.data_root)
        self.now, self.cursor = SATURDAY - dt.timedelta(days=2), ""

    def look(self, *, keeps_cursor: bool = True) -> None:
        """The daemon's look at the board."""
        context = dg.build_sensor_context(
            cursor=self.cursor if keeps_cursor else None, resources=self._resources()
        )
        regime_changes(context)
        self.cursor = context.cursor or ""

    def digest(self) -> None:
        """The daemon's look at the calendar."""
        weekly_digest(**self._resources())

    def change(self, symbol: str, **values: object) -> None:
        """Gives the daily row of a symbol other values, and a further bar."""
        rows = read_board(self.root).filter(pl.col("symbol") == symbol)
        is_daily = pl.col("timeframe") == "1day"
        other = {**values, "bars": rows.filter(is_daily)["bars"][0] + 1}
        cells = (
            pl.when(is_daily).then(pl.lit(value, rows.schema[name])).otherwise(name).alias(name)
            for name, value in other.items()
        )
        update_board(self.root, [symbol], rows.with_columns(cells))

    def sent(self) -> list[Mapping[str, Any]]:
        """All alerts."""
        path = self.settings.dagster_folder / "notices.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _resources(self) -> dict[str, WorkspaceResource]:
        return {"workspace": WorkspaceResource(self.settings, clock=self.now.timestamp)}


@pytest.fixture
def desk(processed_eight: Settings) -> Desk:
    """Of the eight, each CHOP_RISK and LOW for long, after a first look; all changes are sent."""
    made = Desk(processed_eight)
    made.root.alert_rules.write_text("rules: [{}]")
    for symbol in ("BIRCH", "FIR", "ELM"):
        made.change(symbol, regime_label="CHOP_RISK", regime_bars=9, escalation_bucket="LOW")
    made.look()
    return made


def test_a_change_is_sent_once_after_it_lasted_and_nothing_at_the_first_look(desk: Desk) -> None:
    assert desk.sent() == []
    desk.change("FIR", regime_label="TRANSITION", regime_bars=1)
    desk.look()
    desk.change("BIRCH", escalation_bucket="HIGH", esc_pctl=0.99)
    desk.look()
    desk.change("FIR", regime_label="CHOP_RISK", regime_bars=1)
    desk.look()
    desk.look(keeps_cursor=False)
    desk.change("FIR", regime_label="TRANSITION", regime_bars=3)
    desk.look()
    desk.look(keeps_cursor=False)

    high, regime = desk.sent()
    assert high["lines"][0].startswith("new HIGH: BIRCH 1day: chop risk (LOW) -> chop risk (HIGH")
    assert "escalation 0.99" in high["lines"][0]
    assert (high["kind"], high["facts"]["new_high"]) == ("regime_changed", 1)
    (line,) = regime["lines"]
    assert line.startswith("other: FIR 1day: chop risk (LOW) -> transition (LOW")


def test_a_bad_file_is_reported_once_and_until_it_is_corrected_the_default_rules_decide(
    desk: Desk,
) -> None:
    desk.root.alert_rules.write_text("rules: [{tiers: [dayly]}]")
    desk.look()
    desk.look(keeps_cursor=False)
    desk.change("FIR", regime_label="SHOCK", regime_bars=1)
    desk.look()
    monitored = alert_check(RunWorkspace.open(desk.settings))
    desk.root.alert_rules.write_text("rules: [{symbols: [fir]}]")
    desk.change("FIR", regime_label="PANIC_RISK", regime_bars=1)
    desk.look()

    problem, change = desk.sent()
    assert problem["kind"] == "rules_invalid"
    assert (
        "alerts.yaml: rules.0.tiers.0: 'dayly' is unknown (did you mean daily?)"
        in (problem["lines"][0])
    )
    assert "default rules decide until it is corrected" in problem["lines"][1]
    assert (monitored.status, monitored.detail) == ("error", problem["lines"][0])
    assert alert_check(RunWorkspace.open(desk.settings)).status == "ok"
    assert change["lines"][0].startswith("new shock or panic: FIR")  # that of the corrected rules


def test_the_digest_is_sent_once_a_week_with_changes_regimes_and_open_failures(desk: Desk) -> None:
    desk.digest()
    desk.change("FIR", escalation_bucket="HIGH", esc_pctl=0.99)
    desk.change("ELM", held_back="failed: the vendor does not know it")
    desk.look()
    assert [alert["kind"] for alert in desk.sent()] == ["regime_changed"]
    write_stale(desk.settings, ["FIR 1day"])

    for hours in (47, 48, 49, 48 + 167):
        desk.now = SATURDAY + dt.timedelta(hours=hours - 48)
        desk.digest()
    (_, digest) = desk.sent()
    desk.now = SATURDAY + dt.timedelta(days=9)
    desk.digest()
    desk.digest()
    (_, _, second) = desk.sent()

    assert digest["title"] == (
        "digest of 2026-11-26 to 2026-11-28: 1 of 8 series changed, 1 open failure"
    )
    changes, line, lasting, failure, late = digest["lines"]
    assert changes == "changes: 1 new HIGH"
    assert line.startswith("new HIGH: FIR 1day: chop risk (LOW) -> chop risk (HIGH")
    assert lasting.startswith("daily 1day, 8 series: ")
    assert " chop risk (median 9 bars)" in lasting
    assert late == "late: 1 series lack bars: FIR 1day"
    assert failure == "open: ELM failed: the vendor does not know it"
    assert second["title"].startswith("digest of 2026-11-28 to 2026-12-07: 0 of 8 series changed")


def test_no_digest_is_sent_where_the_rules_want_none(desk: Desk) -> None:
    desk.root.alert_rules.write_text("digest: off")
    desk.digest()

    assert read_digest(desk.settings) is None


def test_the_record_of_release_0_2_0_is_read_until_the_new_one_is_written(
    settings: Settings,
) -> None:
    older = settings.dagster_folder / "told_regimes.json"
    older.parent.mkdir(parents=True)
    assert read_reported(settings) is None
    older.write_text('{"OAK 1day": ["SHOCK", ""], "BF.B 1week": ["TRANSITION", "HIGH"]}')
    before = read_reported(settings)
    assert before is not None
    assert before.by_series == {
        ("OAK", "1day"): ReportedSeries(regime="SHOCK", bucket=""),
        ("BF.B", "1week"): ReportedSeries(regime="TRANSITION", bucket="HIGH"),
    }

    write_reported(settings, before)
    older.write_text("{")
    assert read_reported(settings) == before
    written = (settings.dagster_folder / "reported_regimes.json").read_text()
    assert document_digest(json.loads(written)) == document_digest(before.model_dump(mode="json"))
    (settings.dagster_folder / "reported_regimes.json").write_text('{"series": {"OAK": 1}}')
    with raises(RegimeError, "document-damaged", match=r"reported_regimes\.json"):
        read_reported(settings)
    assert "reported_regimes.json is damaged" in alert_check(RunWorkspace.open(settings)).detail


def test_looks_have_the_mark_of_immature_ranks(processed: RunWorkspace) -> None:
    looks = board_looks(read_board(processed.root))

    assert looks["AAPL", "1week"].is_immature
    assert not looks["AAPL", "1day"].is_immature
    assert looks["AAPL", "1day"].regime_bars == 6
    assert ("FB", "1day") not in looks
    assert ReportedRegimes.of({}).model_dump(mode="json") == {"series": {}}
