# Short recipes; the work is in hack/. Each target works on a bare Debian machine with the .NET SDK and installs what it lacks.
.DEFAULT_GOAL := help
.PHONY: help build test test-long soak demo tour run bench fuzz generate publish krew image image-test clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

build: ## restore the locked packages and build everything; warnings are errors
	@hack/build.sh

test: ## build, then run every test but the long ones, on a real API server too; ends with the totals
	@hack/test.sh

test-long: ## the tests that wait for minutes of real time, e.g. a token outliving its 10 minutes
	@hack/test.sh --long

soak: ## use the operator while one thing after another breaks, and look whether access ever stays open (SOAK=30m, SOAK_SEED, SOAK_FAULTS)
	@hack/soak.sh

demo: ## access in an incident, from manifest to revocation, on a control plane of its own; under a minute
	@hack/demo.sh

tour: ## the README's tour, command by command, on a little cluster of its own: chart, policy, request, approval, report, review
	@hack/tour.sh

run: ## run the operator against the current kubeconfig context (ARGS="--trust-requester ...")
	@hack/run.sh $(ARGS)

bench: ## measure speed and size against the floor on a real API server (ARGS="..." go to the benchmark)
	@hack/bench.sh $(ARGS)

fuzz: ## throw a million mutated reviews at the admission webhooks (FUZZ_INPUTS, FUZZ_SEED); some minutes
	@hack/fuzz.sh

generate: ## write config/crd and what else is made from the C# types, then the chart's copies and deploy/install.yaml
	@hack/generate.sh
	@hack/render.sh

publish: ## the operator and the kubectl plugin, each as one trimmed, ahead-of-time compiled file in artifacts/publish
	@hack/publish.sh

krew: ## archives and manifest of the plugin for krew, of what "publish" left (URL: where the archives will be downloaded from)
	@hack/krew.sh $(URL)

image: ## the container image of the commit that is checked out, with podman, buildah or docker (REGISTRY: where the .NET images are)
	@hack/image.sh

image-test: ## build the image twice on bases made from this machine, look into it and run it on a real API server; some minutes, as root
	@hack/build.sh tests/Manifests
	@dotnet test artifacts/bin/Manifests/release/Manifests.dll --filter FullyQualifiedName~ImageTests

clean: ## remove build output; the control plane's binaries in the cache stay
	@rm -rf artifacts src/*/obj
