"""The table of regimes of a symbol, with what `regime board` shows of it, in the same words."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.maturity import basis_of, marked
from regime_platform.compute_db.latest_shown import LatestShown, latest_shown
from regime_platform.compute_db.reader import reading
from regime_platform.model.calendar.lateness import series_age
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.report.palette import readable
from regime_platform.validation.finding_counts import FindingCounts, counts_of, findings_of


def latest_regimes(
    workspace: RunWorkspace, symbol: str, latest: LatestShown | None = None
) -> list[Mapping[str, object]]:
    """One row per timeframe; none where the symbol has no results.

    ``latest`` are the latest states, where the run has read them.
    """
    paths = workspace.root.symbol(symbol)
    if latest is None and not paths.compute_db.exists():
        return []
    instrument = workspace.universe.instrument(symbol)
    if latest is None:
        with reading(paths.compute_db) as reader:
            latest = latest_shown(reader, reader.lineage())
    verdict, now = read_verdict(paths), workspace.present()
    findings = counts_of(findings_of(verdict))
    derived = {} if verdict is None else verdict.derived_from
    rows: list[Mapping[str, object]] = []
    for name, row in latest.items():
        age = series_age(instrument, name, row["ts"], now, built_from=derived.get(name))
        ends = {"last bar": _opens(row["ts"], name), "missing bars": age.missing_text}
        rows.append({"timeframe": name, **ends, **_cells(row, findings.get(name))})
    return rows


def by_field(rows: Sequence[Mapping[str, object]]) -> list[Mapping[str, str]]:
    """A row per field and a column per timeframe: the page of a partition has no room for more."""
    fields = [name for name in rows[0] if name != "timeframe"] if rows else []
    return [
        {"": name, **{f"{row['timeframe']}": _text(row[name]) for row in rows}} for name in fields
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _cells(row: Mapping[str, Any], findings: FindingCounts | None) -> dict[str, object]:
    """A state as its row shows it; empty where there is no value."""
    timeframe, basis = row["timeframe"], basis_of(row)
    price, before, rank = row["price"], row["price_before"], row["esc_pctl"]
    mean, bucket = row["cross_tf_consensus"], row["escalation_bucket"]
    is_immature = basis is not None and basis.is_immature
    return {
        "price": None if price is None else float(f"{price:.6g}"),
        "change": f"{price / before - 1:+.2%}" if price is not None and before else "",
        "regime": readable(row["regime_label"]),
        "since": _opens(row["regime_since"], timeframe),
        "bars": row["regime_bars"],
        "from": readable(row["regime_before"] or ""),
        "escalation": "" if rank is None else f"{rank:.3f}",
        "bucket": marked(bucket or "", is_immature=is_immature),
        "score": None if row["hazard_score"] is None else round(row["hazard_score"], 2),
        "bucket since": _opens(row["bucket_since"], timeframe),
        "mean escalation": "" if mean is None else f"{mean:.3f}",
        "findings": "" if findings is None else str(findings) or "none",
        "confidence": f"{row['confidence']:.3f}",
        "ranked on": "" if basis is None else str(basis).removeprefix("ranked on "),
    }


def _opens(ts: dt.datetime | None, timeframe: str) -> str:
    return (
        "" if ts is None else f"{ts:%Y-%m-%d %H:%M}" if is_intraday(timeframe) else f"{ts:%Y-%m-%d}"
    )
