"""The sensor that reloads the code location where the universe changed; partitions are static.

The servers of ``dagster dev`` and ``dagster code-server start`` load in a new process and switch to
it; others cannot, which the tick reports. Ticks and runs read the universe themselves.
"""

import threading

import dagster as dg
from dagster._core.remote_origin import CodeLocationOrigin, GrpcServerCodeLocationOrigin

from regime_platform.errors import ConfigError
from regime_platform.model.digests import document_digest
from regime_platform.model.universe.universe import Universe
from regime_platform.orchestration.partitions import CurrentUniverse

_TIMEOUT = 300  # seconds; loading takes a few, more on a loaded machine


def build_universe_sensor(loaded: Universe, current: CurrentUniverse) -> dg.SensorDefinition:
    """The sensor ``universe_changes`` of a code location that was loaded with ``loaded``."""
    known, reloads = _digest(loaded), list[threading.Thread]()

    @dg.sensor(
        name="universe_changes",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reloads the definitions where symbols were added, renamed or removed.",
    )
    def universe_changes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            is_known = _digest(current()) == known
        except ConfigError as error:
            return dg.SkipReason(f"the loaded universe stays in force: {error}")
        if is_known:
            return dg.SkipReason("the universe is the one that was loaded")
        if any(thread.is_alive() for thread in reloads):
            return dg.SkipReason("the universe changed; a reload is in progress")
        return dg.SkipReason(_reload(context.code_location_origin, reloads))

    return universe_changes


def _reload(origin: CodeLocationOrigin | None, reloads: list[threading.Thread]) -> str:
    if not isinstance(origin, GrpcServerCodeLocationOrigin):
        return "the universe changed, and this server cannot reload itself: press Reload in the UI"
    # in another thread: the reload ends this server, and the tick has to be answered first
    thread = threading.Thread(target=_request_reload, args=(origin,), daemon=True)
    reloads.append(thread)
    thread.start()
    return "the universe changed: the definitions are reloaded"


def _request_reload(origin: GrpcServerCodeLocationOrigin) -> None:
    origin.create_client().reload_code(timeout=_TIMEOUT)


def _digest(universe: Universe) -> str:
    return document_digest(
        {"instruments": [instrument.model_dump(mode="json") for instrument in universe.instruments]}
    )
