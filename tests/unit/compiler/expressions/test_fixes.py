"""A fix repairs what its finding is about."""

from __future__ import annotations

import pytest

from tests.expression_world import findings_of

BROKEN = [
    "profile.country = 'US'",
    "profile.country === 'US'",
    "profile.loyalty_points => 3",
    "profile.loyalty_points <> 3",
    "profile.email_opt_in && true",
    "profile.email_opt_in||true",
    "!profile.email_opt_in",
    "profile.email_opt_in AND true",
    "profile.country is null",
    "profile.contry == 'US'",
    "proflie.country == 'US'",
    "country == 'US'",
    "profile.email_opt_in == True",
    "profile.country == None",
    "now == profile.last_order_at",
    "$now == profile.last_order_at",
    "in_segmnet('lost')",
    "in_segment('lots')",
    "sum(profile.sizes) > 3",
    "profile.country.lenght > 3",
]


@pytest.mark.parametrize("text", BROKEN)
def test_text_with_its_fixes_is_an_expression(text: str) -> None:
    for _ in range(3):
        _, findings = findings_of(text)
        if not findings:
            return
        assert findings[0].fix is not None, findings[0].message
        (edit,) = findings[0].fix.edits
        text = text[: edit.span.column - 1] + edit.text + text[edit.span.end_column - 1 :]
    raise AssertionError(text)
