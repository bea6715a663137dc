from __future__ import annotations

import json

import pytest

from engine.erasure.mention import mentions

BROKEN = [
    ("acct/17", rb'{"customer_id": "acct\/17", "id": '),
    ("josé", rb'{"customer_id": "jos\u00E9", "id": '),
    ("josé", rb'{"customer_id": "jos\u00e9"'),
    ("josé", rb'{"customer_id": "jose\u0301"'),
    ("josé", '{"customer_id": "jose\u0301"'.encode()),
    ("josé", '{"customer_id": "josé"'.encode("latin-1")),
    ("josé", '{"customer_id": "josé"'.encode("utf-16")),
    ("josé", '{"customer_id": "josé"'.encode("utf-16-le")[1:]),
    ("😀", rb'{"customer_id": "\ud83d\uDE00"'),
    ('a"b\\n', json.dumps({"customer": 'a"b\\n'}).encode()),
    ("josé", json.dumps({"body": json.dumps({"customer_id": "josé"})}).encode()),
    ("josé", json.dumps({"body": json.dumps({"customer_id": "josé"})}).encode()[3:]),
    ("ada", b"{'customer_id': 'ada', 'id': None}"),
    ("ada", b'{"customer_id": ["ada"]}'),
    ("17", b'{"customer_id": 17, "id": "e-1"}'),
    ("17", b'{"customer_id":17'),
]
OTHERS = [
    ("ada", b'{"customer_id": "adam"}'),
    ("ada", b'{"customer_id": "x-ada"}'),
    ("ada", b'{"customer_id": "ad'),
    ("17", b'{"customer_id": 170}'),
    ("17", b'{"customer_id": 17.5}'),
    ("17", b'{"customer_id": "c-1", "amount": 17}'),
    ("josé", b'{"customer_id": "jose"}'),
]


@pytest.mark.parametrize("customer, raw", BROKEN)
def test_a_broken_event_is_found_however_it_writes_the_id(customer: str, raw: bytes) -> None:
    assert mentions(raw, customer, "customer_id")


@pytest.mark.parametrize("customer, raw", OTHERS)
def test_an_event_of_somebody_else_is_not_taken_for_the_customers(customer: str, raw: bytes) -> None:
    assert not mentions(raw, customer, "customer_id")
