"""Whether a compute.db is the one that a compute manifest describes."""

from collections.abc import Mapping
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute_db.proof import is_known
from regime_platform.compute_db.reader import read_lineage
from regime_platform.pipeline.compute.compute import stat_facts


def is_described(paths: SymbolPaths, results: Mapping[str, Any]) -> bool:
    """True where the file says of itself what the manifest (as written) says of it.

    It is not opened where it is the very file that the manifest was written for, and was proven;
    after a restore or a copy it has another time, and is proven and read.

    Raises:
        ResultsError: it is damaged.
    """
    is_that_file = results["run"].get("compute_db") == stat_facts(paths)
    if is_that_file and is_known(paths.compute_db):
        return True
    lineage, facts = read_lineage(paths.compute_db), results["manifest"]
    return bool(lineage["tables"] == facts["tables"] and lineage["recipe"] == facts["recipe"])
