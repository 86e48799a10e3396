# The operator and the kubectl plugin in one small image: trimmed, compiled ahead of time (ReadyToRun), one file each, on a base without a shell, with a
# non-root user. hack/image.sh builds it with the arguments below; the same commit gives the same image.
#
# REGISTRY is the registry of the .NET images, with a slash at the end; if it is empty, the builder uses its own search list.
ARG REGISTRY=""
ARG SDK=dotnet/sdk:10.0
ARG BASE=dotnet/runtime-deps:10.0-noble-chiseled

FROM ${REGISTRY}${SDK} AS build
WORKDIR /source
COPY . .
# After the sources, so that a change of these arguments does not invalidate the copied layers.
ARG VERSION=0.0.0
ARG COMMIT=""
ARG SOURCE_DATE_EPOCH=0
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
RUN hack/image-content.sh /image

FROM ${REGISTRY}${BASE}
ARG VERSION=0.0.0
ARG COMMIT=""
LABEL org.opencontainers.image.title="breakglass-operator" \
      org.opencontainers.image.description="Emergency access to Kubernetes that ends on its own" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /image/ /
# The diagnostics socket would need a writable file system.
ENV DOTNET_EnableDiagnostics=0
USER 65532:65532
EXPOSE 8080 9443
ENTRYPOINT ["/breakglass-operator"]
CMD ["run"]
