"""The settings as a Dagster resource, from which a run opens its workspace.

It holds no credentials: the UI shows the fields of a resource and the event log stores them, so
keys are read from the environment in the process of the run.
"""

import dagster as dg

from regime_platform.compute.kernels import kernels_are_compiled
from regime_platform.compute.warming import warm_up
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings


class WorkspaceResource(dg.ConfigurableResource[RunWorkspace]):
    """Data root and universe that the code location was loaded with.

    ``universe`` is empty where the settings name none: the first edit of the sample universe writes
    one into the data root, which is in force from then on.
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
        """Compiles the kernels where this machine has none, before the step starts."""
        if not kernels_are_compiled():
            if context.log is not None:
                context.log.info("compiling the kernels: half a minute, once per machine")
            warm_up()

    def open(self) -> RunWorkspace:
        """The workspace that the settings name."""
        return RunWorkspace.open(self.settings())

    def settings(self) -> Settings:
        """The settings; fields that are empty here, and all keys, come from the environment."""
        fields = {
            "REGIME_DATA_ROOT": self.data_root,
            "REGIME_UNIVERSE": self.universe,
            "REGIME_FILES_ROOT": self.files_root,
            "REGIME_TWELVEDATA_URL": self.twelvedata_url,
        }
        given = {name: value for name, value in fields.items() if value}
        return Settings.model_validate(given)
