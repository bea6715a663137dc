"""What expressions yield, compiled and by reference alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.expression_world import run

PROFILE = {
    "customer_id": "c-1",
    "country": "US",
    "city": "berlin",
    "tags": ["vip", "new"],
    "sizes": [3, 5],
    "lifetime_value": 1200.5,
    "loyalty_points": 7,
    "email_opt_in": True,
    "last_order_at": "2026-01-15T10:20:30.456Z",
    "home": {"lat": 52.5, "lon": 13.4},
    "email": "a@b.de",
    "orders": [{"sku": "a", "amount": 10.0}, {"sku": "b"}, {"amount": 2.5}],
}

HOLDS = [
    "profile.country == 'US'",
    "profile.country != 'CA'",
    "profile.country < 'V' and profile.country >= 'US'",
    "profile.city == 'Berlin'",
    "profile.city in ['PARIS', 'Berlin']",
    "profile.email == 'A@B.de'",
    "profile.email in ['A@B.DE']",
    "'vip' in profile.tags",
    "'lost' not in profile.tags",
    "'S' in profile.country and 'BER' in profile.city",
    "profile.tags == ['vip', 'new']",
    "profile.sizes != [3]",
    "profile.loyalty_points == 7.0",
    "profile.loyalty_points < 7.5",
    "profile.lifetime_value > 1200",
    "profile.email_opt_in",
    "profile.email_opt_in == true",
    "not (profile.email_opt_in and false)",
    "profile.home.lat > 52",
    "profile.orders[0].amount == 10",
    "profile.orders[-1].amount == 2.5",
    "$sum([o.amount for o in profile.orders]) == 12.5",
    "$any([o.amount > 9 for o in profile.orders if o.sku == 'a'])",
    "[o.sku for o in profile.orders] == ['a', 'b']",
    'now() - profile.last_order_at > t"P30D"',
    'now() == d"2026-03-01T09:30:00Z"',
    'profile.last_order_at + t"PT0.544S" == d"2026-01-15T10:20:31Z"',
    'profile.last_order_at.date == d"2026-01-15T00:00:00Z"',
    "profile.last_order_at.weekday == 'Thursday'",
    "profile.last_order_at.millisecond == 456",
    "(now() - profile.last_order_at).days == 44",
    "profile.country =~ '[A-Z]{2}'",
    "profile.country !~ 'U'",
    "in_segment('lost')",
    "profile.country.starts_with('U') and profile.country.ends_with('S')",
    "profile.tags.length == 2",
    "('a' + profile.country).as_lower == 'aus'",
    "profile.country[0] == 'U' and profile.country[0:1] == 'U'",
    "profile.tags[1:] == ['new']",
    "(profile.loyalty_points > 5 ? 'many' : 'few') == 'many'",
    "-profile.loyalty_points == -7",
    "$abs(-profile.loyalty_points) == 7",
    "$max(profile.sizes) == 5 and $min(profile.sizes) == 3 and $sum(profile.sizes) == 8",
    "context.channel == 'web'",
    "event.type == 'purchase' and event.data.amount == 5",
    "vars.pick.arm == 'b'",
]


@pytest.mark.parametrize("text", HOLDS)
def test_expression_holds(text: str) -> None:
    others = {
        "context": {"channel": "web"},
        "event": {"type": "purchase", "data": {"amount": 5.0}},
        "vars": {"pick": {"arm": "b"}},
        "member": {"lost"}.__contains__,
    }
    assert run(text, PROFILE, **others) is True


MISSING_FAILS = [
    "profile.country == 'US'",
    "profile.country != 'US'",
    "profile.country < 'US'",
    "profile.loyalty_points >= 0",
    "profile.loyalty_points + 1 > 0",
    "profile.country in ['US']",
    "'US' in profile.country",
    "'vip' in profile.tags",
    "profile.country in profile.tags",
    "profile.country =~ '.*'",
    "profile.country !~ 'x'",
    "profile.tags.length >= 0",
    "profile.home.lat == profile.home.lon",
    "profile.country == profile.city",
    "profile.tags == ['a']",
    "profile.orders[0].amount == 1",
    "$sum([o.amount for o in profile.orders]) == 0",
    'now() - profile.last_order_at > t"P0D"',
    "profile.country.starts_with('')",
    "vars.pick.arm == 'a'",
    "event.data.amount > 0",
    "$all([o.amount > 0 for o in profile.orders])",
]


@pytest.mark.parametrize("text", MISSING_FAILS)
def test_comparison_with_something_missing_is_false(text: str) -> None:
    assert run(text) in {False, None}


@pytest.mark.parametrize(
    "text",
    [
        "profile.country == null",
        "not (profile.country == 'US')",
        "profile.country not in ['US']",
        "not profile.email_opt_in",
        "profile.email_opt_in == null",
        "profile.tags == null",
        "profile.tags.is_empty",
        "profile.notes == null",
        "(profile.loyalty_points ?? 0) == 0",
        "(profile.email_opt_in ? 'a' : 'b') == 'b'",
        "(profile.city ?? 'Berlin') == 'BERLIN'",
    ],
)
def test_complement_and_fallback_hold_for_missing(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    "text, value",
    [
        ("profile.visits + 1", None),
        ("profile.visits * 2", None),
        ("profile.visits - 1", 9223372036854775806),
        ("profile.loyalty_points / 0", None),
        ("profile.loyalty_points // 0", None),
        ("profile.loyalty_points % 0", None),
        ("profile.loyalty_points / 2", -3.5),
        ("profile.loyalty_points // 2", -3),
        ("profile.loyalty_points % 2", -1),
        ("profile.discount // 0.5", -5.0),
        ("profile.discount % 0.5", -0.25),
        ("profile.discount * 1e308 * 10", None),
        ("profile.discount * 0", 0.0),
        ("profile.loyalty_points ** 2", 49),
        ("profile.loyalty_points ** 23", None),
        ("profile.loyalty_points ** 0.5", None),
        ("profile.loyalty_points ** -1", -1 / 7),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("7 / 2", 3.5),
        ("-7 // 2", -3),
        ("0x10 + 0b11 + 0o7", 26),
        ("profile.discount.floor", -3),
        ("profile.discount.ceiling", -2),
        ("profile.tags[5]", None),
        ("profile.country[9]", None),
        ("profile.tags[5:]", None),
        ("profile.country[9:]", ""),
        ('d"9999-12-31T23:59:59.999Z" + (now() - now()) == now()', False),
        ('now() + t"P3650000D"', None),
        ("now().to_epoch", 1772357400.0),
        ('t"P1DT1H".total_seconds', 90000.0),
        ('-t"PT1.5S"', -1500),
        ("'ẞ'.as_lower + 'ß'.as_upper", "ßSS"),
        ("'e' + '\\u0301'", "é"),
        ("'İΣ'.as_lower", "iσ"),
        ("[profile.country, profile.city]", ["US"]),
        ("[profile.city]", None),
        ("profile.email_opt_in ? 1 : 2.5", 2.5),
        ("profile.country ?? null", "US"),
    ],
)
def test_expression_yields(text: str, value: Any) -> None:
    profile = {
        "country": "US",
        "visits": 2**63 - 1,
        "loyalty_points": -7,
        "discount": -2.75,
        "tags": ["a"],
        "last_order_at": "2026-01-15T10:20:30.456Z",
    }
    found = run(text, profile)
    assert (type(found), found) == (type(value), value)
    assert repr(found) == repr(value), "a zero has no sign"


def test_numbers_beyond_2_to_the_53_stay_exact() -> None:
    profile = {"loyalty_points": 9007199254740993}
    assert run("profile.loyalty_points == 9007199254740993", profile)
    assert not run("profile.loyalty_points == 9007199254740992", profile)
    assert not run("profile.loyalty_points == 9007199254740992.0", profile)


def test_constant_beside_a_number_is_a_double() -> None:
    assert run("profile.lifetime_value == 9007199254740993", {"lifetime_value": 9007199254740992.0})


def test_zeroes_are_equal_whatever_their_sign() -> None:
    assert run("profile.discount * -1 == 0", {"discount": 0.0})
