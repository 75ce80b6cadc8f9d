"""The webserver that `regime service webserver` starts answers its own pages and programs only."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from regime_platform.cli.main import main
from regime_platform.orchestration.instance import dev_server

_PATIENCE = 120  # seconds to start
_CHANGE = "mutation { setNuxSeen }"
#: A workspace without code: what is asked here never reaches the code server.
_SERVE = """
import sys
from regime_platform.orchestration import webserver
sys.argv = ["webserver", "--empty-workspace", *sys.argv[1:]]
webserver.main()
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A webserver over an empty Dagster home, answering to one further name."""
    home, port = tmp_path_factory.mktemp("home"), _free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "--port", str(port)],
        env={**os.environ, "DAGSTER_HOME": str(home), "REGIME_ALLOWED_HOSTS": "Desk.example, b"},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        yield _served(process, f"127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _served(process: "subprocess.Popen[str]", address: str) -> str:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://{address}/server_info")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address
    process.kill()
    raise AssertionError(process.communicate()[0][-3000:])


def _ask(address: str, query: str, **headers: str) -> httpx.Response:
    return httpx.post(f"http://{address}/graphql", json={"query": query}, headers=headers)


def test_its_own_page_and_programs_are_answered(address: str) -> None:
    for headers in ({}, {"Origin": f"http://{address}"}):
        answer = _ask(address, _CHANGE, **headers)

        assert answer.status_code == 200
        assert answer.json()["data"]["setNuxSeen"]

    port = address.rpartition(":")[2]
    for name in (f"localhost:{port}", "desk.example", "DESK.example:8443"):
        page = httpx.get(f"http://{address}/", headers={"Host": name, "Accept": "text/html"})
        assert page.status_code == 200
    proxied = {"Host": "desk.example", "Origin": "https://desk.example"}
    assert _ask(address, "{ version }", **proxied).status_code == 200
    asked = httpx.get(f"http://{address}/graphql", params={"query": "{ version }"})
    assert asked.json()["data"]["version"]


def test_a_mutation_in_a_link_is_refused(address: str) -> None:
    two = f"query A {{ version }} {_CHANGE}"
    for query in (_CHANGE, two):
        for path in ("/graphql", "/graphql/"):
            answer = httpx.get(f"http://{address}{path}", params={"query": query})

            assert answer.status_code == 405
            assert answer.headers["Allow"] == "POST"
            assert "POST as application/json" in answer.text


@pytest.mark.parametrize(
    "media_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; x=application/json",
        "application/graphql",
    ],
)
def test_a_mutation_in_a_form_is_refused(address: str, media_type: str) -> None:
    answer = httpx.post(
        f"http://{address}/graphql",
        params={"query": _CHANGE},
        content=json.dumps({"query": _CHANGE}),
        headers={"Content-Type": media_type},
    )

    assert answer.status_code == 415
    assert "application/json" in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_page_is_refused_in_every_form(address: str, origin: str) -> None:
    asked = _ask(address, "{ version }", Origin=origin)
    reported = httpx.post(
        f"http://{address}/report_asset_materialization/raw_bars", headers={"Origin": origin}
    )

    for answer in (asked, reported):
        assert answer.status_code == 403
        assert origin in answer.text
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://{address}/graphql", origin=origin, subprotocols=["graphql-ws"])  # type: ignore[list-item]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_is_refused(address: str, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}

    for path in ("/", "/server_info", "/graphql"):
        answer = httpx.get(f"http://{address}{path}", headers=headers)

        assert answer.status_code == 403
        assert "REGIME_ALLOWED_HOSTS" in answer.text


def test_the_websocket_of_its_own_page_works(address: str) -> None:
    with connect(
        f"ws://{address}/graphql",
        origin=f"http://{address}",  # type: ignore[arg-type]
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
    ) as socket_:
        socket_.send(json.dumps({"type": "connection_init"}))

        assert json.loads(socket_.recv()) == {"type": "connection_ack"}


@pytest.mark.parametrize(
    ("command", "program"), [(["ui"], "dev_server"), (["service", "webserver"], "webserver")]
)
def test_what_the_command_line_starts_is_the_guarded_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], program: str
) -> None:
    monkeypatch.setenv("REGIME_DATA_ROOT", str(tmp_path))
    started: list[str] = []
    monkeypatch.setattr(os, "execvp", lambda _file, arguments: started.extend(arguments))

    with pytest.raises(SystemExit):
        main([*command, "--read-only", "--host", "127.0.0.1"])

    assert started[3:5] == ["-m", f"regime_platform.orchestration.{program}"]
    assert "--read-only" in started


def test_dagster_dev_starts_the_guarded_server_or_nothing() -> None:
    started = dev_server.guarded(["python", "-m", "dagster_webserver", "--port", "1"], ["--x"])
    daemon = ["python", "-m", "dagster._daemon", "run"]

    assert started[2:] == ["regime_platform.orchestration.instance.webserver", "--port", "1", "--x"]
    assert dev_server.guarded(daemon, ["--x"]) == daemon
    with pytest.raises(RuntimeError, match="unknown process"):
        dev_server.guarded(["python", "-m", "dagster_web"], [])
