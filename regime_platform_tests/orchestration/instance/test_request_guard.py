"""Requests that pages of other sites can send are refused."""

import json

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from regime_platform_tests.orchestration.instance.guarded_server import (
    CHANGE,
    ask,
)


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
        connect(f"ws://{address}/graphql", origin=origin, subprotocols=["graphql-ws"])  # type: ignore[list-item]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_is_refused(address: str, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}

    for path in ("/", "/server_info", "/graphql"):
        answer = httpx.get(f"http://{address}{path}", headers=headers)

        assert answer.status_code == 403
        assert "REGIME_ALLOWED_HOSTS" in answer.text
