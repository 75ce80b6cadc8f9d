"""What a worker process gets of a workspace."""

import pickle
from pathlib import Path

from pydantic import SecretStr

from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform_tests.scenario import street


def test_worker_processes_get_neither_sources_nor_secrets(tmp_path: Path) -> None:
    secret = "key-of-the-vendor"  # noqa: S105 - of no vendor
    settings = street(tmp_path, ["AAA"]).model_copy(
        update={"twelvedata_api_key": SecretStr(secret), "notify_smtp": SecretStr(secret)}
    )
    workspace = RunWorkspace.open(settings)

    sent = pickle.dumps(workspace)
    received = pickle.loads(sent)  # noqa: S301 - pickled above

    assert secret.encode() not in sent
    assert not received.sources
    assert (received.root, received.universe) == (workspace.root, workspace.universe)
    assert (received.params, received.code) == (workspace.params, workspace.code)
    assert received.eras == workspace.eras
