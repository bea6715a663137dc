"""The operators as authors write them, with the sentence that editors show."""

from __future__ import annotations

OPERATORS: dict[str, str] = {
    "equals": "The value itself.",
    "not_equals": "Anything else, a missing value included.",
    "greater_than": "Larger or later.",
    "greater_or_equal": "Larger, later or the same.",
    "less_than": "Smaller or earlier.",
    "less_or_equal": "Smaller, earlier or the same.",
    "between": "From the first up to but not including the second; `inclusive: both` includes it.",
    "in": "One of the values.",
    "not_in": "None of the values; holds for a missing value.",
    "contains": "Text: a word of the value is there. List: an element equals the value.",
    "contains_all": "Every word of the value, or every value of the list, is there.",
    "contains_phrase": "The words of the value, one after the other.",
    "starts_with": "Begins with the value.",
    "ends_with": "Ends with the value.",
    "substring": "Has the value anywhere.",
    "like": "The whole value, with `*` for any characters and `?` for one.",
    "matches": "The whole value, by a regular expression.",
    "exists": "Has a value.",
    "missing": "Has no value.",
    "within_last": "At most that long ago, to the instant.",
    "older_than": "Longer ago than that.",
    "within_next": "In at most that long.",
    "within_last_days": "Since the start of the local day that many days ago.",
    "within_last_weeks": "Since the start of the local day that many weeks ago.",
    "within_last_months": "Since the start of the local day that many months ago.",
    "anniversary_within": "Its month and day come up within that many days.",
    "within_distance": "At most that far from a point.",
}
"""Every operator's name and what it means in a sentence."""
