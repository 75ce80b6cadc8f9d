"""Kernels are compiled with a message where this machine has none, and silently left otherwise."""

import pytest

from regime_platform.cli.console import kernels


@pytest.mark.parametrize("is_compiled", [True, False])
def test_only_missing_kernels_are_compiled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, is_compiled: bool
) -> None:
    compiled: list[bool] = []
    monkeypatch.setattr(kernels, "kernels_are_compiled", lambda: is_compiled)
    monkeypatch.setattr(kernels, "warm_up", lambda: compiled.append(True))

    assert kernels.warm() is not is_compiled
    assert len(compiled) == (not is_compiled)
    assert ("once per machine" in capsys.readouterr().err) is not is_compiled
