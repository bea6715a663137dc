"""Elastic's zip is fetched by Maven and held to our digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.storage.embedded import elasticsearch
from engine.storage.embedded.account import ServerUnavailableError


@pytest.mark.parametrize(
    "url, settings",
    [("http://127.0.0.1:9234", {"http.port": "9234,0"}), (None, {}), ("http://127.0.0.1", {})],
)
def test_a_server_asks_for_the_port_that_it_had_before_any_other(url: str | None, settings: dict[str, str]) -> None:
    assert elasticsearch.port_again(url) == settings


def test_zip_that_was_exchanged_is_refused_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DECISOR_CACHE", str(tmp_path))
    monkeypatch.setattr(elasticsearch, "SHA256", "0" * 64)
    with pytest.raises(ServerUnavailableError, match=f"expected {'0' * 64}: it was damaged or replaced in transit"):
        elasticsearch.distribution()
    assert [path.name for path in tmp_path.iterdir()] == ["unpack.lock"]


def test_artifact_that_is_not_there_is_told_with_what_maven_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DECISOR_CACHE", str(tmp_path))
    monkeypatch.setattr(elasticsearch, "ARTIFACT", "org.elasticsearch:not-there:0:zip")
    with pytest.raises(
        ServerUnavailableError, match=r"(?s)Maven could not fetch org.elasticsearch:not-there.*not-there"
    ):
        elasticsearch.distribution()
