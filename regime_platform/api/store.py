"""The Python API: a store of bars and results, asked from a notebook or a script.

Answers are Polars frames with the column names of ``docs/schemas.md``, keyed by ``symbol``,
``timeframe`` and ``ts`` (the open of the bar, UTC). All are eager ``DataFrame``s but ``bars``, a
``LazyFrame``. Nothing here changes bars or results. Answers are those of the commands of that name.
"""

import warnings
from pathlib import Path

import polars as pl

from regime_platform.api.arguments import path_of, text_of, texts_of, wrong_type
from regime_platform.api.bar_answers import BarAnswers
from regime_platform.api.board_page import BoardPage, paged_board
from regime_platform.api.caveats import AnswerWarning
from regime_platform.api.series import Symbols, symbols_of
from regime_platform.api.series_answers import SeriesAnswers
from regime_platform.api.studies import Studies
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import UsageError
from regime_platform.model.markets import MARKETS
from regime_platform.model.moments import When, optional_moment
from regime_platform.model.universe.universe import Universe
from regime_platform.query.board import ALL_ROWS, BoardFilter, SortKey, board, series_board
from regime_platform.query.codes import code_of
from regime_platform.query.comparison import Comparison, compare
from regime_platform.query.watchlist import read_watchlist
from regime_platform.sql_views.run import run
from regime_platform.sql_views.small_tables import finding_rows, universe_rows
from regime_platform.workspace import Workspace, settings_of


class Store(SeriesAnswers, BarAnswers, Studies):
    """A data root and its universe; every call reads what is stored by then.

    Symbols and timeframes are one name or several. Times (``start``, ``end``, ``as_of``, ``now``,
    ``ts``) are ISO text, a date or a time: without an offset they are UTC, and a date is its
    midnight. ``as_of`` answers as a past moment would have. Where one of several series has no
    answer, that is an error; with ``missing="warn"`` the others are given, and a warning
    (``api.caveats.AnswerWarning``) names it.

    Errors are of the class ``errors.RegimeError``; their messages end with a remedy.
    """

    def symbols(self, *, tier: str | None = None, asset_class: str | None = None) -> pl.DataFrame:
        """The tracked symbols, a row each, core symbols first.

        Columns: position, symbol, name, asset_class, tier, source, calendar, exchange, mic_code,
        provider_symbol, type, venue, timeframes (joined by commas), delisted (a date; null where it
        is listed).

        Raises:
            UsageError: there is no such tier or class.

        Example:
            ``rp.history(rp.symbols(tier="core")["symbol"], "1day", last=1)``
        """
        universe = self._universe()
        if tier is not None:
            universe = Universe(universe.tier(text_of(tier, "tier", "core")))
        rows = universe_rows(universe)
        if asset_class is None:
            return rows
        word = text_of(asset_class, "asset_class", "FX")
        return rows.filter(asset_class=code_of("class", word, MARKETS))

    def board(  # noqa: PLR0913 - each argument narrows the same question
        self,
        symbol: Symbols | None = None,
        *,
        watchlist: Path | str | None = None,
        tier: str | None = None,
        asset_class: Symbols = (),
        regime: Symbols = (),
        bucket: Symbols = (),
        changed_since: When | None = None,
        timeframe: str | None = None,
        sort: SortKey = "symbol",
        by_timeframe: bool = False,
        now: When | None = None,
    ) -> pl.DataFrame:
        """The latest state of all symbols from one small file: a row per symbol.

        Columns: as of ``state``, with name, tier, status and reason (where there is no state),
        ``change`` (of the price against the bar before, as a share), ``changed_at`` (the first bar
        of the present regime or bucket), and ``regime_1day``, ``bucket_1day`` and so on of the
        other timeframes.

        Args:
            symbol: one or several; default: all.
            watchlist: a text file with a symbol a line, instead of ``symbol``.
            tier: ``"core"`` or ``"daily"``.
            asset_class: only these classes, as ``"FX"``.
            regime: only these regimes, as ``"panic risk"``.
            bucket: only these buckets of escalation, as ``["MED", "HIGH"]``.
            changed_since: only where regime or bucket changed at this moment or later.
            timeframe: that the row shows; default: 1day, or the longest with a state.
            sort: symbol, escalation, mean, since, changed, regime, change, age or findings.
            by_timeframe: a row per symbol and timeframe.
            now: the moment to which ages are counted; default: the machine's clock.

        Raises:
            UsageError: there is no such symbol, tier, class, regime, bucket, timeframe or sort key.
            ResultsError: the board is damaged; the next run rebuilds it.

        Example:
            ``rp.board(bucket="HIGH", sort="escalation").select("symbol", "regime_label")``
        """
        universe = self._universe()
        if symbol is not None and watchlist is not None:
            raise UsageError("give symbol or watchlist, not both", code="conflicting-options")
        names = None if symbol is None else symbols_of(universe, symbol)
        if watchlist is not None:
            names = list(read_watchlist(path_of(watchlist, "watchlist"), universe))
        wanted = BoardFilter(
            symbols=names,
            tier=None if tier is None else text_of(tier, "tier", "core"),
            asset_classes=texts_of(asset_class, "asset_class", "FX"),
            regimes=texts_of(regime, "regime", "panic risk"),
            buckets=texts_of(bucket, "bucket", "HIGH"),
            changed_since=optional_moment(changed_since, "changed_since"),
            timeframe=None if timeframe is None else text_of(timeframe, "timeframe", "1day"),
        )
        text_of(sort, "sort", "escalation")
        read = series_board if by_timeframe else board
        rows = read(wanted, sort=sort, now=self._now(now), where=self.settings)
        if rows.is_empty() and wanted == ALL_ROWS:
            note = "the board is empty; `regime run --all` fills it"
            warnings.warn(note, AnswerWarning, stacklevel=2)
        return rows

    def board_page(self, rows: pl.DataFrame | None = None, *, now: When | None = None) -> BoardPage:
        """The board in colours; a notebook shows a table that is sorted and filtered by clicks.

        ``.save("board.html")`` writes it as one file.

        Args:
            rows: of ``board`` with all their columns, filtered or sorted; default: all symbols.
            now: the moment to which ages are counted; default: the machine's clock.

        Raises:
            UsageError: the rows lack columns, or the time is not understood.
            ResultsError: the board is damaged; the next run rebuilds it.

        Example:
            ``rp.board_page(rp.board(bucket="HIGH", sort="escalation"))``
        """
        present = self._now(now)
        if rows is not None and not isinstance(rows, pl.DataFrame):
            raise wrong_type(rows, "rows", "a frame of rp.board")
        return paged_board(self.board(now=present) if rows is None else rows, present)

    def compare(
        self, symbols: Symbols, timeframe: str = "1day", *, since: When | None = None
    ) -> Comparison:
        """Symbols side by side: how far their regimes agree, and whether one leads.

        Three frames: ``.latest`` (a row per symbol), ``.pairs`` (agreement as shares of common bars
        beside what chance would give, and the shift in bars at which changes match best) and
        ``.aligned`` (``ts`` and a column of regimes per symbol). All figures describe the past.

        Args:
            symbols: two or more.
            timeframe: of all of them.
            since: only bars from this moment on are compared.

        Raises:
            UsageError: there are less than two symbols, or one, the timeframe or the time is not
                understood.
            ResultsError: a symbol has no results on the timeframe, or they are damaged.

        Example:
            ``rp.compare(["AAPL", "MSFT", "IBM"], since="2010-01-01").pairs``
        """
        names = symbols_of(self._universe(), symbols)
        return compare(
            names, text_of(timeframe, "timeframe", "1day"), since=since, where=self.settings
        )

    def findings(self, symbol: Symbols | None = None) -> pl.DataFrame:
        """The findings of the validation gate against the stored bars, a row per series and rule.

        Columns: symbol, timeframe, rule, severity, unit, checked, count, accepted, examples,
        remedy (with its whole command). Rules that found nothing have no row.

        Args:
            symbol: one or several; default: all.

        Raises:
            UsageError: a symbol is unknown.
            BarsError: the record of a validation is damaged.

        Example:
            ``rp.findings().group_by("rule").agg(pl.col("count").sum())``
        """
        workspace = Workspace.open(self.settings)
        universe = workspace.universe
        names = universe.symbols if symbol is None else symbols_of(universe, symbol)
        return finding_rows(read_verdict(workspace.root.symbol(name)) for name in names)

    def sql(self, query: str) -> pl.DataFrame:
        """The rows of a DuckDB query over everything that is stored.

        The views are bars, state_history, escalation_history_v3, latest_state, board, findings and
        universe (``docs/sql.md``); times are UTC.

        Args:
            query: a SELECT; nothing can be written.

        Raises:
            UsageError: it is no query, or DuckDB refuses it; the message is DuckDB's.

        Example:
            ``rp.sql("SELECT regime_label, count(*) AS bars FROM state_history GROUP BY ALL")``
        """
        return run(text_of(query, "query", "SELECT * FROM board"), where=self.settings)


def open_store(root: Path | str | None = None) -> Store:
    """The store in the folder ``root``; by default the one that the environment names.

    Everything else, such as the universe, comes from the environment (``REGIME_...``) as it does
    for the command line. Reads nothing yet.

    Raises:
        ConfigError: a setting is not usable.
        UsageError: the root is no path.

    Example:
        ``rp.open("/data/regimes").state("AAPL")``
    """
    return Store(settings_of(None if root is None else path_of(root, "root")))
