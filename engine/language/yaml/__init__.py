"""Strict YAML with places: bytes in, plain values and spans out, every trap of the format a finding."""
