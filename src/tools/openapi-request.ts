import type { Body, Input, Operation } from './openapi-operation.ts'
import { toText } from './url-template.ts'

/** The request that a call of an operation means. Throws when an argument can't be sent. */
export function toRequest(
  { url, inputs, body, method }: Operation,
  args: Record<string, unknown>,
): { url: string; method: string; headers: Record<string, string>; body?: string } {
  const given = inputs.filter(({ argument }) => isGiven(args[argument]))
  const inPath = given.filter(({ place }) => place === 'path')
  const target = url.fill(
    Object.fromEntries(inPath.map((input) => [input.name, pathValue(input, args[input.argument])])),
  )
  const headers: Record<string, string> = {}
  for (const input of given) {
    const value = args[input.argument]
    if (input.place === 'query') addToQuery(target.searchParams, input, value)
    if (input.place === 'header') headers[input.name] = headerText(input, value)
  }
  const sent = body && isGiven(args[body.argument]) ? encodeBody(body, args[body.argument]) : null
  return {
    url: target.href,
    method,
    headers: { ...headers, ...(sent === null ? {} : { 'content-type': contentType(body) }) },
    ...(sent === null ? {} : { body: sent }),
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function pathValue({ json }: Input, value: unknown): unknown {
  return json ? JSON.stringify(value) : value
}

function addToQuery(query: URLSearchParams, input: Input, value: unknown): void {
  const { name, style, explode, json } = input
  if (json || typeof value !== 'object' || value === null) {
    query.append(name, json ? JSON.stringify(value) : toText(value))
    return
  }
  if (Array.isArray(value)) {
    if (explode) for (const item of value) query.append(name, toText(item))
    else query.append(name, value.map(toText).join(separators[style] ?? ','))
    return
  }
  const entries = Object.entries(value).filter(([, item]) => isGiven(item))
  if (style === 'deepObject') {
    for (const [key, item] of entries) query.append(`${name}[${key}]`, toText(item))
  } else if (explode) {
    for (const [key, item] of entries) query.append(key, toText(item))
  } else {
    query.append(name, entries.flatMap(([key, item]) => [key, toText(item)]).join(','))
  }
}

const separators: Record<string, string> = { spaceDelimited: ' ', pipeDelimited: '|' }

function headerText({ name, json }: Input, value: unknown): string {
  const text = json ? JSON.stringify(value) : [value].flat().map(toText).join(',')
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text
  throw new Error(`${name} is sent as a header, which holds one line of Latin letters`)
}

function encodeBody({ form }: Body, value: unknown): string {
  switch (form) {
    case 'json':
      return JSON.stringify(value)
    case 'text':
      return toText(value)
    case 'urlencoded':
      return encodeForm(value)
  }
}

function encodeForm(value: unknown): string {
  if (typeof value !== 'object' || value === null) return toText(value)
  const fields = new URLSearchParams()
  for (const [name, item] of Object.entries(value)) {
    if (isGiven(item)) for (const one of [item].flat()) fields.append(name, toText(one))
  }
  return fields.toString()
}

function contentType(body: Body | null): string {
  return body === null || body.mediaType.startsWith('*') ? 'application/json' : body.mediaType
}
