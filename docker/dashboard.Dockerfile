# The image of the dashboard, which has a page and no PostgreSQL:
#   docker build -f docker/dashboard.Dockerfile -t arcadium/dashboard .

FROM node:24-bookworm-slim AS base
WORKDIR /app

# Only the manifests: if only sources change, this stays the same, and the installed packages are cached.
FROM base AS manifests
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json -delete \
 && find . -type d -empty -delete

# The page, built with the development dependencies.
FROM base AS page
COPY --from=manifests /app ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund --workspace services/dashboard
COPY tsconfig.json ./
COPY contracts/src contracts/src
COPY mesh/src mesh/src
COPY services/dashboard/src services/dashboard/src
COPY services/dashboard/page services/dashboard/page
RUN npm run build --workspace services/dashboard

# What the service needs at run time, as in docker/Dockerfile.
FROM base AS dependencies
COPY --from=manifests /app ./
COPY docker/sbom.mjs /tmp/
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional --workspace services/dashboard \
 && rm -rf node_modules/typescript node_modules/@types node_modules/.bin \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o \( -name '*.md' ! -iname 'licen*' \) \) -delete \
 && npm sbom --package-lock-only --sbom-format cyclonedx --workspace services/dashboard \
      | node /tmp/sbom.mjs > sbom.cdx.json \
 && chmod -R a+rX .

# The sources, readable for all users, whatever modes the checkout has.
FROM base AS sources
COPY docker/health-check.mjs docker/
COPY contracts/package.json contracts/
COPY contracts/src contracts/src
COPY mesh/package.json mesh/
COPY mesh/src mesh/src
COPY services/dashboard/package.json services/dashboard/
COPY services/dashboard/src services/dashboard/src
COPY --from=page /app/services/dashboard/page/dist services/dashboard/page/dist
RUN chmod -R a+rX . && install -d -o node .compile-cache

FROM base
ENV NODE_ENV=production HOST=0.0.0.0 DRAIN_DELAY_MS=5000
# The links in node_modules lead to the sources: Node strips types only of files outside node_modules.
COPY --from=dependencies /app/package.json /app/sbom.cdx.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=sources /app ./
WORKDIR /app/services/dashboard
# The folder of STATE_DIR: a new volume mounted here gets the folder's owner.
RUN install -d -o node -g node -m 700 /var/lib/arcadium
# The options of Node are in one place, the script `start` of package.json. Some of them are not allowed in NODE_OPTIONS.
# With `exec`, Node gets the signals of the container.
RUN node -p "'exec ' + require('./package.json').scripts.start" > /app/start.sh
USER node
# Fills Node's compile cache, as in docker/Dockerfile.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
# Started as the image starts it: V8's options are a part of the cache's key.
RUN sh /app/start.sh 2>&1 | grep 'PUBLIC_KEYS: is not set'
# What `docker inspect` says of an image, by the names of the OCI. The release workflow sets version and revision.
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="arcadium/dashboard" \
      org.opencontainers.image.description="The dashboard of Arcadium" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
CMD ["sh", "/app/start.sh"]
