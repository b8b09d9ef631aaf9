# One image for the gateway, the seven subgraphs and the data job; what it runs is said by its argument (deploy/entry.py).
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /app
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/python -m pip install --quiet --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY subgraphs subgraphs
RUN /opt/venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --no-build-isolation -e .
COPY schema schema
COPY deploy/entry.py deploy/entry.py
RUN /opt/venv/bin/python -m compileall -q gateway subgraphs deploy

FROM ${BASE}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TWS_SCHEMA=/app/schema TWS_VAR=/var/lib/tws TWS_KEYS=/run/tws/public TWS_PUBLIC=/run/tws/public
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# The folders that volumes are laid over: a new volume takes their owner.
WORKDIR /app
RUN names="authority gateway $(cd schema/subgraphs && ls *.graphql | sed 's/[.]graphql$//')" && \
    mkdir -p /var/lib/tws /run/tws/public /run/tws/tls && \
    for name in $names; do mkdir -p "/run/tws/certificates/$name"; done && \
    chown -R 10001:10001 /var/lib/tws /run/tws && chmod 700 /var/lib/tws /run/tws/tls /run/tws/certificates/*
USER 10001:10001
EXPOSE 4000 8000
# The gateway's; compose gives the subgraphs their own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["python", "deploy/entry.py", "health"]
ENTRYPOINT ["python", "deploy/entry.py"]
CMD ["gateway"]
