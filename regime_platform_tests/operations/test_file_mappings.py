"""Keys are written beside the files, in a section that no other series is read by."""

from pathlib import Path

import pytest

from regime_platform.errors import ConfigError
from regime_platform.operations.file_mappings import FileSeries, mapping_edits_for
from regime_platform.sources.files.mapping import read_mapping
from regime_platform_tests.error_codes import raises

ZONE = {"zone": "America/New_York", "time_format": "%d/%m/%Y: #%H"}
COMMENTED = """# of my broker
zone: Europe/Paris  # as their page says
symbols:
  # an index
  CAC: {label: close}

# end
"""


def series(folder: Path, symbol: str, timeframe: str = "1h") -> FileSeries:
    return FileSeries(folder / f"{symbol}_{timeframe}.csv", symbol, timeframe)


def written(folder: Path, *own: FileSeries, others: tuple[FileSeries, ...] = ()) -> str:
    for edit in mapping_edits_for(dict.fromkeys(own, ZONE), others):
        edit.write()
    return (folder / "mapping.yaml").read_text()


def test_files_alone_in_their_folder_get_plain_keys(tmp_path: Path) -> None:
    text = written(tmp_path, series(tmp_path, "A"), series(tmp_path, "B"))

    assert text == "zone: America/New_York\ntime_format: '%d/%m/%Y: #%H'\n"
    assert mapping_edits_for({series(tmp_path, "A"): ZONE}, []) == []


def test_beside_a_file_that_is_not_tracked_they_get_a_section_too(tmp_path: Path) -> None:
    (tmp_path / "download.csv").write_text("")

    assert written(tmp_path, series(tmp_path, "A")).startswith("symbols: {A: {zone:")


def test_beside_another_symbol_they_get_a_section_of_their_symbol(tmp_path: Path) -> None:
    text = written(tmp_path, series(tmp_path, "A"), others=(series(tmp_path, "B"),))

    assert text.startswith("symbols: {A: {zone: America/New_York")
    assert read_mapping(tmp_path).for_series("1h", "B").zone == ""


def test_each_series_gets_the_keys_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "download.csv").write_text("")
    keys = {f"S{n}": {"columns": {"close": f"C{n}"}} if n % 2 else {} for n in range(100)}

    for edit in mapping_edits_for({series(tmp_path, name): keys[name] for name in keys}, []):
        edit.write()

    mapping = read_mapping(tmp_path)
    assert read_mapping(tmp_path) is mapping  # parsed once for all files of the folder
    for name, settings in keys.items():
        stated = dict(mapping.for_series("1h", name).columns)
        assert stated == ({"close": (settings["columns"]["close"],)} if settings else {})


def test_beside_another_timeframe_of_theirs_one_of_their_timeframe(tmp_path: Path) -> None:
    text = written(tmp_path, series(tmp_path, "A"), others=(series(tmp_path, "A", "1day"),))

    assert text.startswith("timeframes: {1h: {zone: America/New_York")


def test_where_no_section_is_theirs_alone_they_are_refused(tmp_path: Path) -> None:
    others = (series(tmp_path, "A", "1day"), series(tmp_path, "B"))

    with raises(ConfigError, "mapping-shared", match="A 1h alone.*folder of their own"):
        mapping_edits_for({series(tmp_path, "A"): ZONE}, others)


def test_an_edit_keeps_comments_and_what_is_stated_else(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(COMMENTED)

    text = written(tmp_path, series(tmp_path, "A"), series(tmp_path, "CAC"))

    assert [line for line in COMMENTED.splitlines() if line not in text] == [
        "  CAC: {label: close}"
    ]
    for symbol, label in (("A", ""), ("CAC", "close")):
        mapping = read_mapping(tmp_path).for_series("1h", symbol)
        assert mapping.zone == "America/New_York"
        assert mapping.labels.get("1h", "") == label
    assert read_mapping(tmp_path).for_series("1h", "DAX").zone == "Europe/Paris"


def test_the_mapping_of_the_folder_above_is_extended_and_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(COMMENTED)
    (tmp_path / "A").mkdir()

    text = written(tmp_path, series(tmp_path / "A", "A"), others=(series(tmp_path / "B", "B"),))

    assert not (tmp_path / "A" / "mapping.yaml").exists()
    assert "A: {zone: America/New_York" in text


@pytest.mark.parametrize("text", ["{}\n", "a: &x [1]\nsymbols: *x\n"])
def test_a_form_that_cannot_be_edited_safely_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mapping.yaml").write_text(text)

    with pytest.raises(ConfigError, match="mapping"):
        mapping_edits_for({series(tmp_path, "A"): ZONE}, [])


def test_a_folder_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path) -> None:
    edits = mapping_edits_for({series(tmp_path / "gone", "A"): ZONE}, [])

    (tmp_path / "gone").write_text("a file")
    with raises(ConfigError, "mapping-not-writable", match="gone.*copy the files"):
        edits[0].write()
