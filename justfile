# Recipes. On a machine without `just`: ./justw RECIPE.

set shell := ["bash", "-euo", "pipefail", "-c"]

jem := "target/debug/jem"

# What there is
default:
    @just --justfile {{justfile()}} --list --unsorted

# The λ question: MNIST, near and far OOD sets, attacks; 36 trials, one report
sweep-lambda: (experiment "sweep-lambda" "mnist" "fashion-mnist")

# The same in little, on embedded digits: no network, under a minute
demo: (experiment "demo")

# The seed chapter's first exercise
mnist-jem: (experiment "mnist-jem" "mnist" "fashion-mnist")

# Fetch what an experiment reads, run what is missing of it, draw its report
experiment name *sets: build
    @{{ if sets == "" { "true" } else { jem + " data fetch " + sets } }}
    {{jem}} run experiments/{{name}}.toml
    {{jem}} table experiments/{{name}}.toml
    {{jem}} report experiments/{{name}}.toml

# Every test, unit by unit and through the real binaries
test: build
    cargo test --workspace

# libtorch into the user's cache, .libtorch a link to it; nothing where it is
setup:
    @python3 scripts/setup_libtorch.py

# The demo's tables and arrays, read by the oldest tools in use and by today's
readers:
    {{jem}} table experiments/demo.toml --out target/readers/demo --examples > target/readers.log
    for version in old new; do \
        python3 -m venv target/readers/$version; \
        target/readers/$version/bin/pip install --quiet --requirement tests/reference/readers-$version.txt; \
        target/readers/$version/bin/python tests/reference/read_tables.py target/readers/demo "${JEM_RESULTS:-results}"; \
    done

# What PyTorch and others say, again: every fixture by pinned versions (tests/reference)
reference:
    python3 -m venv target/reference
    target/reference/bin/pip install --quiet --requirement tests/reference/requirements.txt
    target/reference/bin/pip install --quiet --no-deps --requirement tests/reference/requirements-alone.txt
    for script in tests/fixtures/*/generate*.py crates/*/tests/fixtures/*/generate*.py; do \
        echo "$script"; target/reference/bin/python "$script"; done

# Both binaries: target/debug/jem and target/debug/jem-worker
build: setup
    cargo build

# Fuzz one reader for some seconds; fuzz/README.md lists the targets
fuzz target seconds="300":
    @command -v cargo-fuzz > /dev/null || cargo install --locked cargo-fuzz
    @mkdir -p fuzz/corpus/{{target}} fuzz/seeds/{{target}}
    cd fuzz && cargo fuzz run --sanitizer none {{target}} corpus/{{target}} seeds/{{target}} -- \
        {{ if path_exists("fuzz/dictionaries" / target + ".dict") == "true" { "-dict=dictionaries" / target + ".dict" } else { "" } }} \
        -max_total_time={{seconds}} -timeout=10 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1

# Formatting and lints, as CI has them
lint: setup
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- --deny warnings

# Planning time at 1,000 and 100,000 trials, process start included
plan-timing: build
    @python3 scripts/plan_timing.py {{jem}}

# One trial: steps per second, peak memory, share of matrix products
step-profile: build
    cargo run --package jem-worker --example step_profile

# Run an experiment and draw its committed report again
showcase name="sweep-lambda" sets="mnist fashion-mnist": (experiment name sets)
    python3 scripts/make_showcase.py {{jem}} {{name}}

# Kills and other faults at random instants; play a failure again with its seed
soak instants="350" resumes="20" seed=`date +%s`: build
    JEM_SOAK_INSTANTS={{instants}} JEM_SOAK_RESUMES={{resumes}} JEM_SOAK_SEED={{seed}} cargo test --test soak -- --nocapture --test-threads 1
