"""Reloads the code location where the universe changed: its partitions are read at load.

A sensor compares the universe in force with the one that was loaded and asks the code server it
runs in to load anew. ``dagster dev`` and ``dagster code-server start`` do that in a new process and
swap it in when it is ready; webserver and daemon notice within a second. A server that was started
otherwise cannot, and says so. What schedules and sensors ask for never waits: they read the
universe at every tick, and every run reads it when it starts.
"""

import threading

import dagster as dg
from dagster._core.remote_origin import CodeLocationOrigin, GrpcServerCodeLocationOrigin

from regime_platform.errors import ConfigError
from regime_platform.model.digests import facts_digest
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.partitions import CurrentUniverse

_PATIENCE = 300  # seconds; loading takes a few, on a machine under load some more


def build_universe_sensor(loaded: Universe, current: CurrentUniverse) -> dg.SensorDefinition:
    """The sensor ``universe_changes`` of a code location that was loaded with ``loaded``."""
    known, reloads = _digest(loaded), list[threading.Thread]()

    @dg.sensor(
        name="universe_changes",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reloads the definitions where symbols were added, renamed or taken away.",
    )
    def universe_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            is_known = _digest(current()) == known
        except ConfigError as error:
            return dg.SkipReason(f"the universe as it was loaded stays in force: {error}")
        if is_known:
            return dg.SkipReason("the universe is the one that was loaded")
        if any(thread.is_alive() for thread in reloads):
            return dg.SkipReason("the universe changed; its reload is under way")
        return dg.SkipReason(_reload(context.code_location_origin, reloads))

    return universe_changes


def _reload(origin: CodeLocationOrigin | None, reloads: list[threading.Thread]) -> str:
    if not isinstance(origin, GrpcServerCodeLocationOrigin):
        return "the universe changed, and this server cannot reload itself: press Reload in the UI"
    # not in this thread: the reload ends this very server, and the tick has to be answered first
    work = threading.Thread(target=_load_anew, args=(origin,), daemon=True)
    reloads.append(work)
    work.start()
    return "the universe changed: the definitions are loaded anew"


def _load_anew(origin: GrpcServerCodeLocationOrigin) -> None:
    origin.create_client().reload_code(timeout=_PATIENCE)


def _digest(universe: Universe) -> str:
    return facts_digest(
        {"instruments": [instrument.facts() for instrument in universe.instruments]}
    )
