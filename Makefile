export message
python = .venv/bin/python
sql = db/functions db/views deploy/split tests/sql

.PHONY: help run psql migrate adopt leave detach attach digests adopt-demo erase check-ahead compare test test-sql test-py test-adopted test-pooler fuzz soak soak-months bench growth endurance load dashboard rollout bench-function bench-rescore package deploy check lint lint-template format freeze release snapshot lock

help: ## list the commands
	@grep -E '^[a-z -]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 15

run: ## serve on PORT (8000): DATABASE_URL, or an embedded PostgreSQL with demo data
	@local/install local
	@$(python) -m local.run

psql: ## psql on DATABASE_URL, without it on the embedded database, while make run serves it or not
	@local/install local
	@$(python) -m local.psql

migrate: ## bring DATABASE_URL, without it the embedded database, to the newest schema
	@local/install local
	@$(python) -m local.migrate

adopt: ## move in on the existing service's DATABASE_URL; ARGS=--plan says how, ARGS="--check change.sql" whether a change fits
	@local/install local
	@$(python) -m db.adopt $(ARGS)

leave: ## take everything of ours out of an adopted DATABASE_URL
	@local/install local
	@$(python) -m db.leave

detach attach: ## take the views off the tables of an adopted DATABASE_URL for a change of theirs, and put them back
	@local/install local
	@$(python) -m db.attachment $@

digests: ## keep the digests of credentials on an adopted DATABASE_URL, which saves requests time; ARGS=--drop forgets them
	@local/install local
	@$(python) -m db.digests $(ARGS)

adopt-demo: ## see it on a small database: adopt, answer, leave
	@local/install local
	@$(python) -m local.adopt_demo

erase: ## remove the wallet ADDRESS from everything that is ours in DATABASE_URL
	@local/install local
	@$(python) -m db.erase $(ADDRESS)

check-ahead: ## check documents of DATABASE_URL before requests ask for them; ARGS="--help" for how fast and with how much
	@local/install local
	@$(python) -m api.check_ahead $(ARGS)

compare: ## whether two services answer alike, or a service and ours as a dry run; ARGS="--help" for how, without it a demo
	@local/install local
	@$(python) -m compare$(if $(ARGS),,.demo) $(ARGS)

test: ## all tests, in the parts that follow; JOBS (2) runs at the same time
	@local/install dev
	@$(python) -m tests

test-sql: ## those of SQL functions, on PostgreSQL 18 and 15 (16 where there is no 15)
	@local/install dev
	@$(python) -m tests sql

test-py: ## those in Python, on the same versions
	@local/install dev
	@$(python) -m tests py

test-adopted: ## those that meet tables, on the existing service's
	@local/install dev
	@$(python) -m tests adopted

test-pooler: ## those over HTTP, through PgBouncer
	@local/install dev
	@$(python) -m tests pooler

soak: ## MINUTES (3) of mixed load while sessions, workers and the server are killed; prints a table
	@local/install dev
	@$(python) -m tests.soak

soak-months: ## MINUTES (10) of mixed load while months end, and are made and archived; prints a table
	@local/install dev
	@$(python) -m tests.soak_months

fuzz: ## DOCUMENTS (200000) forged from signed ones by SEED (1), and what comes of them; prints a table
	@local/install dev
	@$(python) -m tests.fuzz

bench: ## requests a second, times, round trips, WAL, memory, cold start; ARGS="--help" for what else it does
	@local/install dev
	@$(python) -m bench $(ARGS)

growth: ## whether the cost stays flat up to a million passports with 20 million links; takes five minutes and 10 GB
	@local/install dev
	@$(python) -m bench.growth $(ARGS)

endurance: ## whether the service's memory stays flat over 100,000 requests; takes five minutes
	@local/install dev
	@$(python) -m bench.endurance $(ARGS)

load: ## requests at a rate that waits for no answer, judged by bench/load.json; ARGS="--help" for which service, how fast
	@local/install dev
	@$(python) -m bench.load $(ARGS)

dashboard: ## draw docs/dashboard.svg: the template's dashboard, of two minutes of mixed load
	@local/install dev
	@$(python) -m bench.dashboard $(ARGS)

rollout: ## move the traffic of WALLETS (10000) from one service to another with nginx, step by step and back; prints a table
	@local/install dev
	@$(python) -m bench.rollout $(if $(WALLETS),--wallets $(WALLETS)) $(ARGS)

bench-function: ## cold start and memory of the packaged function inside Lambda's runtime; takes two minutes
	@local/install dev
	@$(python) -m bench.function $(ARGS)

bench-rescore: ## score 500,000 wallets again beside clients that ask; takes half an hour and 20 GB; ARGS="--help" for less
	@local/install dev
	@$(python) -m bench.rescore $(ARGS)

package: ## the Lambda function's zips, in build/; ARGS="--arch arm64" for one of them
	@local/install dev
	@$(python) -m deploy.package $(ARGS)

deploy: .cache/template/installed ## build the function and deploy it to AWS; ARGS=--guided asks for everything the first time
	@local/install dev
	@$(python) -m deploy.package --arch arm64
	@$(python) -m deploy.versioned $(ARGS)
	SAM_CLI_TELEMETRY=0 .cache/template/bin/sam deploy --template deploy/versioned.yaml --capabilities CAPABILITY_IAM $(ARGS)

check: lint lint-template test ## format, lint, types and all tests

lint: ## format, lint and types alone
	@local/install dev
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/sqlfluff lint --disable-progress-bar $(sql)

.cache/template/installed: requirements/template.txt
	@local/install dev
	@.venv/bin/uv venv --quiet --clear --python .venv/bin/python .cache/template
	@.venv/bin/uv pip install --quiet --require-hashes --python .cache/template --requirements requirements/template.txt
	@touch $@

lint-template: .cache/template/installed ## deploy/template.yaml, by AWS's own checks, which go into .cache
	AWS_DEFAULT_REGION=us-west-2 .cache/template/bin/cfn-lint deploy/template.yaml
	AWS_DEFAULT_REGION=us-west-2 SAM_CLI_TELEMETRY=0 .cache/template/bin/sam validate --lint --template deploy/template.yaml

format: ## format Python and SQL, mend what lint can mend
	@local/install dev
	.venv/bin/ruff format
	.venv/bin/ruff check --fix
	.venv/bin/sqlfluff fix --disable-progress-bar $(sql)

freeze: ## write changed functions into the newest migration; once that is released: make freeze message="what changed"
	@local/install dev
	@$(python) -m db.freeze "$$message"

release: ## mark every migration as released: its files never change from then on
	@local/install dev
	@$(python) -m db.release

snapshot: ## write db/schema.sql anew, after a new migration
	@local/install dev
	$(python) -m local.snapshot

lock: ## resolve the newest versions that pyproject.toml allows into requirements/
	@local/install dev
	set -e; for name in service local dev; do \
		extra=$$([ $$name = service ] || echo "--extra $$name"); \
		.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header $$extra --output-file requirements/$$name.txt pyproject.toml; \
	done; \
	for name in lambda template; do \
		.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --group $$name --output-file requirements/$$name.txt; \
	done
