"""One run of Dagster over all symbols of the data root that the environment names."""

import datetime as dt
import sys

from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.partitions import range_tags
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.orchestration.graph import QUIET


def run_everything(now: dt.datetime) -> None:
    """Ends the process with 3 where some symbols failed."""
    settings = Settings()
    universe = load_universe(settings)
    with open_instance(settings) as instance:
        definitions = build_definitions(settings, clock=now.timestamp)
        done = definitions.resolve_job_def("process_all").execute_in_process(
            instance=instance,
            tags=dict(range_tags(universe.symbols, universe) or {}),
            run_config={"loggers": QUIET},
            raise_on_error=False,
        )
    sys.exit(0 if done.success else 3)
