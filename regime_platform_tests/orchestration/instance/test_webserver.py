"""The webserver that `regime service webserver` starts answers its own pages and programs only."""

import json
import os
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from regime_platform.cli.main import main
from regime_platform_tests.orchestration.instance.guarded_server import (
    CHANGE,
    ask,
)


def test_its_own_page_and_programs_are_answered(address: str) -> None:
    for headers in ({}, {"Origin": f"http://{address}"}):
        answer = ask(address, CHANGE, **headers)

        assert answer.status_code == 200
        assert answer.json()["data"]["setNuxSeen"]

    port = address.rpartition(":")[2]
    for name in (f"localhost:{port}", "desk.example", "DESK.example:8443"):
        page = httpx.get(f"http://{address}/", headers={"Host": name, "Accept": "text/html"})
        assert page.status_code == 200
    proxied = {"Host": "desk.example", "Origin": "https://desk.example"}
    assert ask(address, "{ version }", **proxied).status_code == 200
    asked = httpx.get(f"http://{address}/graphql", params={"query": "{ version }"})
    assert asked.json()["data"]["version"]


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

    assert started[3:5] == ["-m", f"regime_platform.orchestration.instance.{program}"]
    assert "--read-only" in started
