"""Columns become frames with the order, words and nulls of their table."""

import numpy as np
import polars as pl

from regime_platform.compute.frames import columns_frame, words_of
from regime_platform.model.result_schema import STATE_SCHEMA


def test_columns_come_in_the_order_and_types_of_their_table() -> None:
    names = [name for name in STATE_SCHEMA if STATE_SCHEMA[name] == pl.Float64()][:2]
    given = {name: np.array([0.5, np.nan]) for name in reversed(names)}

    frame = columns_frame("state_history", given)

    assert frame.schema == {name: pl.Float64() for name in names}
    assert frame[names[0]].to_list() == [0.5, None]


def test_words_are_made_once_per_distinct_mask() -> None:
    asked = []

    def text(mask: int) -> str:
        asked.append(mask)
        return f"mask {mask}"

    (words,) = words_of(np.array([4, 1, 4, 4]), text)

    assert asked == [1, 4]
    assert words.texts.gather(words.positions).to_list() == ["mask 4", "mask 1", "mask 4", "mask 4"]
