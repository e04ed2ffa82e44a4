"""Running the service on one machine: installing, an embedded PostgreSQL, demo data."""
