# Short recipes; the scripts are in hack/. Each target works on a bare Debian machine with the .NET SDK, and installs missing packages.
.DEFAULT_GOAL := help
.PHONY: help build test test-long soak demo tour run bench fuzz generate publish krew image image-test clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

build: ## restore the locked packages and build everything; warnings are errors
	@hack/build.sh

test: ## build, then run every test except the long ones, also on a real API server; the last line contains the totals
	@hack/test.sh

test-long: ## run the tests that wait for minutes of real time, for example until a token expires
	@hack/player.sh --check
	@hack/test.sh --long

soak: ## use the operator while faults are injected, and check that access always ends in time (SOAK=30m, SOAK_SEED, SOAK_FAULTS)
	@hack/soak.sh

demo: ## show access in an incident, from manifest to evidence, by the gateway, and by a voucher, and a drill, on a local control plane; three minutes
	@hack/demo.sh

tour: ## run the README's tour on a disposable local cluster: chart, policy, request, approval, report, review
	@hack/tour.sh

run: ## run the operator against the current kubeconfig context (ARGS="--trust-requester ...")
	@hack/run.sh $(ARGS)

bench: ## measure speed and size against the floor on a real API server (ARGS="..." go to the benchmark)
	@hack/bench.sh $(ARGS)

fuzz: ## a million mutated reviews for the admission webhooks, and as many vouchers (FUZZ_INPUTS, FUZZ_SEED); takes some minutes
	@hack/fuzz.sh

generate: ## write config/crd and the other files that are generated from the C# types, then the chart's copies and deploy/install.yaml
	@hack/generate.sh
	@hack/render.sh

publish: ## build the operator and the kubectl plugin, each as one trimmed, ahead-of-time compiled file in artifacts/publish
	@hack/publish.sh

krew: ## create the archives and the manifest for krew from the published plugin (URL: the download address of the archives)
	@hack/krew.sh $(URL)

image: ## build the container image of the checked-out commit, with podman, buildah or docker (REGISTRY: the registry of the .NET images)
	@hack/image.sh

image-test: ## build the image twice on bases from this machine, inspect it and run it on a real API server; takes some minutes, as root
	@hack/build.sh tests/Manifests
	@dotnet test artifacts/bin/Manifests/release/Manifests.dll --filter FullyQualifiedName~ImageTests

clean: ## remove the build output; keeps the control plane's binaries in the cache
	@rm -rf artifacts src/*/obj
