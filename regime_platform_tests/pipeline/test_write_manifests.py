"""What a killed run announced in the chain is what the next writer puts in place."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.manifest_files import read_bar_manifest, read_chain
from regime_platform.pipeline import publish
from regime_platform.pipeline.publish import write_manifests
from regime_platform.pipeline.run_workspace import RunWorkspace


def test_an_announced_manifest_is_written_as_it_was_announced(
    processed: RunWorkspace, tmp_path: Path, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = DataRoot(tmp_path / "copy").symbol("MSFT")
    shutil.copytree(processed.root.symbol("MSFT").folder, paths.folder)
    stored = read_bar_manifest(paths)
    assert stored is not None
    days = {"1day": stored.manifest.timeframes["1day"]}
    newer = stored.manifest.model_copy(update={"timeframes": days})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "write_documents", killed)
        with pytest.raises(KeyboardInterrupt):
            write_manifests(paths, [newer], now + dt.timedelta(hours=1))
    links = read_chain(paths)

    write_manifests(paths, [newer], now + dt.timedelta(hours=2))

    written = read_bar_manifest(paths)
    assert read_chain(paths) == links
    assert written is not None
    assert written.link == links[-1]
    assert written.link != stored.link
    assert written.manifest == newer
