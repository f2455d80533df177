# What people type. The build itself is Meson's: meson.build.
prefix ?= /usr/local
BUILD = build

.DEFAULT_GOAL := help
.PHONY: help run build test lint fmt bench examples install clean

help:
	@echo "make run       a demo site that runs, under var/"
	@echo "make test      build with gcc, clang and the sanitizers, and run every test"
	@echo "make build     build/ alone, with gcc"
	@echo "make bench     measure, and print the figures"
	@echo "make lint      formatting, clang-tidy, cppcheck, includes"
	@echo "make fmt       format the sources"
	@echo "make examples  write the example plans that are generated"
	@echo "make install   into DESTDIR and prefix (now $(prefix))"
	@echo "make clean     remove what was built"

run:
	@scripts/run $(ARGS)

build:
	@scripts/install-deps
	@scripts/configure $(BUILD) gcc
	@ninja -C $(BUILD)

test:
	@scripts/install-deps
	@scripts/test $(ARGS)

lint:
	@scripts/install-deps
	@scripts/lint

fmt:
	@scripts/install-deps
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

bench: build
	@$(BUILD)/bench/bench_decide
	@$(BUILD)/bench/bench_store $(BUILD)

examples:
	@examples/generate-three-sections > examples/three-sections.yaml

install: build
	@meson configure $(BUILD) -Dprefix=$(prefix)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-clang build-asan
