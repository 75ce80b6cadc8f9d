"""The body of the one step: walk, report each symbol as it is done, name at the end who is not.

Separate assets in one ranged run would mark every partition green or hold every partition back;
one step that reports per symbol lets a bad symbol stop nobody. Dagster turns red exactly the
planned partitions that a failed run did not report.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from regime_platform.errors import CredentialsError, QuotaError
from regime_platform.orchestration.events import SymbolEvent, symbol_events
from regime_platform.orchestration.tables import table
from regime_platform.orchestration.work import Work
from regime_platform.pipeline.board import refresh_board
from regime_platform.pipeline.outcomes import Status, WalkOutcome
from regime_platform.pipeline.platform import Platform
from regime_platform.pipeline.walk import walk

OnOutcome = Callable[[WalkOutcome], None]
_NAMED = 5  # symbols spelled out in the one-line description; the table has all


def report_walk(
    platform: Platform, work: Work, now: dt.datetime, on_outcome: OnOutcome
) -> Iterator[SymbolEvent]:
    """Walks and reports.

    Raises:
        dagster.Failure: some symbols are not through; never retried, since they would fail again.
    """
    outcomes: list[WalkOutcome] = []
    end = ""
    try:
        for outcome in walk(platform, work.instruments, now, stages=work.stages, force=work.force):
            outcomes.append(outcome)
            yield from symbol_events(platform, work, outcome)
            on_outcome(outcome)
    except (CredentialsError, QuotaError) as error:  # the source refuses everybody
        end = str(error)
    finally:
        refresh_board(platform, outcomes)
    bad = [outcome for outcome in outcomes if not outcome.status.is_good]
    if bad or end:
        raise _failure(work, outcomes, bad, end)


def _failure(
    work: Work, outcomes: Sequence[WalkOutcome], bad: Sequence[WalkOutcome], end: str
) -> dg.Failure:
    names = [f"{one.symbol} ({one.status} at {one.stage}: {one.reason})" for one in bad[:_NAMED]]
    more = [f"and {len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    reached = {one.symbol for one in outcomes}
    missed = [one.symbol for one in work.instruments if one.symbol not in reached]
    ended = [f"the run ended early, {len(missed)} not reached: {end}"] if end else []
    text = f"{len(bad)} of {len(work.instruments)} symbols are not through: "
    return dg.Failure(
        text + "; ".join(names + more + ended),
        metadata={
            "blocked": sum(one.status is Status.BLOCKED for one in bad),
            "failed": sum(one.status is Status.FAILED for one in bad),
            "symbols": table([_row(one) for one in bad]),
            "not_reached": ", ".join(missed) or "none",
        },
        allow_retries=False,
    )


def _row(outcome: WalkOutcome) -> dict[str, str]:
    return {
        "symbol": outcome.symbol,
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "reason and remedy": outcome.reason,
        "detail": outcome.detail,
    }
