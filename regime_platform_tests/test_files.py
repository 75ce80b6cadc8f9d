"""After any fault of its writer a file has the old content or the new one."""

import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regime_platform.errors import PathError, RegimeError
from regime_platform.files import (
    append_lines,
    copy_hashed,
    file_sha256,
    path_below,
    read_json,
    write_atomically,
    write_bytes,
    write_documents,
    write_json,
    write_text,
)
from regime_platform.temporary_files import sweep_temporary
from regime_platform_tests.error_codes import raises
from regime_platform_tests.prepared_process import ended_script

OLD, NEW = b"old " * 1000, b"new " * 2000

#: A process that writes a file and kills itself at its n-th system call on that folder.
KILLED = """
import os, signal, sys
from pathlib import Path
from regime_platform.files import write_bytes

target, last = Path(sys.argv[1]), int(sys.argv[2])
asked = 0

def kill(event, facts):
    global asked
    if not event.startswith(("open", "os.", "tempfile.")):
        return
    if not any(str(fact).startswith(str(target.parent)) for fact in facts):
        return
    asked += 1
    if asked == last:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
write_bytes(target, b"new " * 2000)
"""


def _limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def _run(code: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    ended: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    return ended


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "bars.parquet"
    seen = []
    for step in range(1, 40):
        write_bytes(target, OLD)
        ended = ended_script(KILLED, target, step).returncode
        seen.append(target.read_bytes())
        sweep_temporary(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["bars.parquet"]
        if ended == 0:
            break
        assert ended == -signal.SIGKILL

    assert len(seen) >= 6  # temp file, its contents, flush, mode, rename, the folder's flush
    assert seen[0] == OLD
    assert seen[-2] == seen[-1] == NEW
    assert seen == sorted(seen, key=[OLD, NEW].index)


@pytest.mark.slow
def test_a_writer_killed_in_the_middle_of_writing_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "bars.parquet"
    write_bytes(target, OLD)
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from regime_platform.files import write_atomically\n"
        "def half(temporary):\n"
        "    temporary.write_bytes(b'new')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), half)\n"
    )

    assert ended_script(code, target).returncode == -signal.SIGKILL
    assert target.read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 2
    sweep_temporary(tmp_path)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_file_and_fails_loudly(tmp_path: Path) -> None:
    target = tmp_path / "bars.parquet"
    write_bytes(target, OLD)
    code = (
        "import sys; from pathlib import Path\n"
        "from regime_platform.files import write_bytes\n"
        "write_bytes(Path(sys.argv[1]), b'new ' * 2000)\n"
    )

    result = _run(code, str(target), preexec_fn=_limit_file_size)

    assert result.returncode == 1
    assert "File too large" in result.stderr
    assert target.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [target]


def test_a_failing_writer_leaves_no_temporary_file(tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError("gave up")

    with pytest.raises(RuntimeError, match="gave up"):
        write_atomically(tmp_path / "bars.parquet", fail)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_where_they_are_missing(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c.txt", "é")

    assert (tmp_path / "a" / "b" / "c.txt").read_text(encoding="utf-8") == "é"


def test_json_comes_back_and_a_missing_file_is_none(tmp_path: Path) -> None:
    facts = {"symbol": "AAPL", "rows": [1, 2.5, None], "name": "é"}
    write_json(tmp_path / "facts.json", facts)

    assert read_json(tmp_path / "facts.json") == facts
    assert read_json(tmp_path / "none.json") is None


def test_damaged_json_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text('{"symbol": ')

    with raises(RegimeError, "document-damaged", match=r"facts\.json .* run again"):
        read_json(tmp_path / "facts.json")


def test_a_folder_with_the_name_of_a_document_is_named(tmp_path: Path) -> None:
    with raises(RegimeError, "folder-in-place", match="move it away"):
        read_json(tmp_path)


def test_an_unfinished_line_of_a_killed_writer_is_removed_before_lines_are_appended(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.jsonl"
    append_lines(log, ["first"])
    log.write_bytes(log.read_bytes() + b"unfin")

    append_lines(log, ["second", "third"])

    assert log.read_text() == "first\nsecond\nthird\n"


def test_a_hashed_copy_has_the_bytes_and_the_time_of_its_source(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"bars")
    os.utime(source, ns=(5, 5))

    assert copy_hashed(source, copy) == file_sha256(source)
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == (b"bars", 5)


def test_json_takes_no_numbers_that_json_lacks(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "facts.json", {"x": float("nan")})


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")

    assert file_sha256(tmp_path / "x").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(
    "name",
    [
        *("", "/etc/passwd", "//share/x", "../x", "a/../../x", "a/..", ".", "./x", "a//b", "a/"),
        *("C:x", "c:/x", "a\\b", "..\\x", "a\0b", "a\nb", "a\x1b[2J", "a\x9bb", "a\u2028b"),
        *("\ud800", None, 7, ["a"], "x" * 300),
    ],
)
def test_a_name_that_is_no_path_below_its_folder_is_refused(tmp_path: Path, name: object) -> None:
    with raises(PathError, "unsafe-path", match="expected one name") as refusal:
        path_below(tmp_path, name)
    assert ascii(name)[:40] in str(refusal.value)
    assert f"below {tmp_path}" in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["AAPL", "bars/1day/x.parquet", "a..b", "café", "^GSPC", "at 9:30"]
)
def test_a_plain_name_is_a_path_below_its_folder(tmp_path: Path, name: str) -> None:
    assert path_below(tmp_path, name) == tmp_path / name


def test_a_symbolic_link_may_lead_to_its_folder_but_not_out_of_it(tmp_path: Path) -> None:
    folder, other = tmp_path / "store", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "out").symlink_to(other)
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "inside").symlink_to(folder)
    (tmp_path / "alias").symlink_to(folder)
    for name in ("out", "out/x.json", "circle/x.json", "inside/out/x.json"):
        with raises(PathError, "unsafe-path", match=f"'{name}'"):
            path_below(folder, name)
    assert path_below(tmp_path / "alias", "x.json") == tmp_path / "alias" / "x.json"
    assert path_below(folder, "inside/x.json") == folder / "inside" / "x.json"


def test_documents_are_flushed_before_the_first_is_in_place_and_their_folder_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    flush, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        flush(descriptor)
        seen.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def replaced(self: Path, target: Path) -> Path:
        seen.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)

    write_documents({tmp_path / "one.json": {"a": 1}, tmp_path / "two.json": {}})

    assert seen == ["file", "file", "one.json", "two.json", "folder"]
    assert read_json(tmp_path / "one.json") == {"a": 1}
