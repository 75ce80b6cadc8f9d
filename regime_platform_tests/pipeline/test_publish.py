"""Manifests are written where they no longer state what is stored, and announced in the chain."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from regime_platform.audit.verify.verify import verify
from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.manifest_files import read_bar_manifest, read_chain
from regime_platform.pipeline import publish as module
from regime_platform.pipeline.outcomes import Status
from regime_platform.pipeline.publish import publish, write_manifests
from regime_platform.pipeline.run_workspace import RunWorkspace


@pytest.fixture
def copied(processed: RunWorkspace, tmp_path: Path) -> RunWorkspace:
    """The processed sample universe with MSFT alone, to be written."""
    root = DataRoot(tmp_path / "copy")
    shutil.copytree(processed.root.symbol("MSFT").folder, root.symbol("MSFT").folder)
    return replace(processed, root=root)


def test_only_a_manifest_that_is_gone_is_written_again(
    copied: RunWorkspace, now: dt.datetime
) -> None:
    paths, instrument = copied.root.symbol("MSFT"), copied.universe.instrument("MSFT")
    assert publish(copied, instrument, now).status is Status.UNCHANGED
    bars = paths.manifest.read_bytes()
    links = len(read_chain(paths))
    paths.compute_manifest.unlink()

    outcome = publish(copied, instrument, now)

    assert outcome.status is Status.DONE
    assert paths.compute_manifest.exists()
    assert paths.manifest.read_bytes() == bars
    assert len(read_chain(paths)) >= links
    assert publish(copied, instrument, now).status is Status.UNCHANGED


def test_both_are_written_anew_on_request(copied: RunWorkspace, now: dt.datetime) -> None:
    paths, instrument = copied.root.symbol("MSFT"), copied.universe.instrument("MSFT")
    manifests = (paths.manifest, paths.compute_manifest)
    digests = [json.loads(path.read_text())["digest"] for path in manifests]
    for path in manifests:
        path.write_text("{")

    outcome = publish(copied, instrument, now + dt.timedelta(hours=1), anew=True)

    assert outcome.status is Status.DONE
    assert [json.loads(path.read_text())["digest"] for path in manifests] == digests


def test_what_a_killed_run_announced_is_replaced_where_nothing_brings_it_back(
    copied: RunWorkspace, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, instrument = copied.root.symbol("MSFT"), copied.universe.instrument("MSFT")
    stored = read_bar_manifest(paths)
    assert stored is not None
    other = stored.manifest.model_copy(update={"verdict_digest": "of an override, then undone"})
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_documents", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write_manifests(paths, [other], now)

    outcomes = [publish(copied, instrument, now).status for _ in range(2)]

    assert outcomes == [Status.DONE, Status.UNCHANGED]
    written = read_bar_manifest(paths)
    assert written is not None
    assert (written.number, written.digest) == (stored.number + 2, stored.digest)
    assert read_chain(paths)[-1] == written.link
    assert verify(copied, instrument).result == "proven"
