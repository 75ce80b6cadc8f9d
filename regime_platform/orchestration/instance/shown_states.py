"""Which partitions and checks Dagster shows as good or failed, as of the start of a run.

A run reports only what changed, so it has to know which symbols that are good by now are not shown
so: a query for each asset and check, however many symbols there are.
"""

from collections.abc import Collection, Mapping, Sequence

import dagster as dg

_FAILED = "FAILED"
_SUCCEEDED = "SUCCEEDED"
_FEW = 100  # symbols, for which the results of their checks alone are read


class ShownStates:
    """The states of partitions and checks; each asset and check is read once, when it is needed.

    ``symbols`` are those that will be asked for; all where it is None.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        partitions: dg.PartitionsDefinition[str],
        symbols: Sequence[str] | None = None,
    ) -> None:
        self._instance, self._partitions = instance, partitions
        self._few = list(symbols) if symbols is not None and len(symbols) <= _FEW else None
        self._assets: dict[dg.AssetKey, Mapping[str, str]] = {}
        self._checks: dict[dg.AssetCheckKey, Mapping[str, bool]] = {}

    def is_failed(self, asset: dg.AssetKey, symbol: str) -> bool:
        """True where the partition is shown as failed."""
        return self._of_asset(asset).get(symbol) == _FAILED

    def is_missing(self, asset: dg.AssetKey, symbol: str) -> bool:
        """True where the partition was never materialised and is not in progress."""
        return symbol not in self._of_asset(asset)

    def passed(self, check: dg.AssetCheckKey, symbol: str) -> bool | None:
        """Whether the check is shown as passed; None where it has no result in force.

        A result is in force until the partition is materialised again.
        """
        if check not in self._checks:
            infos = self._instance.event_log_storage.get_asset_check_partition_info(
                [check], partition_keys=self._few
            )
            self._checks[check] = {
                info.partition_key: info.latest_execution_status.value == _SUCCEEDED
                for info in infos
                if info.partition_key is not None and info.is_current
            }
        return self._checks[check].get(symbol)

    def _of_asset(self, asset: dg.AssetKey) -> Mapping[str, str]:
        if asset not in self._assets:
            keys = self._partitions.get_partition_keys()
            states = self._instance.get_status_by_partition(asset, keys, self._partitions) or {}
            self._assets[asset] = {
                key: state.value for key, state in states.items() if state is not None
            }
        return self._assets[asset]


def not_green(
    instance: dg.DagsterInstance,
    partitions: dg.PartitionsDefinition[str],
    asset: dg.AssetKey,
    symbols: Collection[str],
    checks: Collection[dg.AssetCheckKey],
) -> set[str]:
    """Those of ``symbols`` whose partition is not materialised, or has a failed check of these."""
    shown = ShownStates(instance, partitions, list(symbols))
    wanted = [check for check in checks if check.asset_key == asset]
    return {
        symbol
        for symbol in symbols
        if shown.is_failed(asset, symbol)
        or shown.is_missing(asset, symbol)
        or any(shown.passed(check, symbol) is False for check in wanted)
    }
