# docker build -t parley .
# docker run --init --rm -p 127.0.0.1:8080:8080 -e PARLEY_HTTP_TOKEN=… -e OPENAI_API_KEY=… parley
#
# Everything that it writes is in /data (the embedded database) and /workspace (what agents write):
# the rest of it may be read-only. No secret is part of it: keys come as variables.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# What is installed for development builds the playground, and stays behind.
FROM ${NODE_IMAGE} AS web
WORKDIR /parley
COPY package.json package-lock.json ./
COPY tools/codegen/package.json tools/codegen/
COPY web/package.json web/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY generated generated
COPY src/client src/client
COPY tools/web tools/web
COPY web web
RUN npm run web

# The image has its own Node, which the optional packages would bring a second time.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /parley
COPY package.json package-lock.json ./
COPY tools/codegen/package.json tools/codegen/
COPY web/package.json web/
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
# Tools in Python need both, and a host that lets a container make user namespaces.
ARG PYTHON_TOOLS=false
RUN if [ "${PYTHON_TOOLS}" = true ]; then \
      apt-get update && apt-get install -y --no-install-recommends bubblewrap python3 && \
      rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /parley
COPY --from=dependencies /parley/node_modules node_modules
COPY package.json LICENSE ./
COPY openapi/openapi.json openapi/
COPY migrations migrations
COPY examples examples
COPY --from=web /parley/web/dist web/dist
COPY src src
RUN mkdir -p /data /workspace && chown node:node /data /workspace
USER node
ENV NODE_ENV=production \
    PARLEY_LISTEN=0.0.0.0:8080 \
    PARLEY_DATA_DIR=/data \
    PARLEY_WORKSPACE=/workspace
VOLUME ["/data", "/workspace"]
EXPOSE 8080
# A stopping server hands its runs over within 10 s: give it 30 (docker stop --time 30).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PARLEY_LISTEN.split(':').at(-1) + '/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=16", "src/main.ts"]
CMD ["serve"]
