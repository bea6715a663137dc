"""Arithmetic: doubles and 64-bit integers, and missing (None) wherever a result is neither."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...operators.aggregates import exact_sum

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1


def _finite(number: float) -> float | None:
    return number + 0.0 if math.isfinite(number) else None  # -0.0 becomes 0.0


def _whole(number: int) -> int | None:
    return number if INTEGER_MIN <= number <= INTEGER_MAX else None


def add_floats(left: float | None, right: float | None) -> float | None:
    """The sum; missing beyond the range of doubles."""
    return None if left is None or right is None else _finite(left + right)


def subtract_floats(left: float | None, right: float | None) -> float | None:
    """The difference; missing beyond the range of doubles."""
    return None if left is None or right is None else _finite(left - right)


def multiply_floats(left: float | None, right: float | None) -> float | None:
    """The product; missing beyond the range of doubles."""
    return None if left is None or right is None else _finite(left * right)


def divide(left: float | None, right: float | None) -> float | None:
    """The quotient of two numbers as the nearest double, of integers too; missing for a divisor of zero."""
    if left is None or right is None or right == 0:
        return None
    try:
        return _finite(left / right)
    except OverflowError:
        return None


def floor_divide_floats(left: float | None, right: float | None) -> float | None:
    """The quotient without its fraction, cut towards zero, so that it goes with `remainder_floats`."""
    if left is None or right is None or right == 0:
        return None
    quotient = (left - math.fmod(left, right)) / right
    return _finite(float(round(quotient))) if math.isfinite(quotient) else None


def remainder_floats(left: float | None, right: float | None) -> float | None:
    """The exact remainder, with the sign of the left side."""
    return None if left is None or right is None or right == 0 else _finite(math.fmod(left, right))


def power_floats(left: float | None, right: float | None) -> float | None:
    """The power in doubles; missing if it is not a real number, is out of range, or is zero to the power of zero."""
    if left is None or right is None or left == right == 0:
        return None
    try:
        return _finite(math.pow(left, right))
    except (OverflowError, ValueError):
        return None


def add_integers(left: int | None, right: int | None) -> int | None:
    """The sum; missing beyond 64 bits."""
    return None if left is None or right is None else _whole(left + right)


def subtract_integers(left: int | None, right: int | None) -> int | None:
    """The difference; missing beyond 64 bits."""
    return None if left is None or right is None else _whole(left - right)


def multiply_integers(left: int | None, right: int | None) -> int | None:
    """The product; missing beyond 64 bits."""
    return None if left is None or right is None else _whole(left * right)


def floor_divide_integers(left: int | None, right: int | None) -> int | None:
    """The quotient cut towards zero; missing for a divisor of zero."""
    if left is None or right is None or right == 0:
        return None
    quotient = abs(left) // abs(right)
    return _whole(quotient if (left < 0) == (right < 0) else -quotient)


def remainder_integers(left: int | None, right: int | None) -> int | None:
    """The remainder with the sign of the left side; missing for a divisor of zero."""
    if left is None or right is None or right == 0:
        return None
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def power_integers(left: int | None, right: int | None) -> int | None:
    """The power; missing beyond 64 bits, for a negative exponent, and for zero to the power of zero."""
    if left is None or right is None or right < 0 or left == right == 0:
        return None
    if right > 63 and abs(left) > 1:
        return None
    return _whole(left**right)


def negate_number(number: float | None) -> float | None:
    """The negative of an integer or double; missing beyond 64 bits."""
    if number is None:
        return None
    return _whole(-number) if isinstance(number, int) else -number + 0.0


def absolute(number: float | None) -> float | None:
    """The distance from zero; missing beyond 64 bits."""
    return negate_number(number) if number is not None and number < 0 else number


def to_float(number: int | None) -> float | None:
    """The nearest double."""
    return None if number is None else float(number)


def floor_of(number: float | None) -> int | None:
    """The greatest integer that is not above; missing beyond 64 bits."""
    return None if number is None else _whole(math.floor(number))


def ceiling_of(number: float | None) -> int | None:
    """The least integer that is not below; missing beyond 64 bits."""
    return None if number is None else _whole(math.ceil(number))


def least(numbers: Sequence[float] | None) -> float | None:
    """The least element; missing without any."""
    return min(numbers) if numbers else None


def greatest(numbers: Sequence[float] | None) -> float | None:
    """The greatest element; missing without any."""
    return max(numbers) if numbers else None


def sum_floats(numbers: Sequence[float] | None) -> float | None:
    """The sum, rounded once, so that no order changes it; missing beyond the range of doubles."""
    return exact_sum(numbers) if numbers else None


def sum_integers(numbers: Sequence[int] | None) -> int | None:
    """The exact sum; missing beyond 64 bits."""
    return _whole(sum(numbers)) if numbers else None
