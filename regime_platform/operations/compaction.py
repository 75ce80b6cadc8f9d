"""Compacts the raw logs of a symbol on demand; fetches merge small files as well.

No bar and no digest of a log changes, so nothing is validated or computed afterwards; the next
manifest names the new files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.compaction import Compaction, compact, files_ahead, is_compact
from regime_platform.errors import failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import DURATION
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.run_workspace import RunWorkspace


@dataclass(frozen=True)
class CompactOutcome:
    """What ``compact_symbol`` did."""

    symbol: str
    status: Status
    series: Mapping[str, Compaction] = field(default_factory=dict)  # those that were not compact
    reason: str = ""

    @property
    def files_merged(self) -> int:
        """Files that were merged into others."""
        return sum(len(done.replaced) for done in self.series.values())

    @property
    def bytes_freed(self) -> int:
        """Bytes that the logs take less than before."""
        return sum(done.bytes_before - done.bytes_after for done in self.series.values())


def compact_symbol(workspace: RunWorkspace, instrument: Instrument) -> CompactOutcome:
    """Compacts every raw log of ``instrument``, also of those that no timeframe is tracked on.

    Where all are compact, no lock is taken and nothing is written. A log that cannot be compacted
    stays as it is and leaves the others compacted; so does one with files that a clock ahead
    stamped, which the next fetch sets aside.
    """
    symbol, paths = instrument.symbol, workspace.root.symbol(instrument.symbol)
    series: dict[str, Compaction] = {}
    failed: list[str] = []
    for timeframe in DURATION:
        try:
            folder = paths.raw(timeframe)
            if not is_compact(folder) and not files_ahead(folder, workspace.present()):
                with writing(paths):
                    series[timeframe] = compact(folder)
        except Exception as error:  # noqa: BLE001 - one damaged log must not stop the others
            failed.append(f"{timeframe}: {failure_reason(error, symbol)}")
    done = Status.DONE if series else Status.UNCHANGED
    return CompactOutcome(symbol, Status.FAILED if failed else done, series, " | ".join(failed))
