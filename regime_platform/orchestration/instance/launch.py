"""Runs the asset graph in this process, for ``regime demo`` and tests; the UI shows the runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import PROCESS_ALL, PROCESS_LISTED, listed_config
from regime_platform.orchestration.partitions import range_tags
from regime_platform.orchestration.resources import OnOutcome
from regime_platform.pipeline.outcomes import Status, SymbolOutcome
from regime_platform.settings import Settings, load_universe

#: The caller shows progress, and the event log has the details.
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


@dataclass(frozen=True)
class LaunchSummary:
    """The outcome of a run."""

    run_id: str
    is_success: bool
    outcomes: tuple[SymbolOutcome, ...]
    reason: str = ""  # the message of the failure

    @property
    def is_unchanged(self) -> bool:
        """True where the run succeeded and every symbol was unchanged."""
        return self.is_success and all(
            outcome.status is Status.UNCHANGED for outcome in self.outcomes
        )


def materialize_symbols(
    settings: Settings, symbols: Sequence[str], *, on_event: OnOutcome | None = None
) -> LaunchSummary:
    """Materialises all four assets of the symbols in one run; ``on_event`` gets each symbol.

    One unbroken range of the universe is a partitioned run, other symbols a listed one.

    Raises:
        UsageError: a symbol is not in the universe.
        ConfigError: the universe is missing or invalid.
    """
    outcomes: list[SymbolOutcome] = []

    def note(outcome: SymbolOutcome) -> None:
        outcomes.append(outcome)
        if on_event is not None:
            on_event(outcome)

    universe = load_universe(settings)
    wanted = [instrument.symbol for instrument in universe.select(symbols)]
    tags = range_tags(wanted, universe)
    config = dg.RunConfig() if tags else listed_config(PROCESS_LISTED, wanted)
    job = build_definitions(settings, note).resolve_job_def(PROCESS_ALL if tags else PROCESS_LISTED)
    with open_instance(settings) as instance:
        try:
            result = job.execute_in_process(
                instance=instance,
                tags=dict(tags),
                run_config=dg.RunConfig(ops=config.ops, loggers=_QUIET),
                raise_on_error=False,
            )
        except dg.DagsterExecutionInterruptedError as error:
            raise KeyboardInterrupt from error
    return LaunchSummary(result.run_id, result.success, tuple(outcomes), _reason(result))


def _reason(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_node_events:
        if event.is_step_failure and (failure := event.step_failure_data.user_failure_data):
            return failure.description or ""
    return "" if result.success else "see the run"
