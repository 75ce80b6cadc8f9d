"""The bar manifest: which bars a symbol has, in which files, and what the gate decided on them."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, JsonValue

from regime_platform.manifests.manifest import (
    BARS,
    MANIFEST_VERSION,
    ManifestFacts,
    SchemaVersion,
    StoredDocument,
)
from regime_platform.model.bar_schema import (
    BARS_SCHEMA_DIGEST,
    BARS_SCHEMA_VERSION,
    PromotedBars,
    StoredFile,
)
from regime_platform.model.digests import document_digest
from regime_platform.model.document import Array
from regime_platform.model.instruments import Instrument
from regime_platform.validation.gate import BLOCKED, PASSED
from regime_platform.validation.rules.bar import Listed
from regime_platform.validation.verdict import SeriesVerdict, Verdict


class SeriesGate(StoredDocument):
    """What the gate decided on one timeframe: a part of its verdict."""

    status: str  # passed, blocked, no_bars
    reason: str
    input_digest: str  # of the rows validated
    rows_in: int
    valid: int
    rejected: int
    set_aside: int
    anchor: str  # where intraday bars start: session, day, clock or local; or days: midnight
    listed: Listed | None = None  # absent in manifests of earlier releases
    rejected_file: StoredFile | None = None  # absent where no row was rejected, and likewise
    derived_from: str | None = None  # the series that its bars are built from; absent where given


class PriceStep(StoredDocument):
    """Prices up to a session are divided by a ratio, volumes multiplied."""

    until: str  # ISO date of the last session on the old price basis
    ratio: str  # a fraction such as 2/1


class PriceFactors(StoredDocument):
    """The price factors in force for an intraday series."""

    version: int
    steps: Array[PriceStep]


class Origins(NamedTuple):
    """The origins of the raw files of a series, each without repetition and sorted."""

    sources: tuple[str, ...] = ()
    price_basis: tuple[str, ...] = ()


class SeriesBars(StoredDocument):
    """The canonical bars of one timeframe, and the raw files that they were made from."""

    count: int
    min_ts: str | None  # ISO 8601 UTC, open of the first bar
    max_ts: str | None
    digest: str | None  # content digest; None without bars
    files: Array[StoredFile]
    gate: SeriesGate
    sources: Array[str]
    price_basis: Array[str]
    price_factors: PriceFactors | None
    raw_log_digest: str  # of the names of the raw files
    raw_files: Array[str]  # in order of arrival; see ``bar_store.raw.compaction.locate``

    @property
    def promoted(self) -> PromotedBars | None:
        """The pointer to the canonical bars; None without bars."""
        if self.digest is None or self.min_ts is None or self.max_ts is None:
            return None
        values = {name: getattr(self, name) for name in ("digest", "min_ts", "max_ts", "files")}
        return PromotedBars(rows=self.count, **values)


class Gate(StoredDocument):
    """What the gate decided on the symbol, and by which rules, severities and overrides."""

    status: str
    rules_version: int
    policy_digest: str
    calendar_version: str
    calendar: str = ""  # absent in manifests of earlier releases
    decisions: Array[dict[str, JsonValue]]  # overrides in force
    withdrawn: Array[dict[str, JsonValue]] = ()  # overrides withdrawn
    actions: Array[dict[str, JsonValue]] = ()  # corporate actions on record


class Records(StoredDocument):
    """The records of a symbol that only grow, as they were when the manifest was written."""

    splits: Array[dict[str, JsonValue]] = ()
    price_factors: dict[str, JsonValue] = Field(default={})  # timeframe -> every version
    identities: Array[dict[str, JsonValue]] = ()
    actions: Array[dict[str, JsonValue]] = ()


class BarManifest(ManifestFacts):
    """The facts of manifest.json."""

    kind: Literal["bars"]
    manifest_version: int
    symbol: str
    instrument: dict[str, JsonValue]  # the entry of the universe
    bars_schema: SchemaVersion
    verdict_digest: str
    gate: Gate
    content_digest: str  # of the bars of all timeframes
    timeframes: dict[str, SeriesBars]
    #: Stored series of other lengths, without canonical bars; absent where there are none.
    finer: dict[str, SeriesBars] = Field(default={})
    records: Records = Records()  # absent where there are none

    @property
    def validated(self) -> dict[str, SeriesBars]:
        """Every series, finer ones first."""
        return {**self.finer, **self.timeframes}

    @property
    def promoted(self) -> dict[str, PromotedBars]:
        """Timeframe -> pointer to the canonical bars."""
        pointers = {timeframe: series.promoted for timeframe, series in self.timeframes.items()}
        return {name: pointer for name, pointer in pointers.items() if pointer is not None}

    @property
    def left_out(self) -> dict[str, str]:
        """Blocked timeframe -> why, where others passed: as of `Verdict`."""
        gates = {timeframe: series.gate for timeframe, series in self.timeframes.items()}
        if not any(gate.status == PASSED for gate in gates.values()):
            return {}
        return {name: gate.reason for name, gate in gates.items() if gate.status == BLOCKED}


def bar_manifest(
    instrument: Instrument,
    verdict: Verdict,
    price_factors: Mapping[str, PriceFactors],
    origins: Mapping[str, Origins],
    *,
    records: Mapping[str, Any],
) -> BarManifest:
    """The manifest of the bars in force.

    ``price_factors`` in force are by timeframe; ``records`` are the splits, price factors,
    instruments and actions, as far as there are any.
    """
    document = verdict.model_dump(mode="json")
    timeframes, finer = (
        {
            series.timeframe: {
                **_bars(series.promoted),
                "gate": series_gate(series),
                **origins.get(series.timeframe, Origins())._asdict(),
                "price_factors": price_factors.get(series.timeframe),
                "raw_log_digest": series.log_digest,
                "raw_files": series.raw_files,
            }
            for series in group
        }
        for group in (verdict.series, verdict.finer)
    )
    digests = {timeframe: promoted.digest for timeframe, promoted in verdict.promoted.items()}
    return BarManifest.model_validate(
        {
            "kind": BARS,
            "manifest_version": MANIFEST_VERSION,
            "symbol": instrument.symbol,
            "instrument": instrument.record,
            "bars_schema": {"version": BARS_SCHEMA_VERSION, "digest": BARS_SCHEMA_DIGEST},
            "verdict_digest": document_digest(document),
            "gate": {name: document[name] for name in Gate.model_fields if name in document},
            "content_digest": document_digest(digests),
            "timeframes": timeframes,
            **({"finer": finer} if finer else {}),
            **({"records": records} if records else {}),
        }
    )


def series_gate(series: SeriesVerdict) -> SeriesGate:
    """What a manifest states of the verdict on one timeframe."""
    return SeriesGate.model_validate(
        series.model_dump(mode="json", include=set(SeriesGate.model_fields))
    )


def _bars(promoted: PromotedBars | None) -> dict[str, Any]:
    if promoted is None:
        return {"count": 0, "min_ts": None, "max_ts": None, "digest": None, "files": []}
    bars = promoted.model_dump(mode="json")
    return {"count": bars.pop("rows"), **bars}
