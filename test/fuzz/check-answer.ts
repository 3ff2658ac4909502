import { type Schema as JsonSchema, Validator } from '@cfworker/json-schema'
import { document, operationOf, type Schema } from './document.ts'
import type { Answer } from './request.ts'

/** What must never be in an answer: stacks, paths of the machine, statements. */
const leak =
  /\n\s+at |node_modules|\.ts:\d+|\b(from|into|update) (sessions|runs|events|messages|agents)\b/

/** The statuses of what no operation answers, as the document's description lists them. */
const undeclared = [400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 431]

/** Those of them that say that no operation has seen the request. */
const unread = [408, 431]

/** How an answer breaks the document; empty when it keeps it. */
export function checkAnswer(
  { method, path }: { method: string; path: string },
  answer: Answer,
): string[] {
  const problems = answer.status >= 500 ? [`status ${answer.status}`] : []
  const operation = unread.includes(answer.status) ? undefined : operationOf(method, path)
  const declared = operation?.responses[answer.status]
  if (operation && !declared) problems.push(`${operation.id} declares no ${answer.status}`)
  if (answer.headers['x-request-id'] === undefined) problems.push('no X-Request-Id')
  if (answer.status >= 400 && leak.test(answer.body)) problems.push('the answer tells internals')
  if (declared) problems.push(...checkDeclared(method, declared, answer))
  if (!operation) problems.push(...checkUndeclared(method, answer))
  return problems
}

type Declared = {
  headers: Record<string, { required?: boolean }>
  content: Record<string, { schema: Schema }>
}

function checkDeclared(method: string, { headers, content }: Declared, answer: Answer): string[] {
  const problems = Object.entries(headers)
    .filter(([name, { required }]) => required && answer.headers[name.toLowerCase()] === undefined)
    .map(([name]) => `no ${name}`)
  if (method === 'HEAD') return problems
  const type = mediaType(answer)
  const schema = content[type]?.schema
  if (schema) problems.push(...checkBody(type, schema, answer))
  else if (type !== '' || Object.keys(content).length > 0) {
    problems.push(`the media type ${type || 'none'} is not declared for ${answer.status}`)
  }
  return problems
}

/** Pages for people, unknown paths and methods, and what is no request. */
function checkUndeclared(method: string, answer: Answer): string[] {
  if (answer.status < 400) return []
  const problems = undeclared.includes(answer.status)
    ? []
    : [`${answer.status} is no documented refusal`]
  if (method === 'HEAD') return problems
  const type = mediaType(answer)
  if (type !== 'application/problem+json') return [...problems, `a refusal is ${type}`]
  return [...problems, ...checkBody(type, { $ref: '#/components/schemas/Problem' }, answer)]
}

function mediaType({ headers }: Answer): string {
  return headers['content-type']?.split(';')[0] ?? ''
}

function checkBody(type: string, schema: Schema, answer: Answer): string[] {
  if (type === 'text/event-stream') return checkStream(schema, answer)
  if (type === 'text/plain') return checkValue(schema, answer.body)
  const value = parse(answer.body)
  if (value === undefined) return ['the body is no JSON']
  const problems = checkValue(schema, value)
  if (type !== 'application/problem+json') return problems
  const { status, request_id } = value as { status?: unknown; request_id?: unknown }
  if (status !== answer.status) problems.push(`the problem says ${status}`)
  if (request_id !== answer.headers['x-request-id']) problems.push('request_id differs')
  return problems
}

function checkStream(schema: Schema, { body, isCut }: Answer): string[] {
  const frames = body.split('\n\n')
  const rest = frames.pop()
  const problems = rest === '' || isCut ? [] : ['the stream ends inside a frame']
  for (const frame of frames) {
    // Not by a regular expression, for which U+2028 ends a line.
    const line = frame.split('\n').find((each) => each.startsWith('data: '))
    if (line === undefined) continue
    const data = line.slice('data: '.length)
    const value = parse(data)
    if (value === undefined) problems.push(`a frame is no JSON: ${data.slice(0, 200)}`)
    else problems.push(...checkValue(schema, value))
  }
  return problems
}

const validators = new Map<string, Validator>()

function checkValue(schema: Schema, value: unknown): string[] {
  const key = JSON.stringify(schema)
  const validator = validators.get(key) ?? createValidator(schema)
  validators.set(key, validator)
  const { valid, errors } = validator.validate(value)
  if (valid) return []
  const last = errors.at(-1)
  return [`the body breaks its schema: ${last?.instanceLocation}: ${last?.error}`]
}

function createValidator(schema: Schema): Validator {
  const components = document.components
  return new Validator({ ...schema, components } as JsonSchema, '2020-12', true)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
