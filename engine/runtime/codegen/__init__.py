"""Python functions made of checked IR when a bundle is loaded, never per request."""
