"""Generated expressions and profiles: every text is well typed for the world of `expression_world`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = ("", "US", "us", "Berlin", "é", "ſ", "ẞ", "a'b", "x\\y", "日本", "😀", "A1", "Z")
INTEGERS = (0, 1, -1, 2, 7, 10, -12, 2**53 + 1, 2**62, 2**63 - 1, -(2**63))
FLOATS = (0.0, 1.0, -1.5, 0.25, 1e16, 3.75, -1e300, 1e-300, 9007199254740992.0, 0.1)
SMALL = (0, 1, -1, 2, 3, 7, -12, 40)
QUARTERS = (0.0, 1.0, -1.5, 0.25, 3.75, 12.5)
INSTANTS = (
    "1998-07-01T00:00:00.000Z",
    "2026-02-28T23:59:59.999Z",
    "2026-03-01T09:30:00.000Z",
    "2024-02-29T12:00:00.500Z",
)
SPANS = ("P1D", "PT1H30M", "P30D", "PT0.25S", "P2W")


def quoted(text: str) -> str:
    """The text as a constant."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Texts:
    """Strategies by type. `exact` keeps to what decimals and doubles compute alike and to what both languages have."""

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        integers, floats = (SMALL, QUARTERS) if exact else (INTEGERS, FLOATS)
        self._integers = [str(value) for value in integers if value >= 0] + ["profile.loyalty_points", "profile.visits"]
        self._floats = [repr(value) for value in floats if value >= 0] + ["profile.lifetime_value", "profile.discount"]
        self._texts = [*map(quoted, TEXTS), "profile.country", "profile.bio", "context.channel"]
        if not exact:
            self._texts += ["profile.city", "profile.home.lat == 1 ? 'a' : profile.country", "profile.country[0:2]"]
        self._instants = [f'd"{value}"' for value in INSTANTS] + ["profile.last_order_at", "now()"]
        self._spans = [f't"{value}"' for value in SPANS] + ["now() - profile.first_order_at"]

    def integer(self, depth: int) -> st.SearchStrategy[str]:
        """An integer."""
        leaf = st.sampled_from(self._integers)
        if depth == 0:
            return leaf
        deeper = self.integer(depth - 1)
        options = [
            leaf,
            _binary(deeper, ["+", "-", "*"], deeper),
            deeper.map(lambda item: f"-({item})"),
            self.text(depth - 1).map(lambda item: f"({item}).length"),
            self._choice(depth, deeper),
            self.instant(depth - 1).map(lambda item: f"({item}).month"),
        ]
        if not self.exact:
            options += [
                _binary(deeper, ["//", "%"], deeper),
                st.tuples(deeper, st.integers(0, 4)).map(lambda pair: f"({pair[0]}) ** {pair[1]}"),
                st.sampled_from(
                    ["profile.sizes[0]", "profile.sizes[-1]", "$sum(profile.sizes)", "profile.tags.length"]
                ),
                _binary(deeper, ["??"], deeper),
            ]
        return st.one_of(options)

    def real(self, depth: int) -> st.SearchStrategy[str]:
        """A double."""
        leaf = st.sampled_from(self._floats)
        if depth == 0:
            return leaf
        deeper = self.real(depth - 1)
        options = [
            leaf,
            _binary(deeper, ["+", "-", "*"], deeper),
            _binary(deeper, ["+", "-", "*"], self.integer(depth - 1)),
            st.lists(deeper, min_size=1, max_size=3).map(lambda items: f"$max([{', '.join(items)}])"),
            self._choice(depth, deeper),
        ]
        if not self.exact:
            options += [
                _binary(deeper, ["/", "//", "%", "**", "??"], deeper),
                st.just("$sum([o.amount for o in profile.orders if o.sku != 'a'])"),
            ]
        return st.one_of(options)

    def text(self, depth: int) -> st.SearchStrategy[str]:
        """A text."""
        leaf = st.sampled_from(self._texts).map(lambda item: f"({item})")
        if depth == 0:
            return leaf
        deeper = self.text(depth - 1)
        options = [leaf, _binary(deeper, ["+"], deeper), self._choice(depth, deeper)]
        if not self.exact:
            options += [deeper.map(lambda item: f"{item}.as_lower"), _binary(deeper, ["??"], deeper)]
        return st.one_of(options)

    def instant(self, depth: int) -> st.SearchStrategy[str]:
        """A datetime."""
        leaf = st.sampled_from(self._instants)
        if depth == 0:
            return leaf
        return st.one_of(leaf, _binary(self.instant(depth - 1), ["+", "-"], self.span(depth - 1)))

    def span(self, depth: int) -> st.SearchStrategy[str]:
        """A timedelta."""
        leaf = st.sampled_from(self._spans).map(lambda item: f"({item})")
        if depth == 0:
            return leaf
        instants = self.instant(depth - 1)
        return st.one_of(leaf, _binary(instants, ["-"], instants), self.span(depth - 1).map(lambda item: f"-{item}"))

    def condition(self, depth: int) -> st.SearchStrategy[str]:
        """True or false."""
        below = max(0, depth - 1)
        orders = ["==", "!=", "<", "<=", ">", ">="]
        options = [st.sampled_from(["profile.email_opt_in", "true", "false", "in_segment('lost')"])]
        ordered = (self.integer(below), self.real(below), self.text(below), self.instant(below), self.span(below))
        options += [_binary(values, orders, values) for values in ordered]
        options += [
            _binary(self.integer(below), orders, self.real(below)),
            st.tuples(self.text(below), st.lists(self.text(0), min_size=1, max_size=6)).map(
                lambda pair: f"({pair[0]} in [{', '.join(pair[1])}])"
            ),
            self.text(0).map(lambda item: f"({item} in profile.tags)"),
            _binary(self.text(0), ["in", "not in"], self.text(below)),
            st.tuples(self.text(below), self.text(0)).map(lambda pair: f"{pair[0]}.starts_with({pair[1]})"),
        ]
        if not self.exact:
            options += [
                self.text(below).map(lambda item: f"({item} =~ '[A-Z]+.*')"),
                self.text(below).map(lambda item: f"({item} !~ 'U(S|A)')"),
                self.integer(below).map(lambda item: f"(({item}) == null)"),
                st.just("$any([o.amount > 2 for o in profile.orders])"),
                st.just("profile.tags == ['US', 'é']"),
            ]
        if depth > 0:
            deeper = self.condition(depth - 1)
            options += [_binary(deeper, ["and", "or"], deeper)] * 3 + [deeper.map(lambda item: f"(not {item})")]
        return st.one_of(options)

    def any_type(self, depth: int) -> st.SearchStrategy[str]:
        """Any of them."""
        return st.one_of(
            self.condition(depth),
            self.condition(depth),
            self.integer(depth),
            self.real(depth),
            self.text(depth),
            self.instant(depth),
            self.span(depth),
        )

    def _choice(self, depth: int, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(self.condition(depth - 1), values, values).map(
            lambda parts: f"(({parts[0]}) ? ({parts[1]}) : ({parts[2]}))"
        )


def _binary(
    left: st.SearchStrategy[str], operators: list[str], right: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.tuples(left, st.sampled_from(operators), right).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})")


def profiles(*, exact: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Profiles; with `exact` no field is missing and numbers are small."""
    texts = st.sampled_from(TEXTS)
    integers = st.sampled_from(SMALL if exact else INTEGERS)
    floats = st.sampled_from(QUARTERS if exact else FLOATS)
    orders = st.fixed_dictionaries({}, optional={"sku": st.sampled_from("ab"), "amount": floats}).filter(bool)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "country": texts,
        "bio": texts,
        "city": texts.map(str.lower),
        "tags": st.lists(texts, min_size=1, max_size=3),
        "sizes": st.lists(integers, min_size=1, max_size=3),
        "lifetime_value": floats,
        "discount": floats,
        "loyalty_points": integers,
        "visits": integers,
        "email_opt_in": st.booleans(),
        "last_order_at": st.sampled_from(INSTANTS),
        "first_order_at": st.sampled_from(INSTANTS),
        "home": st.fixed_dictionaries({"lat": floats, "lon": floats}),
        "orders": st.lists(orders, min_size=1, max_size=3),
    }
    return st.fixed_dictionaries(fields) if exact else st.fixed_dictionaries({}, optional=fields)
