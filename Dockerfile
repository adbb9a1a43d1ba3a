# Weir in a container: built in one stage, alone with what it runs on in the other.
#   docker build -t weir .
#   docker run --stop-timeout 45 -p 127.0.0.1:8080:8080 -p 127.0.0.1:8081:8081 -e OPENAI_API_KEY -e WEIR_ADMIN_TOKEN -v weir:/var/lib/weir \
#     -v ./weir.yaml:/etc/weir/weir.yaml:ro weir
# (docker stop kills after 10 s by default, before limits.drain, 30 s, is over.)
# Inside, `listen` and `admin` have to be 0.0.0.0, so the configuration needs keys (or require_key) and admin_access.
FROM debian:12 AS build
WORKDIR /src
COPY scripts/common.sh scripts/install_dependencies.sh scripts/
RUN apt-get update && scripts/install_dependencies.sh package && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make package && cp build/release/weir_*.deb /weir.deb

FROM debian:12-slim
COPY --from=build /weir.deb /tmp/weir.deb
RUN apt-get update && apt-get install --yes --no-install-recommends /tmp/weir.deb && rm -rf /tmp/weir.deb /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /var/lib/weir --create-home weir
USER 10001
WORKDIR /var/lib/weir
VOLUME /var/lib/weir
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["weir", "health", "-c", "/etc/weir/weir.yaml"]
ENTRYPOINT ["weir"]
CMD ["serve", "-c", "/etc/weir/weir.yaml"]
