"""The webserver where others reach it: read-only, behind a proxy, and within pages of others."""

import json
from pathlib import Path

import httpx
import pytest
from dagster_graphql.schema import create_schema
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from regime_platform_tests.orchestration.instance.guarded_server import CHANGE, ask
from regime_platform_tests.orchestration.instance.proxy import AUTHORIZATION, PUBLIC, proxied

_CHANGES = sorted(create_schema().graphql_schema.mutation_type.fields)
_AS_PUBLIC = {"Host": PUBLIC, "Origin": f"https://{PUBLIC}", "Authorization": AUTHORIZATION}


def test_read_only_knows_no_mutation_and_takes_no_report(read_only_address: str) -> None:
    queries = [f"mutation {{ {name} {{ __typename }} }}" for name in _CHANGES]

    for query in (*queries, CHANGE, f"query A {{ version }} {CHANGE}"):
        answer = httpx.post(
            f"http://{read_only_address}/graphql",
            json={"query": query, "operationName": None if query.startswith("mut") else "B"},
        )
        assert answer.status_code >= 400, query
        assert not answer.json().get("data"), query
    for kind in ("materialization", "check", "observation"):
        answer = httpx.post(f"http://{read_only_address}/report_asset_{kind}/raw_bars", json={})
        assert answer.status_code == 401
    assert len(_CHANGES) > 30
    assert ask(read_only_address, "{ version }").json()["data"]["version"]


def test_read_only_websocket_changes_nothing(read_only_address: str) -> None:
    with connect(
        f"ws://{read_only_address}/graphql",
        origin=Origin(f"http://{read_only_address}"),
        subprotocols=[Subprotocol("graphql-ws")],
    ) as socket_:
        socket_.send(json.dumps({"type": "connection_init"}))
        socket_.recv()
        socket_.send(json.dumps({"type": "start", "id": "1", "payload": {"query": CHANGE}}))

        assert json.loads(socket_.recv())["type"] == "error"


@pytest.mark.parametrize("path", ["/", "/runs", "/server_info", "/report/", "/favicon.ico"])
def test_no_other_site_frames_a_page_or_learns_its_address(address: str, path: str) -> None:
    for host in (address, "evil.example"):  # a refusal is an answer too
        answer = httpx.get(f"http://{address}{path}", headers={"Host": host, "Accept": "text/html"})

        policies = answer.headers.get_list("content-security-policy")
        assert sum("frame-ancestors 'self'" in policy for policy in policies) == 1
        for name, value in {
            "X-Frame-Options": "SAMEORIGIN",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }.items():
            assert answer.headers.get_list(name) == [value]


def test_a_proxy_with_a_password_serves_pages_queries_and_changes(address: str) -> None:
    with proxied(address) as proxy:
        page = httpx.get(f"http://{proxy}/runs", headers={**_AS_PUBLIC, "Accept": "text/html"})
        asked = ask(proxy, "{ version }", **_AS_PUBLIC)
        changed = ask(proxy, CHANGE, **_AS_PUBLIC)
        to_report = httpx.get(f"http://{proxy}/report", headers=_AS_PUBLIC)

    assert (page.status_code, asked.status_code, changed.status_code) == (200, 200, 200)
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert to_report.headers["Location"] == "/report/"  # of whatever name the browser used


def test_a_proxy_with_a_password_lets_nobody_in_without_it(address: str) -> None:
    without = {name: text for name, text in _AS_PUBLIC.items() if name != "Authorization"}
    with proxied(address) as proxy:
        for path in ("/", "/graphql", "/report/", "/report_asset_materialization/raw_bars"):
            assert httpx.post(f"http://{proxy}{path}", headers=without).status_code == 401
        with pytest.raises(InvalidStatus, match="401"):
            connect(f"ws://{proxy}/graphql", additional_headers={"Host": PUBLIC})


def test_a_websocket_goes_through_a_proxy_and_only_of_its_own_page(address: str) -> None:
    headers = {"Authorization": AUTHORIZATION}
    with proxied(address) as proxy:
        with connect(
            f"ws://{proxy}/graphql",
            origin=Origin(f"http://{proxy}"),
            subprotocols=[Subprotocol("graphql-ws")],
            additional_headers=headers,
        ) as socket_:
            socket_.send(json.dumps({"type": "connection_init"}))
            assert json.loads(socket_.recv()) == {"type": "connection_ack"}
        with pytest.raises(InvalidStatus, match="403"):
            connect(
                f"ws://{proxy}/graphql",
                origin=Origin("https://evil.example"),
                subprotocols=[Subprotocol("graphql-ws")],
                additional_headers=headers,
            )


def test_a_webserver_collects_no_telemetry(home: Path, address: str) -> None:
    used = {"clientId": "x", "clientTime": "1700000000", "action": "x", "metadata": "{}"}
    names = ", ".join(f"{name}: {json.dumps(text)}" for name, text in used.items())
    sent = ask(address, f"mutation {{ logTelemetry({names}) {{ __typename }} }}")

    assert sent.status_code == 200
    assert not (home / "user").exists()  # Dagster would make a number of the user here
    logs = [*(home / "dagster" / "logs").iterdir(), *(home / "dagster" / ".logs_queue").iterdir()]
    assert logs == []  # what it would send


@pytest.mark.parametrize(
    "forwarded",
    [
        {"X-Forwarded-Host": PUBLIC, "Host": "evil.example"},
        {"Forwarded": f"host={PUBLIC}", "Host": "evil.example"},
        {"X-Forwarded-Host": PUBLIC, "Origin": "https://evil.example"},
        {"X-Original-URL": "/graphql", "Origin": "https://evil.example"},
        {"X-HTTP-Method-Override": "POST", "Host": "evil.example"},
    ],
)
def test_forwarded_headers_open_nothing(address: str, forwarded: dict[str, str]) -> None:
    answer = ask(address, "{ version }", **forwarded)

    assert answer.status_code == 403
