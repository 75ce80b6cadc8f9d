"""Checks the law on random forms.

``python -m regime_platform_tests.dialects served|added COUNT SEED [CHOICE=VALUE...]``
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from regime_platform_tests.dialects.form import random_forms
from regime_platform_tests.dialects.law import Reader, added, keys_asked, served


def main(read: Reader, count: int, seed: int, chosen: Mapping[str, str]) -> int:
    """Prints every form that breaks the law, and what was asked how often."""
    keys: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for form in random_forms(count, seed, chosen):
            stated, fault = keys_asked(form, folder, read)
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            keys[" ".join(stated) or "nothing"] += 1
            if fault:
                faults += 1
                print(form, "\n   ", " ".join(stated), "->", fault[:400], flush=True)
    print(f"{count} forms, {faults} break the law; asked: {dict(keys.most_common())}")
    return 1 if faults else 0


if __name__ == "__main__":
    reader, number, first, *words = sys.argv[1:]
    choices = dict(word.split("=", 1) for word in words)
    sys.exit(main({"served": served, "added": added}[reader], int(number), int(first), choices))
