"""A text from outside is no formula in a spreadsheet, and a number stays one."""

import polars as pl

from regime_platform.spreadsheet import without_formulas


def test_only_texts_that_a_spreadsheet_would_run_get_an_apostrophe() -> None:
    formulas = ["=1+1", "+x", "-", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\uff1d1"]
    plain = ["^GSPC", "-1.5", "+2", "1e-5", "a=b", "", None]
    table = pl.DataFrame(
        {
            "name": [*formulas, *plain],
            "close": -1.0,
            "label": pl.Series(["-"] * 14, dtype=pl.Enum(["-"])),
        }
    )

    safe = without_formulas(table)

    assert safe["name"].to_list() == [*(f"'{text}" for text in formulas), *plain]
    assert safe.drop("name").equals(table.drop("name"))
