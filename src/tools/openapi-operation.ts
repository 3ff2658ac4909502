import type { JsonSchema } from '#contract/tool.ts'
import { isRecord, type JsonRecord, type OpenApiDocument } from './openapi-document.ts'
import { dereference } from './openapi-reference.ts'
import { createSchemaReader } from './openapi-schema.ts'
import { compileUrlTemplate, type UrlTemplate } from './url-template.ts'

/** One operation of a document, ready to be called. */
export type Operation = {
  /** Names of tools are unique. */
  name: string
  operationId: string | null
  tags: string[]
  path: string
  /** In capitals. */
  method: string
  title: string
  description: string
  /** All arguments in one schema. */
  parameters: JsonSchema
  url: UrlTemplate
  inputs: Input[]
  body: Body | null
}

/** Where an argument goes. */
export type Input = {
  argument: string
  /** As the service calls it. */
  name: string
  place: 'path' | 'query' | 'header'
  style: string
  explode: boolean
  /** Sent as JSON text. */
  json: boolean
}

export type Body = { argument: string; mediaType: string; form: 'json' | 'urlencoded' | 'text' }

/** An operation as the document lists it, before anything of it is read. */
export type ListedOperation = Pick<
  Operation,
  'name' | 'operationId' | 'tags' | 'path' | 'method'
> & {
  node: JsonRecord
  item: JsonRecord
}

const methods = ['get', 'post', 'put', 'patch', 'delete']
/** Headers that are not the model's to set; OpenAPI, too, says that the first three are ignored. */
const keptHeaders = new Set([
  'accept',
  'content-type',
  'authorization',
  'cookie',
  'host',
  'user-agent',
  'idempotency-key',
])

/** What the document offers, in its order. */
export function listOperations({ root }: OpenApiDocument): ListedOperation[] {
  const names = new Set<string>()
  const paths = isRecord(root.paths) ? Object.entries(root.paths) : []
  return paths.flatMap(([path, entry]) => {
    const item = pathItem(root, entry)
    return methods.flatMap((method) => {
      const node = item[method]
      if (!isRecord(node)) return []
      const operationId = typeof node.operationId === 'string' ? node.operationId : null
      const name = uniqueName(toToolName(operationId ?? `${method}_${path.slice(1)}`), names)
      const tags = Array.isArray(node.tags) ? node.tags.map(String) : []
      return [{ name, operationId, tags, path, method: method.toUpperCase(), node, item }]
    })
  })
}

/** A path that cannot be read offers nothing; the others do. */
function pathItem(root: JsonRecord, entry: unknown): JsonRecord {
  try {
    const item = dereference(root, entry)
    return isRecord(item) ? item : {}
  } catch {
    return {}
  }
}

/**
 * Reads an operation. `fixedHeaders` (lower case) are set by the agent file and so are no arguments.
 * Throws an Error that says why it can't be called.
 */
export function readOperation(
  { node, item, ...listed }: ListedOperation,
  document: OpenApiDocument,
  { baseUrl, fixedHeaders }: { baseUrl: string | undefined; fixedHeaders: string[] },
): Operation {
  const { root } = document
  const readSchema = createSchemaReader(root)
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  const names = new Set<string>()

  function addArgument(name: string, schema: JsonSchema, isRequired: boolean): string {
    const argument = uniqueName(toArgumentName(name), names)
    properties[argument] = schema
    if (isRequired) required.push(argument)
    return argument
  }

  const inputs = parametersOf(root, item, node)
    .filter(({ place, name }) => isModels(place, name, fixedHeaders))
    .map(({ schema, description, isRequired, ...input }): Input => {
      const own = readSchema(schema)
      const described = description === '' || own.description ? own : { ...own, description }
      return { ...input, argument: addArgument(input.name, described, isRequired) }
    })
  const content = bodyOf(root, node)
  const body = content && {
    mediaType: content.mediaType,
    form: content.form,
    argument: addArgument('body', readSchema(content.schema), content.isRequired),
  }
  const summary = typeof node.summary === 'string' ? node.summary : ''
  const more = typeof node.description === 'string' ? node.description : ''
  return {
    ...listed,
    title: (summary || listed.name).slice(0, 200).toWellFormed(),
    description: descriptionOf(summary, more) || `${listed.method} ${listed.path}`,
    parameters: { type: 'object', properties, required, additionalProperties: false },
    url: urlOf({ document, node, item, path: listed.path, baseUrl, inputs }),
    inputs,
    body,
  }
}

function isModels(place: string, name: string, fixedHeaders: string[]): boolean {
  if (place !== 'header') return place !== 'cookie'
  return !keptHeaders.has(name.toLowerCase()) && !fixedHeaders.includes(name.toLowerCase())
}

type Parameter = Omit<Input, 'argument' | 'place'> & {
  place: Input['place'] | 'cookie'
  schema: unknown
  description: string
  isRequired: boolean
}
type ModelParameter = Parameter & { place: Input['place'] }

/** Those of the operation come before those of its path, which they replace. */
function parametersOf(root: JsonRecord, item: JsonRecord, node: JsonRecord): ModelParameter[] {
  const found = new Map<string, ModelParameter>()
  for (const list of [item.parameters, node.parameters]) {
    if (!Array.isArray(list)) continue
    for (const entry of list) {
      const parameter = dereference(root, entry)
      if (!isRecord(parameter)) continue
      const read = readParameter(parameter)
      if (read) found.set(`${read.place} ${read.name}`, read)
    }
  }
  return [...found.values()]
}

function readParameter(node: JsonRecord): ModelParameter | null {
  const { in: place, name } = node
  if (typeof name !== 'string') return null
  if (place !== 'path' && place !== 'query' && place !== 'header') return null
  const style = typeof node.style === 'string' ? node.style : place === 'query' ? 'form' : 'simple'
  if (!styles[place].includes(style)) {
    throw new Error(`the parameter ${name} has the style ${style}, which is not supported`)
  }
  const media = isRecord(node.content) ? Object.values(node.content)[0] : undefined
  return {
    name,
    place,
    style,
    explode: typeof node.explode === 'boolean' ? node.explode : style === 'form',
    json: media !== undefined,
    schema: isRecord(media) ? media.schema : node.schema,
    description: typeof node.description === 'string' ? cut(node.description, 500) : '',
    isRequired: node.required === true || place === 'path',
  }
}

const styles = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
}

function bodyOf(root: JsonRecord, node: JsonRecord) {
  const request = dereference(root, node.requestBody)
  if (!isRecord(request) || !isRecord(request.content)) return null
  const isRequired = request.required === true
  for (const [mediaType, media] of Object.entries(request.content)) {
    const form = formOf(mediaType)
    if (form) return { mediaType, form, isRequired, schema: isRecord(media) ? media.schema : {} }
  }
  if (!isRequired) return null
  const types = Object.keys(request.content).join(', ') || 'nothing'
  throw new Error(`its body is ${types}, and only JSON, forms and plain text are sent`)
}

function formOf(mediaType: string): Body['form'] | null {
  if (/^(application\/([\w.+-]+\+)?json|\*\/\*)\s*(;|$)/i.test(mediaType)) return 'json'
  if (/^application\/x-www-form-urlencoded\b/i.test(mediaType)) return 'urlencoded'
  return /^text\/plain\b/i.test(mediaType) ? 'text' : null
}

function urlOf({
  document,
  node,
  item,
  path,
  baseUrl,
  inputs,
}: {
  document: OpenApiDocument
  node: JsonRecord
  item: JsonRecord
  path: string
  baseUrl: string | undefined
  inputs: Input[]
}): UrlTemplate {
  const base = baseUrl ?? serverOf(document, [node.servers, item.servers, document.root.servers])
  const template = compileUrlTemplate(base.replace(/\/$/, '') + path)
  const known = inputs.filter(({ place }) => place === 'path').map(({ name }) => name)
  const missing = template.names.filter((name) => !known.includes(name))
  if (missing.length > 0) throw new Error(`its path needs ${missing.join(', ')}, which it lacks`)
  return template
}

/** The first server of the nearest list, relative to where the document was read. */
function serverOf({ url, root }: OpenApiDocument, lists: unknown[]): string {
  const list = lists.find((servers) => Array.isArray(servers) && servers.length > 0)
  const server = Array.isArray(list) ? dereference(root, list[0]) : null
  const text = isRecord(server) && typeof server.url === 'string' ? server.url : '/'
  const variables = isRecord(server) && isRecord(server.variables) ? server.variables : {}
  const filled = text.replaceAll(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined
    return isRecord(variable) ? String(variable.default) : ''
  })
  const absolute = url === null ? URL.parse(filled) : URL.parse(filled, url)
  if (!absolute) throw new Error(`its server is ${text}; set base_url`)
  return absolute.origin + absolute.pathname
}

/** Models know names of up to 64 letters, digits, _ and -. */
function toToolName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_-]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return name.slice(0, 60) || 'operation'
}

function toArgumentName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return name.slice(0, 60) || 'argument'
}

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let number = 2; taken.has(unique); number += 1) unique = `${name}_${number}`
  taken.add(unique)
  return unique
}

function descriptionOf(summary: string, more: string): string {
  return cut([summary, more].filter((text) => text !== '').join('\n\n'), 1000)
}

function cut(text: string, maximum: number): string {
  return text.length > maximum ? `${text.slice(0, maximum - 1).toWellFormed()}…` : text
}
