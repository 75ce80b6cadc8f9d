"""Texts of servers in messages."""

from regime_platform.sources.attempts import server_text


def test_a_text_of_a_server_stands_on_one_line() -> None:
    assert server_text("<html>\n  <b>busy</b>\r\n</html>") == "<html> <b>busy</b> </html>"
