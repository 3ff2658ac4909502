import { readFileSync } from 'node:fs'

/** A JSON Schema of the document, as far as it is read here. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  example?: unknown
  format?: string
}

export type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
  example?: unknown
}

export type DeclaredResponse = {
  headers: Record<string, { required?: boolean; schema: Schema }>
  content: Record<string, { schema: Schema }>
}

export type Operation = {
  id: string
  method: string
  path: string
  parameters: Parameter[]
  body: { required: boolean; schema: Schema } | undefined
  responses: Record<string, DeclaredResponse>
}

type Json = Record<string, unknown>

/** The committed document: what clients are generated from is what the server is held against. */
export const document: Json = JSON.parse(
  readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
)

/** What a reference stands for; anything else as it is. */
export function resolve<Node extends object>(node: Node): Node {
  const reference = (node as { $ref?: string }).$ref
  if (reference === undefined) return node
  let found: unknown = document
  for (const name of reference.slice(2).split('/')) found = (found as Json)[name]
  if (typeof found !== 'object' || found === null) throw new Error(`${reference} leads nowhere`)
  return resolve(found as Node)
}

export const operations: Operation[] = Object.entries(document.paths as Json).flatMap(
  ([path, methods]) =>
    Object.entries(methods as Record<string, RawOperation>).map(([method, operation]) =>
      toOperation(path, method.toUpperCase(), operation),
    ),
)

type RawOperation = {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { headers?: Json; content?: Record<string, { schema: Schema }> }>
}

function toOperation(path: string, method: string, raw: RawOperation): Operation {
  const schema = raw.requestBody?.content['application/json']?.schema
  return {
    id: raw.operationId,
    method,
    path,
    parameters: (raw.parameters ?? []).map((parameter) => resolve(parameter)),
    body: schema && { required: raw.requestBody?.required ?? false, schema },
    responses: Object.fromEntries(
      Object.entries(raw.responses).map(([status, response]) => {
        const { headers = {}, content = {} } = resolve(response)
        const resolved = Object.entries(headers).map(([name, header]) => [
          name,
          resolve(header as object),
        ])
        return [status, { headers: Object.fromEntries(resolved), content }]
      }),
    ),
  }
}

/** The operation that a request means to the server. */
export function operationOf(method: string, path: string): Operation | undefined {
  const url = URL.parse(path.startsWith('/') ? `http://localhost${path}` : path)
  if (!url) return undefined
  const wanted = method === 'HEAD' ? 'GET' : method
  return operations.find((operation) => {
    const pattern = operation.path.replaceAll(/\{\w+\}/g, '[^/]+')
    return operation.method === wanted && new RegExp(`^${pattern}$`).test(url.pathname)
  })
}
