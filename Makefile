# What people type. The build itself is Meson's: meson.build.
prefix ?= /usr/local
BUILD = build

.DEFAULT_GOAL := help
.PHONY: help run build test sim formal prove faults crash scenarios lint fmt docs fuzz coverage bench examples install clean

help:
	@echo "make run       build, make a demo site under var/, start it and show what happens"
	@echo "make test      build with gcc, clang and the sanitizers, and run every test;"
	@echo "               ARGS='-k NAME' only those with NAME in their name"
	@echo "make scenarios DAYS=5   every scenario on each of its stages; the simulated day so many times"
	@echo "make sim       $(SEEDS) simulated sites, each with faults of its own; FROM=N begins elsewhere"
	@echo "make formal    the models of formal/, and the bugs planted in them"
	@echo "make prove     the contracts of the core's interlock, capacity and counts, for every input"
	@echo "make faults    every allocation, store call and file call of a day made to fail, each in"
	@echo "               turn: hours; STRIDE=20 takes every twentieth"
	@echo "make crash     kill -9 under load, at $(ROUNDS) moments"
	@echo "make build     $(BUILD)/ alone, with gcc"
	@echo "make bench     measure, and print the figures"
	@echo "make fuzz      TIME=60 seconds for each decoder of outside bytes; NAMES='plan csv' only these"
	@echo "make coverage  what the tests and the fuzz corpora reach, with its bounds"
	@echo "make lint      formatting, clang-tidy, cppcheck, includes, docs, hardening"
	@echo "make fmt       format the sources"
	@echo "make docs      write into docs/ what the tables of the code say"
	@echo "make examples  write the example plans that are generated"
	@echo "make install   into DESTDIR and prefix (now $(prefix))"
	@echo "make clean     remove what was built; var/ stays"

build:
	@scripts/install-deps
	@scripts/configure $(BUILD) gcc
	@ninja -C $(BUILD)

run:
	@scripts/run $(ARGS)

test:
	@scripts/install-deps
	@scripts/test $(ARGS)

SEEDS ?= 10000
FROM ?= 1
DAYS ?= 5
# Of the branches that are reached, the first COUNTED seeds tell, in a build that counts them.
COUNTED ?= 200
scenarios: build
	@$(BUILD)/tests/run_scenarios tests/scenarios
	@$(BUILD)/sallyport-sim --scenarios tests/scenarios --rounds $(DAYS) --from $(FROM)

sim: build
	@$(BUILD)/sallyport-sim --seeds $(SEEDS) --from $(FROM)
	@scripts/configure build-coverage coverage
	@ninja -C build-coverage sallyport-sim
	@scripts/coverage --simulator --from $(FROM) --seeds $$(( $(SEEDS) < $(COUNTED) ? $(SEEDS) : $(COUNTED) ))

formal:
	@scripts/install-deps
	@scripts/formal

# Installs Frama-C, which is large: `make test` proves where it is there, and skips it where it is not.
prove:
	@scripts/install-deps prove
	@scripts/prove

# How many kills; at which moments, CRASH_SEED tells.
ROUNDS ?= 3000
crash: build
	@SALLYPORT=$(BUILD)/sallyport CRASH_ROUNDS=$(ROUNDS) python3 tests/system/test_crash.py

STRIDE ?= 1
faults: build
	@FAULTS_STRIDE=$(STRIDE) $(BUILD)/tests/test_faults

lint: build
	@scripts/lint

fmt:
	@scripts/install-deps
	@scripts/fmt

docs: build
	@$(BUILD)/tools/gendocs --write docs
	@$(BUILD)/tools/gendict --write fuzz

# What ends a target is kept in build-fuzz/crashes, what reaches more in build-fuzz/corpus.
TIME = 60
fuzz:
	@scripts/install-deps
	@scripts/configure build-asan asan
	@ninja -C build-asan
	@scripts/fuzz -t $(TIME) $(NAMES)

coverage:
	@scripts/install-deps
	@scripts/configure build-coverage coverage
	@ninja -C build-coverage
	@scripts/coverage

# BIG=1 also fills a log with ten million entries: three minutes and eight gigabytes more.
bench: build
	@$(BUILD)/bench/bench_decide
	@$(BUILD)/bench/bench_movement
	@$(BUILD)/bench/bench_likeness
	@$(BUILD)/bench/bench_store $(BUILD)
	@$(BUILD)/bench/bench_osdp
	@rm -rf $(BUILD)/bench-site && $(BUILD)/bench/bench_engine $(BUILD)/bench-site 100000 900000
	@[ -z "$(BIG)" ] || $(BUILD)/bench/bench_engine $(BUILD)/bench-site 100000 9700000
	@rm -rf $(BUILD)/bench-line && $(BUILD)/bench/bench_line $(BUILD)/bench-line
	@rm -rf $(BUILD)/bench-peers && $(BUILD)/bench/bench_peers $(BUILD)/bench-peers

examples:
	@examples/generate-three-sections > examples/three-sections.yaml

install: build
	@meson configure $(BUILD) -Dprefix=$(prefix)
	@ninja -C $(BUILD)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-clang build-asan build-fuzz build-coverage
