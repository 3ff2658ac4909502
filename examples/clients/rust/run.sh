#!/bin/sh -e
# Makes the client of the document and talks to the server: ./run.sh http://127.0.0.1:8080
document=${DOCUMENT:-../../../openapi/openapi.json}
generator=7.17.0
test -f "generator/openapi-generator-cli-$generator.jar" ||
  mvn -q -B dependency:copy -Dartifact=org.openapitools:openapi-generator-cli:$generator -DoutputDirectory=generator
java -jar "generator/openapi-generator-cli-$generator.jar" generate -g rust -i "$document" -o parley \
  --library reqwest --additional-properties=packageName=parley,supportMultipleResponses=false \
  --global-property apiDocs=false,modelDocs=false > generator/log.txt 2>&1 || { cat generator/log.txt; exit 1; }
cargo run --quiet -- "$1"
