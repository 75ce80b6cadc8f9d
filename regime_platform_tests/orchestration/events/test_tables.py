"""Tables, column schemas and times as Dagster's UI draws them."""

import dagster as dg
import polars as pl

from regime_platform.orchestration.events.tables import brief, column_schema, table, when


def test_a_table_has_the_columns_and_types_of_its_first_row() -> None:
    drawn = table([{"symbol": "OAK", "bars": 3, "is equal": True, "share": 0.5}])

    assert isinstance(drawn, dg.TableMetadataValue)
    assert [(column.name, column.type) for column in drawn.schema.columns] == [
        ("symbol", "string"),
        ("bars", "int"),
        ("is equal", "bool"),
        ("share", "float"),
    ]
    assert drawn.records[0].data["bars"] == 3


def test_an_empty_table_is_the_text_none() -> None:
    assert table([]).value == "none"


def test_an_enumeration_lists_its_values_before_the_note() -> None:
    schema = pl.Schema({"bucket": pl.Enum(["LOW", "HIGH"]), "close": pl.Float64()})

    bucket, close = column_schema(schema, {"bucket": "from close"}).columns

    assert (bucket.type, bucket.description) == ("String", "one of LOW, HIGH; from close")
    assert (close.type, close.description) == ("Float64", None)


def test_only_intraday_bars_show_the_time_of_day() -> None:
    assert when("2026-11-20T00:00:00Z", "1day") == "2026-11-20"
    assert when("2026-11-20T15:00:00Z", "1h") == "2026-11-20T15:00:00Z"


def test_a_digest_is_shortened_to_twelve_characters() -> None:
    assert brief("0123456789abcdef") == "0123456789ab"
