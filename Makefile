# make demo | test | test-long | check | interop | lab | bench | bench-arrays | wheel | wheel-from-source | install | clean. Python lives in .venv, Rust in target/; nothing else is needed than Rust and
# the Debian packages that .ci/missing-packages names.

PYTHON ?= python3
# what the drill of `make demo` works on: mock arrays, or sim: the same, served as FlashArrays by flasharray-sim
ARRAYS ?= mock
BIN := .venv/bin
# somebody else's environment must not leak into ours
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

# where FA2.37.spec.yaml and FA2.26.spec.yaml are (PureStorage-OpenConnect/swagger, definitions/oas3.x); none: no contract tests
FLASHARRAY_SPEC ?= $(wildcard ../shared/reference/spec)

RUST := Cargo.toml Cargo.lock $(shell find protector-core protector-py -name '*.rs' -o -name '*.sql' -o -name Cargo.toml)
# no directory of this machine in what is published; Cargo keeps what is compiled so beside what is not
PUBLISHED := RUSTFLAGS="$(strip $(RUSTFLAGS) --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(CURDIR)=/protector)"
BUILT_LIBRARY := $(or $(CARGO_TARGET_DIR),target)/release/libprotector.a
CLIENT := $(shell find python/protectorclient -name '*.py' -not -path '*/build/*') python/protectorclient/pyproject.toml

.PHONY: demo test test-long interop lab lab-packages check bench bench-arrays wheel wheel-from-source install clean system simulator

demo: export PATH := $(CURDIR)/$(BIN):$(PATH)
demo: export ARRAYS := $(ARRAYS)
demo: .venv/client $(if $(filter sim,$(ARRAYS)),simulator)
	examples/drill.sh

simulator: | system
	cargo build --release --locked -p flasharray-sim

test: .venv/client
	cargo test --workspace --locked
	cargo build --locked -p flasharray-sim
	$(BIN)/pytest

# the laws of every group, over many more walks than `make test` makes, and in every state within wider bounds; what explores is optimised
test-long: | system
	PROPTEST_CASES=400 cargo test -p protector-tests --locked --test invariants
	CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo test -p protector-tests --locked --test exploration -- --include-ignored --nocapture --test-threads 1

# with the features of `make test`, of which nothing is compiled again then; the binaries of the package come along
CLOUD_SUITE := cargo test --workspace --locked --test openstack_conformance

# what others made on simulated arrays: clients, and Keystone and Cinder
interop: export PROTECTOR_FLASHARRAY_SPEC := $(FLASHARRAY_SPEC)
interop: .venv/interop
	cargo build -p flasharray-sim --locked
	$(CLOUD_SUITE) --no-run
	$(BIN)/pytest tests/interop

# two complete OpenStack clouds on this machine, the story of an operator on them, and what planned failovers of so many
# servers cost; however it ends, the clouds go down, and what they know stays until `lab.py reset`
LAB := $(PYTHON) tests/lab/lab.py
LAB_SERVERS ?= 1 10
lab: lab-packages .venv/client .venv/interop
	cargo build --locked -p flasharray-sim
	cargo test --locked -p protector-tests --test openstack_conformance --no-run
	$(LAB) venv
	@trap '$(LAB) down' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; set -ex; \
	$(LAB) up; $(LAB) seed; $(BIN)/pytest tests/lab; $(BIN)/python tests/lab/measure.py --servers $(LAB_SERVERS)

# before what takes a quarter of an hour
lab-packages: | system
	$(LAB) install-check

check: .venv/client
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo check -p protector-core --no-default-features --locked
	cargo check -p protector-core --no-default-features --features engine,sqlite --locked
	cargo check -p protector-ffi --no-default-features --locked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	$(BIN)/ruff check python tests examples
	$(BIN)/ruff format --check python tests examples
	$(BIN)/mypy --strict python/protector python/protectorclient
	$(BIN)/mypy --strict examples/drivers
	$(BIN)/stubtest protector --mypy-config-file pyproject.toml --allowlist tests/python/stubtest-allowlist.txt
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "skipped: cargo-deny not installed"; fi

bench: .venv/client .venv/interop simulator $(BUILT_LIBRARY)
	cargo bench -p flasharray-sim --locked --bench requests
	cargo bench -p protector-tests --locked --bench '*'
	$(PUBLISHED) tests/bench/library_size.sh

# PureStorageDriver beside the clients of others, alone
bench-arrays: .venv/interop simulator
	cargo bench -p protector-tests --locked --bench arrays

# what is published, in dist/: looked at, then installed into empty environments, the wheels by themselves, what compiles apart
wheel wheel-from-source: export CARGO_TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
wheel: .venv/native
	rm -rf dist
	$(PUBLISHED) $(BIN)/maturin build --release --locked --quiet --interpreter $(BIN)/python --out dist
	$(BIN)/maturin sdist --out dist
	$(BIN)/python -m build --outdir dist python/protectorclient >/dev/null
	$(BIN)/python tests/packaging/distributions.py dist
	PYTHON=$(PYTHON) tests/packaging/install.sh dist wheels

wheel-from-source: wheel
	PYTHON=$(PYTHON) $(PUBLISHED) tests/packaging/install.sh dist sources

# the C library as distributions expect it; DESTDIR is put before every place. The shared library is linked anew out of the static
# one, because what rustc links has no room for versions of symbols
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
STATIC_LIBRARY ?= $(BUILT_LIBRARY)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
ABI := $(shell sed -n 's/^\#define PROTECTOR_ABI_VERSION //p' include/protector.h)
SYSTEM_LIBRARIES := $(shell sed -n 's/^Libs.private: //p' packaging/protector.pc.in)
SCHEMAS := $(wildcard include/schema/*.json)

$(BUILT_LIBRARY): $(RUST) $(shell find protector-ffi/src -name '*.rs') protector-ffi/Cargo.toml | system
	$(PUBLISHED) cargo build --release --locked -p protector-ffi

install: $(STATIC_LIBRARY)
	install -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(INCLUDEDIR) $(DATADIR)/man/man3)
	$(CC) -shared -o $(DESTDIR)$(LIBDIR)/libprotector.so.$(VERSION) -Wl,--whole-archive $(STATIC_LIBRARY) -Wl,--no-whole-archive \
		-Wl,--gc-sections -Wl,-z,nodelete,-z,relro,-z,now -Wl,-soname,libprotector.so.$(ABI) \
		-Wl,--version-script=packaging/libprotector.map $(LDFLAGS) $(SYSTEM_LIBRARIES)
	ln -sf libprotector.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libprotector.so.$(ABI)
	ln -sf libprotector.so.$(ABI) $(DESTDIR)$(LIBDIR)/libprotector.so
	install -m 644 $(STATIC_LIBRARY) $(DESTDIR)$(LIBDIR)/libprotector.a
	install -m 644 include/protector.h $(DESTDIR)$(INCLUDEDIR)/protector.h
	install -m 644 packaging/libprotector.3 $(DESTDIR)$(DATADIR)/man/man3/libprotector.3
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		packaging/protector.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/protector.pc
	$(if $(SCHEMAS),install -d $(DESTDIR)$(DATADIR)/protector/schema && install -m 644 $(SCHEMAS) $(DESTDIR)$(DATADIR)/protector/schema)

clean:
	cargo clean
	if [ -d .lab ]; then $(LAB) down; fi
	rm -rf .lab .venv dist python/protector/*.so python/protectorclient/build python/protectorclient/*.egg-info examples/drivers/build examples/drivers/*.egg-info

system:
	@command -v cargo >/dev/null || { echo "missing: Rust; see https://rustup.rs" >&2; exit 1; }
	@missing="$$(.ci/missing-packages)"; [ -z "$$missing" ] || { echo "missing: apt-get install" $$missing >&2; exit 1; }

# the stages of the environment: tools, the package with its native module, the OSC plugin; beside them the clients of others
.venv/tools: requirements-dev.txt | system
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

.venv/interop: .venv/tools tests/interop/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement tests/interop/requirements.txt --requirement requirements-dev.txt
	touch $@

.venv/native: .venv/tools pyproject.toml $(RUST)
	PIP_QUIET=1 $(PUBLISHED) $(BIN)/maturin develop --release --quiet
	touch $@

.venv/client: .venv/native $(CLIENT)
	$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./python/protectorclient
	touch $@
