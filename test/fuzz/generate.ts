import type { Random } from '../support/random.ts'
import { type Operation, operations, type Parameter } from './document.ts'
import { anyHostile, spoil, strings, toText } from './hostile.ts'
import { rawRequest } from './raw-requests.ts'
import type { FuzzRequest, HttpRequest } from './request.ts'
import { validValue } from './valid.ts'

/** A request that the document allows, one defect away from that, or none of HTTP's. */
export function generate(random: Random): FuzzRequest {
  if (random.below(12) === 0) return rawRequest(random)
  const request = validRequest(random.pick(operations), random)
  return random.below(4) === 0 ? build(request) : build(defect(request, random))
}

/** A request that the document allows for one operation. */
export function validFor(operation: Operation, random: Random): HttpRequest {
  return build(validRequest(operation, random))
}

/** Without it most requests would end at the door. */
const identity = { authorization: 'Bearer ${token}' }

type Draft = {
  operation: Operation
  method: string
  path: Record<string, string>
  query: [string, string][]
  headers: Record<string, string>
  body?: ReturnType<typeof validValue>
  bodyText?: string | { base64: string }
}

function validRequest(operation: Operation, random: Random): Draft {
  const draft: Draft = {
    operation,
    method: operation.method,
    path: {},
    query: [],
    headers: { ...identity },
  }
  for (const parameter of operation.parameters) {
    if (parameter.in === 'path')
      draft.path[parameter.name] = pathValue(operation, parameter, random)
    else if (parameter.required || random.below(3) === 0) {
      const value = String(parameterValue(parameter, random))
      if (parameter.in === 'query') draft.query.push([parameter.name, value])
      // Another version than the current one ends most requests.
      else if (parameter.name !== 'if-match' || random.below(4) === 0) {
        draft.headers[parameter.name] = value
      }
    }
  }
  const accept = random.pick(['none', '*/*', 'application/json', 'text/event-stream, */*;q=0.1'])
  if (accept !== 'none') draft.headers.accept = accept
  const { body } = operation
  if (body && (body.required || random.below(4) > 0)) {
    draft.body = validValue(body.schema, random)
    draft.headers['content-type'] = 'application/json'
  }
  return draft
}

/** Mostly what the target has, so that requests get past 404. */
function pathValue({ id }: Operation, { name }: Parameter, random: Random): string {
  const fitting = fittingNames[`${id} ${name}`] ?? (isChange.test(id) ? changed[name] : undefined)
  if (fitting !== undefined && random.below(3) > 0) return fitting
  const mine = targetNames[name] ?? []
  return random.below(10) === 0 || mine.length === 0 ? 'unknown' : random.pick(mine)
}

/** Where there is something to decide, to answer, to change. */
const fittingNames: Record<string, string> = {
  'resumeSession session': '${parked}',
  'answerElicitation session': '${asking}',
  'submitToolResult session': '${calling}',
}
const isChange = /^(update|create|delete|restore|duplicate)Agent/
const changed: Record<string, string> = { agent: 'coder', tool: 'add' }

const targetNames: Record<string, string[]> = {
  session: [
    '${session}',
    '${session}',
    '${external}',
    '${fresh}',
    '${parked}',
    '${asking}',
    '${calling}',
  ],
  run: ['${run}', '${waiting}'],
  approval: ['${approval}'],
  message: ['${message}'],
  agent: ['assistant', 'assistant', 'worker', 'made', 'coder', 'coder'],
  agent_name: ['root', 'other'],
  version: ['${version}'],
  tool: ['add', 'add', 'write_file'],
  key: ['${key}'],
}

function parameterValue(parameter: Parameter, random: Random): unknown {
  if (parameter.example !== undefined && random.below(2) === 0) return parameter.example
  const { value } = validValue(parameter.schema, random)
  return typeof value === 'object' ? JSON.stringify(value) : value
}

function defect(draft: Draft, random: Random): Draft {
  const kinds = [
    bodyDefect,
    bodyDefect,
    bodyDefect,
    queryDefect,
    pathDefect,
    headerDefect,
    textDefect,
  ]
  const applicable = draft.body ? kinds : [...kinds.slice(3, 6), methodDefect]
  return random.pick(applicable)(draft, random)
}

function bodyDefect(draft: Draft, random: Random): Draft {
  const { value, sites } = draft.body ?? { value: {}, sites: [{ path: [], schema: {} }] }
  return { ...draft, body: { value: spoil(value, sites, random), sites } }
}

function queryDefect(draft: Draft, random: Random): Draft {
  const names = draft.operation.parameters.filter((each) => each.in === 'query')
  const name = random.pick([...names.map((each) => each.name), 'unknown', '__proto__', ''])
  return { ...draft, query: [...draft.query, [name, asText(random)]] }
}

function pathDefect(draft: Draft, random: Random): Draft {
  const names = Object.keys(draft.path)
  if (names.length === 0) return queryDefect(draft, random)
  return { ...draft, path: { ...draft.path, [random.pick(names)]: asText(random) } }
}

function headerDefect(draft: Draft, random: Random): Draft {
  const name = random.pick([
    ...['accept', 'content-type', 'content-encoding', 'prefer', 'idempotency-key', 'if-match'],
    ...['last-event-id', 'origin', 'authorization', 'x-request-id', 'x-forwarded-for', 'cookie'],
    ...['range', 'if-none-match', 'expect', 'upgrade', 'x-http-method-override', 'accept-encoding'],
  ])
  const own = headerValues[name] ?? []
  const value = random.below(2) === 0 && own.length > 0 ? random.pick(own) : asText(random)
  return { ...draft, headers: { ...draft.headers, [name]: value } }
}

const headerValues: Record<string, string[]> = {
  accept: ['text/html', 'application/json;q=0', ';;;', '*/*;q=2', 'a/b,'.repeat(2000), ''],
  'content-type': ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', ''],
  'content-encoding': ['gzip', 'identity', 'br, gzip'],
  prefer: ['respond-async', 'respond-async, wait=10', 'wait=-1'],
  'idempotency-key': ['one', 'one', 'two', 'x'.repeat(256)],
  origin: ['null', 'https://evil.example', 'http://localhost:1'],
  authorization: ['Bearer x', 'Basic OjpA', 'Bearer ', 'Bearer pk_a_b_c'],
  range: ['bytes=0-0', 'bytes=-1'],
  upgrade: ['websocket', 'h2c'],
  'if-match': ['*', '"x"', 'W/"x"'],
}

/** Breaks the text of the body. */
function textDefect(draft: Draft, random: Random): Draft {
  const text = Buffer.from(toText(draft.body?.value ?? {}))
  const at = random.below(text.length + 1)
  const pieces: Buffer[] = random.pick([
    [text.subarray(0, at)],
    [text.subarray(0, at), Buffer.from([random.below(256)]), text.subarray(at)],
    [text.subarray(0, at), Buffer.from([0xff, 0xfe]), text.subarray(at)],
    [text.subarray(0, at), Buffer.from([0xed, 0xa0, 0x80]), text.subarray(at)],
    [Buffer.from([0xef, 0xbb, 0xbf]), text],
    [text, text],
    [text, Buffer.from('\0')],
    [Buffer.from(' '.repeat(5000)), text],
    [Buffer.alloc(0)],
    [Buffer.alloc(1_048_577, 0x20)],
  ])
  return { ...draft, bodyText: { base64: Buffer.concat(pieces).toString('base64') } }
}

function methodDefect(draft: Draft, random: Random): Draft {
  const methods = [
    'HEAD',
    'OPTIONS',
    'PUT',
    'PATCH',
    'DELETE',
    'POST',
    'TRACE',
    'PROPFIND',
    'M-SEARCH',
  ]
  return { ...draft, method: random.pick(methods) }
}

function asText(random: Random): string {
  const value = random.below(3) === 0 ? anyHostile(random) : random.pick(strings)
  return (typeof value === 'string' ? value : toText(value)).slice(0, 6000)
}

/** Node sends no others; those are sent raw. */
function toHeaderText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 6000)
}

function build({ operation, method, path, query, headers, body, bodyText }: Draft): HttpRequest {
  const route = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encode(path[name] ?? ''),
  )
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  const sendable = Object.entries(headers).map(([name, value]) => [name, toHeaderText(value)])
  const content = bodyText ?? (body && toText(body.value))
  // In JSON it would wait for somebody to decide about the run before it, as it should.
  const waits = typeof content === 'string' && content.includes('"enqueue"')
  return {
    kind: 'http',
    method,
    path: search === '' ? route : `${route}?${search}`,
    headers: { ...Object.fromEntries(sendable), ...(waits && { accept: 'text/event-stream' }) },
    ...(content !== undefined && { body: content }),
  }
}

/** Lone surrogates as the bytes that other programs make of them; names of the target as they are. */
function encode(text: string): string {
  if (/^\$\{\w+\}$/.test(text)) return text
  return Array.from(text, (character) =>
    character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80',
  ).join('')
}
