"""A catalogue with encrypted fields of every type and place."""

from __future__ import annotations

from engine.ir.types import Aggregate, Catalogue, EventType, Field

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("address", "object", fields=(Field("city", "keyword"), Field("street", "text", encrypted="none"))),
        Field("birthday", "day", encrypted="none"),
        Field(
            "cards",
            "object",
            many=True,
            fields=(Field("kind", "keyword"), Field("number", "keyword", encrypted="equality")),
        ),
        Field("country", "keyword"),
        Field("email", "keyword", encrypted="equality", normalize="lowercase"),
        Field("first_page", "keyword", encrypted="none", source=Aggregate("visit", "first", "page")),
        Field("home", "geo_point", encrypted="none"),
        Field("last_at", "date", encrypted="none"),
        Field("phones", "keyword", many=True, encrypted="equality"),
        Field("score", "number", encrypted="equality"),
        Field("visits", "integer", encrypted="none", source=Aggregate("visit", "count")),
        Field("vip", "boolean", encrypted="none"),
    ),
    (
        EventType(
            "signup",
            (Field("country", "keyword"), Field("mail", "keyword")),
            (("country", "country"), ("email", "mail"), ("last_at", "time")),
        ),
        EventType("visit", (Field("page", "keyword"), Field("seconds", "integer"))),
    ),
)

PLAIN = Catalogue("customer", "customer_id", (Field("email", "keyword"),))

PROFILE = {
    "customer_id": "c-1",
    "address": {"city": "Berlin", "street": "Musterstraße 5"},
    "birthday": "1990-02-28",
    "cards": [{"kind": "visa", "number": "4111-SECRET"}, {"kind": "master"}],
    "country": "DE",
    "email": "ada@secret.example",
    "home": {"lat": 52.512345, "lon": 13.454321},
    "phones": ["+49-30-SECRET", "+49-40-SECRET"],
    "score": 0.1,
    "visits": 2**62 + 1,
    "vip": False,
}
# What may be found nowhere when the profile above was sealed.
SECRETS = ["Musterstra", "1990-02-28", "SECRET", "ada@", "secret.example", "52.512345", "13.454321", str(2**62 + 1)]
