"""Runs the canonical engine on a file of bars, outside the store: nothing is gated or promoted.

What it writes has the names and forms of the vectors that prove the engine: nested parts of a
state flattened with dots, lists and objects as JSON text, a text key ``asof`` beside ``ts``.
"""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from regime_platform.compute.engine import compute_series
from regime_platform.compute.eras.eras import (
    FALLBACK_ERAS,
    FIXED_ERAS,
    FIXED_VERSION,
    EraChoice,
    era_class,
    legacy_eras,
)
from regime_platform.compute.escalation import action, thresholds
from regime_platform.compute.maturity import BASIS_SCHEMA, RankBasis, basis_of, with_basis
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.rank_basis import RANK_BASIS
from regime_platform.errors import BarsError, ConfigError, UsageError
from regime_platform.files import write_atomically
from regime_platform.legacy.parquet import is_version_1, read_version_1
from regime_platform.model.calendar.due import is_finished
from regime_platform.model.result_schema import ESCALATION_BUCKETS, ESCALATION_METADATA, STATE_NAMES
from regime_platform.model.timeframes import canonical_timeframe, known_timeframe
from regime_platform.model.universe.universe import Universe
from regime_platform.regular_files import read_text
from regime_platform.sources.files.mapping import AS_NAMED, read_mapping
from regime_platform.sources.files.series import read_bars_file, read_series

_ESCALATION = (
    *("ts", "symbol", "timeframe", "asof", "esc_raw", "esc_pctl", "esc_pctl_expanding"),
    *("esc_pctl_252", "esc_pctl_504", "esc_pctl_1260", "esc_pctl_2520", "esc_pctl_52"),
    *("esc_pctl_104", "esc_pctl_260", "esc_pctl_era", "esc_bucket", "fwd_absret_h"),
    *("event_flag", "event_severity", "esc_pctl_era_confidence", "esc_pctl_era_adj"),
)

_KEY = ("ts", "symbol", "timeframe", "asof")


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation and its files."""

    result: SeriesResult
    eras: EraChoice
    files: tuple[Path, ...]  # escalation, state, rank basis
    ranks: pl.DataFrame  # rows of the last of them
    read_as: str = ""  # what was assumed of bars of an older version, or understood of labels

    @property
    def rank_basis(self) -> RankBasis | None:
        """What the rank of the last bar stands on."""
        return None if self.ranks.is_empty() else basis_of(self.ranks.row(-1, named=True))

    def document(self) -> dict[str, Any]:
        """The document of ``regime evaluate --json``."""
        result = self.result
        return {
            "symbol": result.symbol,
            "timeframe": result.timeframe,
            "status": result.status,
            "reason": result.reason,
            "bars": result.bars_used,
            "escalation_rows": result.escalation.height,
            "state_rows": result.state.height,
            "rank_basis": self.rank_basis and asdict(self.rank_basis),
            "eras": self.eras.version,
            "eras_reason": self.eras.reason,
            "files": [str(path) for path in self.files],
            "read_as": self.read_as,
        }


def evaluate(  # noqa: PLR0913 - the parts of one question
    bars_file: Path,
    *,
    symbol: str,
    timeframe: str,
    universe: Universe,
    eras_file: Path | None,
    output: Path,
    as_of: dt.datetime | None = None,
) -> Evaluation:
    """Runs the engine on ``bars_file`` and writes its tables into ``output``.

    The era class comes from the table of symbols, then from the universe; a symbol in neither gets
    the fixed eras. Below the gates the tables are written without rows. A file does not state when
    its bars became known: ``as_of`` (aware) leaves out those that were not over by then. Labels
    mean what they mean to a fetch; of symbols outside the universe they are opens in UTC, and
    weeks without a mapping keep theirs. Bars of version 1, a file or the folder of a series, are
    read in the zone of the symbol's class.

    Raises:
        BarsError: the file cannot be understood, or its bars are not ascending.
        ConfigError: the era file cannot be read.
        UsageError: ``as_of`` is given for a symbol that is not in the universe, or a folder has
            bars of another timeframe.
    """
    name, frame = universe.symbol_of(symbol), canonical_timeframe(timeframe)
    bars, read_as = input_bars(bars_file, name, frame, universe)
    result, choice = evaluated(
        bars, symbol=name, timeframe=frame, universe=universe, eras_file=eras_file, as_of=as_of
    )
    return written(result, choice, output, read_as)


def evaluated(  # noqa: PLR0913 - the parts of one question
    bars: pl.DataFrame,
    *,
    symbol: str,
    timeframe: str,
    universe: Universe,
    eras_file: Path | None = None,
    as_of: dt.datetime | None = None,
) -> tuple[SeriesResult, EraChoice]:
    """As `evaluate`, of bars in ``BAR_SCHEMA`` that are labelled by their opens; writes nothing."""
    name, frame = universe.symbol_of(symbol), canonical_timeframe(timeframe)
    choice = choose_eras(name, universe, eras_file)
    if as_of is not None:
        market = universe.instrument(name).market
        bars = bars.filter(is_finished(pl.col("ts"), as_of, frame, market))
    return compute_series(bars, symbol=name, timeframe=frame, eras=choice.eras), choice


def written(result: SeriesResult, choice: EraChoice, output: Path, read_as: str = "") -> Evaluation:
    """All tables of a result, in the folder ``output``."""
    tables = {
        "escalation_history_v3": escalation_table(result),
        "state_history": state_table(result),
        RANK_BASIS: rank_basis_table(result, choice),
    }
    files = {output / f"{name}.parquet": table for name, table in tables.items()}
    for path, table in files.items():
        write_atomically(path, table.write_parquet)
    return Evaluation(result, choice, tuple(files), tables[RANK_BASIS], read_as)


def choose_eras(symbol: str, universe: Universe, eras_file: Path | None) -> EraChoice:
    """The eras of a symbol that need not be in the universe, with the reason for them."""
    known = {instrument.symbol: instrument.asset_class for instrument in universe.instruments}
    wanted = era_class(symbol, known.get(symbol))
    if eras_file is None:
        return FALLBACK_ERAS.choose(wanted)
    try:
        text = read_text(eras_file)
    except OSError as error:
        raise ConfigError(
            f"cannot read the era file {eras_file}: {error.strerror}", code="unreadable-file"
        ) from error
    eras = legacy_eras(text, wanted.name) if wanted.name else ()
    if not eras:
        missing = f"{eras_file.name} has no eras for {wanted.name or symbol}: fixed eras"
        return EraChoice(FIXED_ERAS, FIXED_VERSION, f"{wanted.reason}; {missing}")
    note = "legacy format, each era's last day belongs to none"
    return EraChoice(eras, eras_file.name, f"{wanted.reason}; {note}")


def escalation_table(result: SeriesResult) -> pl.DataFrame:
    """Escalation and forward labels side by side, as in the vectors."""
    future = result.labels.drop("symbol", "timeframe", "is_mature")
    joined = result.escalation.join(future, on="ts", how="left", maintain_order="left")
    return _keyed(joined).select(_ESCALATION).with_columns(pl.col("event_flag").cast(pl.Int64))


def rank_basis_table(result: SeriesResult, choice: EraChoice) -> pl.DataFrame:
    """What the rank of every bar stands on, in ``BASIS_SCHEMA`` beside the key."""
    ranks = with_basis(result.escalation, result.timeframe, choice.eras)
    return _keyed(ranks).select(*_KEY, *BASIS_SCHEMA)


def state_table(result: SeriesResult) -> pl.DataFrame:
    """The states with every scalar flattened."""
    state = _keyed(result.state)
    summary = pl.concat_str(
        *("regime_label", "regime_bias", "risk_posture"),
        pl.col("strategy_tags").str.split(",").list.last(),
        separator=" | ",
    )
    bucket = pl.col("escalation_bucket")
    texts = {name: json.dumps(dict(thresholds(name))) for name in ESCALATION_BUCKETS}
    advised = {name: action(name) for name in ESCALATION_BUCKETS}
    return state.select(
        *_KEY,
        *(pl.col(column).alias(name) for name, column in STATE_NAMES.items()),
        _json_list("strategy_tags"),
        _json_list("regime_reasons"),
        summary.alias("classification.summary"),
        _json_list("regime_reasons_top"),
        bucket,
        bucket.replace_strict(advised, return_dtype=pl.String).alias("escalation_action"),
        bucket.replace_strict(texts, return_dtype=pl.String).alias("escalation_bucket_thresholds"),
        pl.lit(json.dumps(ESCALATION_METADATA)).alias("escalation_metadata"),
        pl.Series("key_levels", _key_levels(state), pl.String),
    )


def input_bars(
    path: Path, symbol: str, timeframe: str, universe: Universe
) -> tuple[pl.DataFrame, str]:
    """The bars of a file or folder in ``BAR_SCHEMA``, and how their labels were read."""
    known = {instrument.symbol: instrument.market for instrument in universe.instruments}
    market = known.get(symbol)
    if path.is_dir():
        if known_timeframe(path.name) not in {None, timeframe}:
            raise UsageError(
                f"{path} is a folder of {path.name} bars, asked for are {timeframe}",
                code="other-timeframe",
            )
        if not is_version_1(path):
            raise BarsError(
                f"{path} has no bars of version 1, neither itself nor in a folder per day; "
                "name a file of bars, or the folder of one series",
                code="no-version-1-bars",
            )
    elif path.suffix != ".parquet" or not path.is_file() or not is_version_1(path):
        mapping = read_mapping(path.parent).for_series(timeframe, symbol)
        # the vectors of the legacy engine label weeks by their Friday, and so do their tables
        if market is None or (timeframe == "1week" and mapping is AS_NAMED):
            return read_bars_file(path, mapping), ""
        bars, opens = read_series(path, timeframe, market, symbol)
        return bars, opens.note
    return read_version_1([path], symbol, timeframe, market)


def _keyed(table: pl.DataFrame) -> pl.DataFrame:
    ts = pl.col("ts").dt.replace_time_zone(None)
    words = table.with_columns(pl.selectors.enum().cast(pl.String), ts)
    return words.with_columns(asof=_asof(words["ts"]))


def _asof(ts: pl.Series) -> pl.Series:
    if (ts.dt.truncate("1d") == ts).all():
        return ts.dt.strftime("%Y-%m-%d")
    whole = ts.dt.strftime("%Y-%m-%d %H:%M:%S")
    return whole.zip_with(ts.dt.microsecond() == 0, ts.dt.strftime("%Y-%m-%d %H:%M:%S%.6f"))


def _json_list(column: str) -> pl.Expr:
    quoted = pl.concat_str(pl.lit('["'), pl.col(column).str.replace_all(",", '", "'), pl.lit('"]'))
    some = pl.when(pl.col(column) == "").then(pl.lit("[]")).otherwise(quoted)
    return some.alias(f"classification.{column}")


def _key_levels(state: pl.DataFrame) -> list[str]:
    """The levels of every row as JSON text."""
    levels = state.select(pl.selectors.matches(r"^(support|resistance)_\d_(price|strength)$"))
    return [
        json.dumps(
            {
                f"{side}s": [
                    {
                        "price": row[f"{side}_{rank}_price"],
                        "strength": row[f"{side}_{rank}_strength"],
                    }
                    for rank in (1, 2, 3)
                    if row[f"{side}_{rank}_price"] is not None
                ]
                for side in ("support", "resistance")
            },
            separators=(",", ":"),
        )
        for row in levels.iter_rows(named=True)
    ]
