# What CI runs, and what a developer runs. `make test` and `make test-foreign` install what they lack.

.PHONY: ci lint test test-foreign doc generate bench bench-gateway acceptance bench-redis bench-reload fuzz

# Everything that must hold before a change is kept.
ci: lint test test-foreign doc

lint:
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

# All tiers. The sample's solutions are built and run, so a C compiler and Python are needed.
test:
	tests/support/need gcc:gcc g++:g++ git:git cc:libc6-dev python3:python3 awk:mawk mkfifo:coreutils script:bsdutils \
		redis-server:redis-server redis-cli:redis-tools openssl:openssl
	cargo test --locked

# Clients in other languages and a browser, against the real binary.
test-foreign:
	tests/support/need python3:python3 node:nodejs npm:npm chromium:chromium
	python3 -c 'import ensurepip' 2>/dev/null || tests/support/need ensurepip:python3-venv
	cargo build --locked
	tests/foreign/run

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# Completions and manual pages, from the definitions of the command line.
generate:
	cargo build --locked
	mkdir -p completions man
	cargo run --quiet --locked -- completions bash > completions/mithril.bash
	cargo run --quiet --locked -- completions zsh > completions/_mithril
	cargo run --quiet --locked -- completions fish > completions/mithril.fish
	rm -f man/*.1
	cargo run --quiet --locked -- man --out man

bench:
	cargo bench --locked --bench content

# The gateway under load, beside a bare loop of writes.
bench-gateway:
	cargo bench --locked --bench gateway

# What is promised of three replicas whose Redis, processes and connections fail, in full size; prints
# what was sent, received, lost and doubled.
acceptance:
	tests/support/need redis-server:redis-server redis-cli:redis-tools
	MITHRIL_ACCEPTANCE=full cargo test --locked --release --test redis acceptance -- --nocapture --test-threads 1

# Redis as the broker, the history and the cache, against a real redis-server.
bench-redis:
	tests/support/need redis-server:redis-server redis-cli:redis-tools
	cargo bench --locked --bench redis

# One edit among ten thousand exercises, and memory over a thousand reloads: some minutes.
bench-reload:
	cargo bench --locked --bench reload

# Needs cargo-fuzz and a nightly compiler.
fuzz:
	cargo +nightly fuzz run judge -- -max_total_time=60
	cargo +nightly fuzz run frames -- -max_total_time=60
