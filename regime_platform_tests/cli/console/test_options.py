"""The author of a decision is the system user, also where that has no name."""

import os
import pwd

import pytest

from regime_platform.cli.console.options import user


def test_a_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert user() == pwd.getpwuid(os.getuid()).pw_name

    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    assert user() == "user 4000000000"
