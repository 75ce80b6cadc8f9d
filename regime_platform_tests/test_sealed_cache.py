"""Nothing is read from a cache that this user did not write."""

import shutil
from pathlib import Path

from regime_platform.sealed_cache import SealedCache


def test_files_of_others_damaged_and_renamed_ones_are_reported_and_absent(tmp_path: Path) -> None:
    reports: list[str] = []
    cache = SealedCache(tmp_path / "kind", reports.append)
    for name in ("a", "b", "c", "d"):
        cache.keep(name, name.encode())
    (cache.folder / "b").chmod(0o666)
    (cache.folder / "c").write_bytes((cache.folder / "c").read_bytes() + b"x")
    shutil.copyfile(cache.folder / "a", cache.folder / "d")

    read = [cache.read(name) for name in ("a", "b", "c", "d", "absent")]

    assert read == [b"a", None, None, None, None]
    reasons = ["can be changed by other users", "is damaged", "is damaged"]
    assert reports == [
        f"{cache.folder / name} {reason}" for name, reason in zip("bcd", reasons, strict=True)
    ]
    cache.keep("b", b"again")
    assert cache.read("b") == b"again"
    assert len(reports) == 3
