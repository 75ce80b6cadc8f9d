"""Whatever the dialect: the true bars, or a refusal that names a key; never other bars."""

from pathlib import Path

import pytest

from regime_platform_tests.dialects.form import OPTIONS, Form, covering
from regime_platform_tests.dialects.law import Reader, added, keys_asked, served


@pytest.mark.slow
@pytest.mark.parametrize(("read", "count"), [(served, 50), (added, 8)])
def test_a_file_gives_the_true_bars_or_asks_for_keys_that_lead_to_them(
    read: Reader, count: int, tmp_path: Path
) -> None:
    faults: dict[str, str] = {}
    asked: set[str] = set()
    for number, form in enumerate(covering(count)):
        folder = tmp_path / str(number)
        folder.mkdir()
        keys, fault = keys_asked(form, folder, read)
        asked.update(keys)
        if fault:
            faults[str(form)] = f"{keys}: {fault}"

    assert faults == {}
    assert asked


def test_every_choice_occurs() -> None:
    seen = {(name, getattr(form, name)) for form in covering(50) for name in OPTIONS}

    assert {(name, value) for name, values in OPTIONS.items() for value in values} == seen


def test_other_bars_would_be_noticed(tmp_path: Path) -> None:
    form = Form(header="english", delimiter=";", label="date")

    assert keys_asked(form, tmp_path) == ([], "")
    fewer = keys_asked(form, tmp_path, lambda *given: served(*given).head(100))
    assert fewer[1].startswith("other times: 100 bars for 252")
    swapped = {"open": "close", "close": "open"}
    others = keys_asked(form, tmp_path, lambda *given: served(*given).rename(swapped))
    assert others[1].startswith("other values of open")
