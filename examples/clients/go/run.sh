#!/bin/sh -e
# Makes the client of the document and talks to the server: ./run.sh http://127.0.0.1:8080
document=${DOCUMENT:-../../../openapi/openapi.json}
mkdir -p parley
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml "$document"
go run . "$1"
