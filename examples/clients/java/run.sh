#!/bin/sh -e
# Makes the client of the document and talks to the server: ./run.sh http://127.0.0.1:8080
document=${DOCUMENT:-$PWD/../../../openapi/openapi.json}
mvn -q -B compile exec:java -Ddocument="$document" -Dexec.args="$1"
