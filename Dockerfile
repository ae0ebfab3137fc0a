# An image for each service: docker build --target auth-service --tag auth-service .
# Everything comes from these two base images, crates.io and the npm registry.
ARG RUST_IMAGE=rust:1-bookworm
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS frontend
WORKDIR /frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY frontend .
RUN npm run build

# The workspace with placeholders instead of our own code. It changes only if a manifest, a benchmark
# or `.cargo` changes, so the next stage, which compiles all dependencies, is cached until then.
FROM ${RUST_IMAGE} AS manifests
WORKDIR /workspace
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path '*/benches/*' ! -path './.cargo/*' -delete \
 && find . -type d -empty -delete \
 && for manifest in */Cargo.toml crates/*/Cargo.toml; do \
      source="$(dirname "$manifest")/src"; \
      mkdir "$source"; \
      touch "$source/lib.rs"; \
      echo 'fn main() {}' >"$source/main.rs"; \
    done

# The programs are linked statically, so that the images need no C library.
FROM ${RUST_IMAGE} AS dependencies
ENV CARGO_BUILD_TARGET=host-tuple RUSTFLAGS="-C target-feature=+crt-static"
WORKDIR /workspace
COPY --from=manifests /workspace .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked -p auth-service -p task-service

FROM dependencies AS programs
COPY migrations migrations
COPY crates crates
COPY shared-models shared-models
COPY auth-service auth-service
COPY task-service task-service
# Cargo compares modification times, and these files may be older than the compiled placeholders.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
 && cargo build --release --locked -p auth-service -p task-service \
 && mkdir -p /programs /data/mail \
 && mv target/*/release/auth-service target/*/release/task-service /programs

FROM scratch AS service
ARG VERSION=0.1.0
ARG REVISION
LABEL org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Certificate authorities, to verify mail servers and issuers.
COPY --from=programs /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The default data folder, where a volume can be mounted. The service writes to no other folder.
COPY --from=programs --chown=65532:65532 /data /data
ENV HOST=0.0.0.0
USER 65532:65532
STOPSIGNAL SIGTERM

FROM service AS auth-service
LABEL org.opencontainers.image.title="auth-service" \
      org.opencontainers.image.description="Accounts, sessions and EdDSA access tokens, compatible with Better Auth; serves the web app."
COPY --from=frontend /frontend/dist /frontend
COPY --from=programs /programs/auth-service /usr/local/bin/
ENV WEB_ROOT=/frontend
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["auth-service", "health"]
ENTRYPOINT ["auth-service"]

FROM service AS task-service
LABEL org.opencontainers.image.title="task-service" \
      org.opencontainers.image.description="Task API for the user named by a verified access token."
COPY --from=programs /programs/task-service /usr/local/bin/
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["task-service", "health"]
ENTRYPOINT ["task-service"]
