# The recipes that people and CI run. `just` lists them.

_default:
    @just --list --unsorted

# Install what building and testing need
install:
    tests/install
    cargo fetch --locked

# Serve, with data to look at on an empty database
run *ARGS="--demo":
    cargo run --release -- serve {{ ARGS }}

# Serve a debug build, with every log line
dev *ARGS="--demo":
    LOG_LEVEL="${LOG_LEVEL:-debug,hyper=info}" cargo run -- serve {{ ARGS }}

# Install what the tests need where it is missing, then run every test
test:
    tests/run

# Formatting, lints, documentation and the arrows between crates
lint:
    tests/lint

# Hold the dependencies to deny.toml: just deny advisories asks the network too
deny *CHECKS="licenses bans sources":
    cargo deny --locked check {{ CHECKS }}

# Install what `deny` runs
install-deny:
    cargo install --locked cargo-deny@0.20.2

# Measure the domain, the importer, and the HTTP side against a bare handler
bench:
    cargo bench --package benchmark-domain
    cargo bench --package benchmark-result-formats
    tests/install wrk
    cargo bench --package benchmark-api --bench http

# Build the image of the service
docker-build VERSION="dev":
    docker build --file docker/Dockerfile --tag {{ quote("benchmark-api:" + VERSION) }} \
        --build-arg {{ quote("VERSION=" + VERSION) }} --build-arg REVISION="$(git rev-parse HEAD)" .

# Start the service with all that belongs to it, on this machine
docker-up:
    docker/make-env
    docker compose --file docker/compose.yml up --build --detach --wait

# Stop it; what it holds stays
docker-down:
    docker compose --file docker/compose.yml down

# Bring the database's schema up to date; --status and --revert tell and undo
migrate *ARGS:
    cargo run --release -- migrate {{ ARGS }}

# Make an empty migration for each engine: just migrations add_regions
migrations NAME:
    #!/usr/bin/env bash
    set -euo pipefail
    version=$(date -u +%Y%m%d%H%M%S)
    for engine in postgres sqlite; do
        folder="migrations/$engine/${version}_{{ NAME }}"
        mkdir -p "$folder"
        touch "$folder/up.sql" "$folder/down.sql"
        echo "$folder"
    done

# Write the OpenAPI snapshot that the tests hold the API against
openapi:
    cargo run --quiet -- openapi > tests/openapi.json

# Write what is made of the chart and for it: its README, its rules, deploy/k8s
charts:
    tests/chart/install
    tests/.venv-chart/bin/python -B deploy/generate.py

# Check the chart and what is made of it
test-chart *ARGS:
    tests/chart/run {{ ARGS }}

# Apply the plain manifests to the cluster that kubectl speaks to
k8-apply FOLDER="deploy/k8s":
    kubectl apply --kustomize {{ FOLDER }}

# Build the documentation of every crate and open it
docs:
    cargo doc --workspace --no-deps --open
