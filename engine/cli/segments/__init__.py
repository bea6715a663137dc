"""Commands on membership."""
