#!/bin/sh -e
# Makes the client of the document and talks to the server: ./run.sh http://127.0.0.1:8080
document=${DOCUMENT:-../../../openapi/openapi.json}
test -d .venv || python3 -m venv .venv
PATH=$PWD/.venv/bin:$PATH
pip install --quiet --requirement requirements.txt
openapi-python-client generate --path "$document" --output-path parley --meta none --overwrite
python main.py "$1"
