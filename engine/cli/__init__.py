"""The command line: one file per command, none of them with logic of its own."""
