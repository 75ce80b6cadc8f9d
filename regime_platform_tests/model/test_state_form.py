"""The names of state columns in their JSON form."""

from regime_platform.model.result_schema import STATE_SCHEMA
from regime_platform.model.state_form import CODE_COLUMNS, LEVEL_COLUMNS, STATE_NAMES, names_of


def test_every_column_has_a_name_and_every_name_a_column() -> None:
    assert set(STATE_NAMES.values()) <= set(STATE_SCHEMA)
    assert names_of("regime_label") == ("classification.regime_label",)
    assert names_of(CODE_COLUMNS[0]) == (f"classification.{CODE_COLUMNS[0]}",)
    assert names_of(LEVEL_COLUMNS[0]) == (f"key_levels.{LEVEL_COLUMNS[0]}",)
    assert names_of("symbol") == ("symbol",)
    assert all(names_of(column) for column in STATE_SCHEMA)
