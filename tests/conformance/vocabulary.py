"""The catalogue and the values of generated cases: few and nasty ones, so that predicates and profiles meet."""

from __future__ import annotations

from random import Random
from typing import Any

from engine.ir.instant import FIRST_INSTANT, LAST_INSTANT, format_instant, parse_instant
from engine.ir.types import Catalogue, EventType, Field

KEY = "customer_id"


def _all_types(prefix: str = "") -> tuple[Field, ...]:
    scalars = (
        Field(f"{prefix}keyword", "keyword"),
        Field(f"{prefix}lowered", "keyword", normalize="lowercase"),
        Field(f"{prefix}text", "text"),
        Field(f"{prefix}number", "number"),
        Field(f"{prefix}integer", "integer"),
        Field(f"{prefix}boolean", "boolean"),
        Field(f"{prefix}date", "date"),
        Field(f"{prefix}day", "day"),
        Field(f"{prefix}point", "geo_point"),
    )
    lists = tuple(Field(f"{field.name}s", field.type, many=True, normalize=field.normalize) for field in scalars)
    return (*scalars, *lists)


LINES = Field(
    "lines",
    "object",
    many=True,
    fields=(Field("code", "keyword"), Field("price", "number"), Field("notes", "text", many=True)),
)
CATALOGUE = Catalogue(
    "customer",
    KEY,
    (
        *_all_types(),
        Field(
            "home", "object", fields=(*_all_types("home_"), Field("visits", "object", many=True, fields=_all_types()))
        ),
        Field("orders", "object", many=True, fields=(*_all_types(), LINES)),
        Field("secret", "keyword", encrypted="none"),
        Field("secrets", "keyword", many=True, encrypted="none"),
        Field("email", "keyword", normalize="lowercase", personal=True, encrypted="equality"),
        Field("emails", "keyword", many=True, encrypted="equality"),
        Field("account", "integer", encrypted="equality"),
        Field("card", "object", many=True, fields=(Field("number", "keyword", encrypted="equality"),)),
        Field("tier", "keyword", values=("bronze", "silver", "gold")),
    ),
    (EventType("purchase", _all_types()), EventType("visit", (Field("page", "keyword"),))),
)

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo")
NOWS = tuple(
    parse_instant(text)
    for text in (
        "2026-03-29T00:30:00.000Z",  # Berlin springs forward half an hour later
        "2026-10-25T00:30:00.123Z",  # and here falls back
        "2025-02-28T11:00:00.000Z",  # 29 February counts today
        "2024-02-28T23:59:59.999Z",
        "2018-11-04T03:15:00.000Z",  # Sao Paulo has no midnight
        "2025-12-31T23:59:00.001Z",
    )
)

KEYWORDS = (
    "US", "CA", "us", "", " ", "a", "A", "b", "ab", "aa", "a b", "a\nb", "\t", "é", "e\u0301", "É", "ﬁ", "fi",
    "İ", "i", "ı", "Σ", "σ", "ς", "Straße", "STRASSE", "日本語", "😀", "👩\u200d👩\u200d👧", "🇺🇸", "a.b", "a.*b",
    "a*b", "a?b", "*", "?", "\\", "\\*", "a\\b", "%", "_", "a%b", "a_b", "[ab]", "(a|b)", "a{2}", "^a$", "a+",
    "~a", "a&b", "<1-2>", "@", "#", '"a"', "o'brien", "null", "true", "1", "$now", "\u2028", "\u200b", "\ufeff",
    "\U00010400", "\U0010fffd", "x" * 300, "😀" * 64, "🩷", "a🩷", "\u0378", "\u1c89", "\u1c8a",
    "\U000e0fff", "\U000dfffd", "\u0264", "\ua7cb", "\U000105d2\u0307", "\U000105c9", "é\u0897", "e\u0897\u0301",
)  # fmt: skip
WORDS = (
    "jazz", "Jazz", "blues", "free", "don't", "can’t", "U.S.A.", "3.14", "1,000", "foo_bar", "e\u0301te", "été",
    "ÉTÉ", "½", "①", "😀", "❤", "©", "ไทย", "ไทยแลนด์", "日本語", "カタカナ", "한국어", 'קו"ח', "x" * 256, "a-b", "a.b",
    "_", "...", "İ", "ΟΔΟΣ", "🇺🇸🇨🇦", "the", "or", "🩷", "\u0378", "ja\u1c89zz", "jazz\u0897",
    "🩷\u200d🩵", "\U000323b0漢", "\ua7cb",
)  # fmt: skip
INTEGERS = (
    0, 1, -1, 2, 5, 1000, 2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63 - 2,
    -(2**63), -(2**63) + 1,
)  # fmt: skip
NUMBERS = (
    0.0, -0.0, 0.1, 0.2, 0.1 + 0.2, 0.3, 1.0, -1.0, 1.5, 1000.0, 1000.0000000000001, 2.0**53, 2.0**53 + 2,
    1e300, -1e300, 1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -5e-324, 2.2250738585072014e-308,
)  # fmt: skip
DAYS = (
    "2024-02-29", "1990-02-28", "1990-03-01", "2000-02-29", "1980-10-25", "1980-12-31", "1980-01-01",
    "0001-01-01", "9999-12-31", "1999-03-29", "1985-11-04", "1985-11-10", "2026-03-28", "1970-01-01",
)  # fmt: skip
POINTS = (
    (52.52, 13.405), (52.5200001, 13.405), (52.53, 13.42), (48.8566, 2.3522), (0.0, 0.0), (0.0, 180.0),
    (0.0, -180.0), (90.0, 0.0), (-90.0, 0.0), (89.99, 179.99), (-33.8688, 151.2093), (10.0, -179.9),
    (10.0, 179.9), (-0.0, -0.0),
)  # fmt: skip
PATTERNS = (
    "a", ".", ".*", "a.b", "a\\.b", "[ab]+", "(a|b)*", "a{2}", "[a-z]{1,3}", "a?b", "[^a]", "[^a]*", "US|CA",
    "(US|us)?", ".*é.*", "日.*", "😀+", "[😀-😂]*", "\\*", "\\\\", "\\[ab\\]", "[\\]\\-a]+", "a\\{2\\}", "~a", "#",
    "@", "a&b", "<1-2>", '"a"', "x{0,300}", "x{300}", "[A-Z][A-Z]", "(a|ab)(c|bcd)?", "[%_]", "\\^a\\$",
    "(((a)))", "[ -~]*", "[à-ï]", ".*🩷", "[Ͱ-Ϳ]", "[🩰-🪀]*",
)  # fmt: skip
DISTANCES = ("1m", "10m", "2.5km", "500km", "3000mi", "20015.1km", "20100km")
DURATIONS = (1_000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000, 30 * 86_400_000, 365 * 86_400_000)


def instant(random: Random) -> str:
    """An instant near one of the nows, on a local day's edge, at a whole duration's distance, or at the end of time."""
    kind = random.random()
    if kind < 0.06:
        return random.choice((FIRST_INSTANT, LAST_INSTANT, "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z"))
    now = random.choice(NOWS)
    if kind < 0.4:
        return format_instant(now + random.choice((0, 1, -1)) + random.choice((-1, 1)) * random.choice((0, *DURATIONS)))
    if kind < 0.7:
        day = now - now % 86_400_000 + random.randint(-40, 3) * 86_400_000
        return format_instant(day + random.choice((-1, 0, 1)) + random.randint(-14, 14) * 3_600_000)
    return format_instant(now + random.randint(-400 * 86_400_000, 40 * 86_400_000))


def text(random: Random) -> str:
    """Words with all sorts of blanks and signs between."""
    if random.random() < 0.08:
        return random.choice(("", " ", "...", "½", "--"))
    gaps = (" ", " ", " ", "  ", ", ", "-", "\n", ".")
    return "".join(random.choice(WORDS) + random.choice(gaps) for _ in range(random.randint(1, 6)))


def point(random: Random) -> dict[str, float]:
    """A point of the pool or one near it."""
    lat, lon = random.choice(POINTS)
    if random.random() < 0.5:
        lat, lon = lat + random.uniform(-0.5, 0.5), lon + random.uniform(-0.5, 0.5)
    return {"lat": max(-90.0, min(90.0, lat)), "lon": max(-180.0, min(180.0, lon))}


def number(random: Random) -> float:
    """A double of the pool, or any."""
    return random.choice(NUMBERS) if random.random() < 0.8 else random.uniform(-2000, 2000)


def integer(random: Random) -> int:
    """A 64-bit number of the pool, or a small one."""
    return random.choice(INTEGERS) if random.random() < 0.8 else random.randint(-20, 20)


VALUES: dict[str, Any] = {
    "keyword": lambda random: random.choice(KEYWORDS),
    "text": text,
    "number": number,
    "integer": integer,
    "boolean": lambda random: random.random() < 0.5,
    "date": instant,
    "day": lambda random: random.choice(DAYS),
    "geo_point": point,
}
