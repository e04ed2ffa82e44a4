"""The command scorer, for who administers the service: a group of commands a file."""
