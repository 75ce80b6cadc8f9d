"""The settings as a Dagster resource: what a run needs to open the platform.

Credentials are no part of it: the UI shows a resource's fields and the event log keeps them, so a
key is read from the environment in the run's own process and nowhere else.
"""

import dagster as dg

from regime_platform.compute.kernels import kernels_are_compiled
from regime_platform.pipeline.compute.compute import warm_kernels
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.settings import Settings


class WorkspaceResource(dg.ConfigurableResource[RunWorkspace]):
    """Data root and universe that the code location was loaded with.

    The universe is named only where the settings name one: the data root's own may come into being
    later, with the first edit, and is then the one in force.
    """

    data_root: str
    universe: str = ""
    files_root: str = ""
    twelvedata_url: str = ""

    @classmethod
    def from_settings(cls, settings: Settings) -> "WorkspaceResource":
        """The resource for the settings in force."""
        return cls(
            data_root=str(settings.root_folder),
            universe="" if settings.universe is None else str(settings.universe.absolute()),
            files_root=str(settings.files_root or ""),
            twelvedata_url=settings.twelvedata_url,
        )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Compiles the kernels where this machine has none: before the step, not within it."""
        if not kernels_are_compiled():
            if context.log is not None:
                context.log.info("compiling the kernels: half a minute, once per machine")
            warm_kernels()

    def open(self) -> RunWorkspace:
        """The platform of ``settings``."""
        return RunWorkspace.open(self.settings())

    def settings(self) -> Settings:
        """The settings; what is not told here comes from the environment, the key included."""
        told = {
            "REGIME_DATA_ROOT": self.data_root,
            "REGIME_UNIVERSE": self.universe,
            "REGIME_FILES_ROOT": self.files_root,
            "REGIME_TWELVEDATA_URL": self.twelvedata_url,
        }
        given = {name: value for name, value in told.items() if value}
        return Settings.model_validate(given)
