"""The bars that the sample serves."""

import polars as pl

from regime_platform.model.universe.universe import parse_universe
from regime_platform.settings import TRACKED_UNIVERSE
from regime_platform.sources.sample.source import SampleSource, sample_files

UNIVERSE = parse_universe(TRACKED_UNIVERSE.read_text(encoding="utf-8"), "universe.yaml")

FILES = sample_files()


def served(symbol: str, timeframe: str) -> pl.DataFrame:
    return SampleSource().series(UNIVERSE.instrument(symbol), timeframe).bars
