/** A document of OpenAPI 3.0 that uses what documents in the field use. */
export const petsDocument = `
openapi: 3.0.3
info: { title: Pets, version: "1" }
servers:
  - url: /{version}/
    variables: { version: { default: v2 } }
tags: [{ name: pets }]
paths:
  /pets:
    parameters:
      - $ref: '#/components/parameters/Limit'
    get:
      operationId: pets.list
      summary: Lists pets
      description: All of them.
      tags: [pets]
      parameters:
        - { name: 'kind[]', in: query, schema: { type: array, items: { type: string, enum: [cat, dog] } } }
        - { name: ids, in: query, explode: false, schema: { type: array, items: { type: integer } } }
        - { name: where, in: query, style: deepObject, schema: { type: object } }
        - { name: filter, in: query, content: { application/json: { schema: { type: object } } } }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: X-Api-Key, in: header, required: true, schema: { type: string } }
        - { name: Authorization, in: header, schema: { type: string } }
        - { name: session, in: cookie, schema: { type: string } }
      responses: { 200: { description: ok } }
    post:
      operationId: createPet
      tags: [pets, write]
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: '#/components/schemas/Pet' } }
      responses: { 201: { description: made } }
  /pets/{id}:
    delete:
      summary: Removes a pet
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { 204: { description: gone } }
  /pets/{id}/name:
    put:
      operationId: namePet
      servers: [{ url: 'http://service.example:PORT/names' }]
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      requestBody:
        content:
          application/x-www-form-urlencoded: { schema: { type: object } }
      responses: { 200: { description: ok } }
  /photos:
    post:
      operationId: addPhoto
      requestBody: { required: true, content: { image/png: {} } }
      responses: { 200: { description: ok } }
  /elsewhere:
    get:
      operationId: readElsewhere
      parameters: [{ $ref: 'https://evil.example/parameters.json#/a' }]
      responses: { 200: { description: ok } }
components:
  parameters:
    Limit: { name: limit, in: query, description: How many, schema: { type: integer, maximum: 100, exclusiveMaximum: true } }
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, pattern: '^[a-z', example: Rex }
        nick: { type: string, nullable: true }
        owner: { allOf: [{ $ref: '#/components/schemas/Person' }], nullable: true }
        parents: { type: array, items: { $ref: '#/components/schemas/Pet' } }
    Person: { type: object, additionalProperties: false, properties: { name: { type: string } } }
`
