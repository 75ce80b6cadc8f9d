"""What Dagster's GraphQL server answers to the pages of assets, in this process."""

import asyncio
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.schema import create_schema

from regime_platform.orchestration.build import build_definitions
from regime_platform.pipeline.outcomes import Stage
from regime_platform.settings import Settings

_PAGE = """query Page($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) {
  assetKey { path }
  assetPartitionStatuses { ... on DefaultPartitionStatuses {
    materializedPartitions failedPartitions unmaterializedPartitions materializingPartitions } }
  assetChecksOrError { ... on AssetChecks { checks { name
    partitionStatuses { ... on AssetCheckDefaultPartitionStatuses { succeededPartitions
      failedPartitions inProgressPartitions skippedPartitions executionFailedPartitions } } } } }
} }"""
_CHECK = """query Check($asset: AssetKeyInput!, $name: String!, $symbol: String!) {
  assetCheckExecutions(assetKey: $asset, checkName: $name, partition: $symbol, limit: 1) {
    status evaluation { success description severity targetMaterialization { storageId } } } }"""
_FAILED = """query Failed($asset: AssetKeyInput!, $symbol: String!) {
  assetOrError(assetKey: $asset) { ... on Asset { assetEventHistory(
    partitions: [$symbol], eventTypeSelectors: [FAILED_TO_MATERIALIZE], limit: 1) {
    results { ... on FailedToMaterializeEvent { message description
      metadataEntries { ... on TextMetadataEntry { text } } } } } } } }"""
_RUN = """query Run($id: ID!) { runOrError(runId: $id) { ... on Run { eventConnection {
  events { ... on ExecutionStepFailureEvent { error { message } } } } } } }"""
_KEYS = [{"path": [stage.value]} for stage in Stage]


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the environment's data root."""
    return build_definitions(Settings())


@dataclass(frozen=True)
class AssetsPage:
    """Statuses by asset or check, then symbol.

    Attributes:
        partitions: asset -> symbol -> materialized, failed, unmaterialized, materializing.
        checks: name of the check -> symbol -> succeeded, failed and so on; absent: not evaluated.
    """

    partitions: Mapping[str, Mapping[str, str]]
    checks: Mapping[str, Mapping[str, str]]


class GraphQL:
    """Questions as the UI asks them."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self._workspace, self._schema = workspace, create_schema()

    def page(self) -> AssetsPage:
        """The statuses of all partitions and of their checks."""
        nodes = self.ask(_PAGE, keys=_KEYS)["assetNodes"]
        partitions = {
            node["assetKey"]["path"][-1]: _by_symbol(node["assetPartitionStatuses"])
            for node in nodes
        }
        checks = {
            check["name"]: _by_symbol(check["partitionStatuses"] or {})
            for node in nodes
            for check in node["assetChecksOrError"].get("checks", [])
        }
        return AssetsPage(partitions, checks)

    def check(self, stage: Stage, name: str, symbol: str) -> Mapping[str, Any]:
        """The latest execution of a check for a symbol; empty where there is none."""
        asset = {"path": [stage.value]}
        executions = self.ask(_CHECK, asset=asset, name=name, symbol=symbol)["assetCheckExecutions"]
        return dict(executions[0]) if executions else {}

    def failed(self, stage: Stage, symbol: str) -> str:
        """What the page of a partition says of its latest failure; empty where it never failed."""
        asset = self.ask(_FAILED, asset={"path": [stage.value]}, symbol=symbol)["assetOrError"]
        return str(asset["assetEventHistory"]["results"] or "")

    def failure(self, run_id: str) -> str:
        """The error on the page of a failed run."""
        run = self.ask(_RUN, id=run_id)["runOrError"]
        (error,) = (event["error"] for event in run["eventConnection"]["events"] if event)
        return str(error["message"])

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        context = self._workspace.create_request_context()
        with warnings.catch_warnings():  # Dagster calls functions of its own that it deprecated
            warnings.simplefilter("ignore", DeprecationWarning)
            answer = asyncio.run(
                self._schema.execute_async(query, context_value=context, variable_values=variables)
            )
        assert not answer.errors, answer.errors
        return answer.data


@contextmanager
def graphql(instance: dg.DagsterInstance) -> Iterator[GraphQL]:
    """The server's schema over the instance and the definitions of the environment."""
    target = LoadableTargetOrigin(module_name=__name__, attribute="defs")
    origin = InProcessCodeLocationOrigin(target, location_name="regime_platform")
    with warnings.catch_warnings():  # Dagster reads properties of its own that it deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        context = WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin))
    with context as workspace:
        yield GraphQL(workspace)


def _by_symbol(statuses: Mapping[str, Any]) -> dict[str, str]:
    # a partition that failed and was never materialised is in both lists
    weakest_first = sorted(statuses.items(), key=lambda item: item[0] != "unmaterializedPartitions")
    return {
        symbol: name.removesuffix("Partitions")
        for name, symbols in weakest_first
        for symbol in symbols
    }
