"""The webserver that `regime service webserver` starts answers its own pages and programs only."""

import http.client
import json
import os
from contextlib import closing
from email.message import Message
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

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
        origin=Origin(f"http://{address}"),
        subprotocols=[Subprotocol("graphql-ws")],
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


def test_a_mutation_in_a_link_is_refused(address: str) -> None:
    two = f"query A {{ version }} {CHANGE}"
    for query in (CHANGE, two):
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
        params={"query": CHANGE},
        content=json.dumps({"query": CHANGE}),
        headers={"Content-Type": media_type},
    )

    assert answer.status_code == 415
    assert "application/json" in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_page_is_refused_in_every_form(address: str, origin: str) -> None:
    asked = ask(address, "{ version }", Origin=origin)
    reported = httpx.post(
        f"http://{address}/report_asset_materialization/raw_bars", headers={"Origin": origin}
    )

    for answer in (asked, reported):
        assert answer.status_code == 403
        assert origin in answer.text
    with pytest.raises(InvalidStatus, match="403"):
        connect(
            f"ws://{address}/graphql",
            origin=Origin(origin),
            subprotocols=[Subprotocol("graphql-ws")],
        )


@pytest.mark.slow
@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_is_refused(address: str, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}

    for path in ("/", "/server_info", "/graphql"):
        answer = httpx.get(f"http://{address}{path}", headers=headers)

        assert answer.status_code == 403
        assert "REGIME_ALLOWED_HOSTS" in answer.text


def test_the_report_is_served_read_only_and_nothing_beside_it(home: Path, address: str) -> None:
    def got(path: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
        # as it is written: other clients take dots out of a path themselves
        with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    absent, _, hint = got("/report/")
    folder = home / "report"
    (folder / "static").mkdir(parents=True)
    (folder / "index.html").write_text("<p>all symbols")
    (folder / ".tmp-regime-x.html").write_text("unfinished")
    (folder / "static" / "index-0123.js").write_text("1")
    (folder / "out.html").symlink_to(home / "board.parquet")
    (home / "board.parquet").write_text("not for readers")
    _, page, text = got("/report/")
    _, script, _ = got("/report/static/index-0123.js")
    status, to_index, _ = got("/report")
    unchanged, *_ = got("/report/index.html", **{"If-None-Match": page["ETag"]})

    assert (absent, status, unchanged) == (404, 307, 304)
    assert b"regime report" in hint
    assert text == b"<p>all symbols"
    assert to_index["Location"] == "/report/"
    assert page["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Cache-Control"] == "no-cache"
    assert "javascript" in script["Content-Type"]
    assert "immutable" in script["Cache-Control"]
    for path in (
        "/report/../board.parquet",
        "/report/%2e%2e/board.parquet",
        "/report/..%2fboard.parquet",
        f"/report//{home}/board.parquet",
        "/report/out.html",
        "/report/static/",
        "/report/.tmp-regime-x.html",
        "/report/a%00b",
    ):
        status, _, body = got(path)
        assert status == 404, path
        assert b"not for readers" not in body
    for method in ("POST", "PUT", "DELETE"):
        assert got("/report/index.html", method)[0] == 405
    assert got("/report/", Host="evil.example")[0] == 403

    symbol = home / "assets" / "^ALDER"
    symbol.mkdir(parents=True)
    (symbol / "verdict.json").write_text("{}")
    (symbol / "decisions.yaml").write_text("not for readers")
    status, proof, body = got("/assets/%5EALDER/verdict.json")
    assert (status, body, proof["Content-Type"]) == (200, b"{}", "application/json")
    assert got("/assets/%5EALDER/manifest.json")[0] == 404
    for path in ("/assets/%5EALDER/decisions.yaml", "/assets/%5EALDER"):
        assert b"not for readers" not in got(path)[2]
