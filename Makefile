python = .venv/bin/python

.PHONY: run migrate test check format freeze snapshot lock

run: ## serve on PORT (8000): DATABASE_URL, or an embedded PostgreSQL with demo data
	@local/install local
	@$(python) -m local.run

migrate: ## bring DATABASE_URL, without it the embedded database, to the newest schema
	@local/install local
	@$(python) -m local.migrate
