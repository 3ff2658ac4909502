import type { z } from 'zod'
import type { JsonSchema } from '#contract/tool.ts'
import { ApiToolset } from '#contract/toolset-http.ts'
import type { Tool, ToolContext, Toolset } from '#runtime/tool.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { fillInAll, secretsIn } from './header-text.ts'
import { toHttpOutcome } from './http-outcome.ts'
import { readEntry, toolsetOf } from './toolset-config.ts'
import { compileUrlTemplate, toText } from './url-template.ts'

type World = {
  guardedFetch: GuardedFetch
  /** Variables for `${env.NAME}` in headers. */
  environment: Record<string, string | undefined>
  /** What is wrong with a value by a JSON Schema. */
  checkValue(schema: JsonSchema, value: unknown): string[]
}

type Entry = z.output<typeof ApiToolset>
type ApiRequest = Omit<NonNullable<Entry['api_config']>, 'name' | 'endpoint'> & {
  name: string
  endpoint: string
}

/** Makes the factory of toolsets that are one HTTP request each. */
export function createApiToolset(world: World) {
  return (config: Record<string, unknown>): Toolset => {
    const entry = readEntry('api', ApiToolset, config)
    const timeout = (entry.timeout ?? 30) * 1000
    return toolsetOf('api', [createApiTool(requestOf(entry), timeout, world)], entry)
  }
}

function requestOf({ api_config, name = '', endpoint = '', ...rest }: Entry): ApiRequest {
  return api_config ?? { ...rest, name, endpoint }
}

function createApiTool(request: ApiRequest, timeout: number, world: World): Tool {
  const { args = {}, method = 'GET', output_schema } = request
  const template = compileUrlTemplate(request.endpoint)
  const required = [...new Set([...(request.required ?? []), ...template.names])]
  return {
    definition: {
      name: request.name,
      description: request.description ?? request.instruction ?? `${method} ${request.endpoint}`,
      parameters: { type: 'object', properties: args, required, additionalProperties: false },
      ...(output_schema ? { output_schema } : {}),
      annotations: annotationsOf(method),
      effect: method === 'GET' ? 'read' : 'once',
    },
    // The request has its own limit; this one is for what hangs all the same.
    timeout: timeout + 5000,
    async execute(values, context) {
      const { url, body } = toHttpRequest({ request, method, template, values })
      const response = await world.guardedFetch({
        url,
        method,
        ...(body === undefined ? {} : { body }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          accept: 'application/json, text/*;q=0.9, */*;q=0.5',
          ...callHeaders(method, context),
          ...fillInAll(request.headers ?? {}, world.environment, context.headers),
        },
        timeout,
        signal: context.signal,
      })
      const headerTexts = Object.values(request.headers ?? {})
      return toHttpOutcome(response, {
        secrets: secretsIn(headerTexts, world.environment, context.headers),
        check: (value) => (output_schema ? checkAnswer(output_schema, value, world) : []),
      })
    },
  }
}

/** What a method says about its effects. */
export function annotationsOf(method: string) {
  return {
    read_only: method === 'GET',
    destructive: method === 'DELETE',
    idempotent: method === 'GET' || method === 'PUT' || method === 'DELETE',
    open_world: true,
  }
}

/** The headers of every call; the id of a call lets a service know a repeated one. */
export function callHeaders(method: string, { callId }: ToolContext): Record<string, string> {
  const own = { 'user-agent': 'parley' }
  return method === 'GET' ? own : { ...own, 'idempotency-key': callId }
}

function toHttpRequest({
  request,
  method,
  template,
  values,
}: {
  request: ApiRequest
  method: string
  template: ReturnType<typeof compileUrlTemplate>
  values: Record<string, unknown>
}): { url: string; body?: string } {
  const url = template.fill(values)
  const rest = Object.entries(values).filter(([name]) => !template.names.includes(name))
  if (method === 'GET' || method === 'DELETE') {
    const fixed = new URLSearchParams(url.search)
    for (const [name, value] of rest) {
      if (fixed.has(name)) throw new Error(`${name} is fixed by the endpoint ${request.endpoint}`)
      addToQuery(url, name, value)
    }
    return { url: url.href }
  }
  return { url: url.href, body: JSON.stringify(Object.fromEntries(rest)) }
}

function addToQuery(url: URL, name: string, value: unknown): void {
  if (value === null || value === undefined) return
  for (const item of Array.isArray(value) ? value : [value]) {
    url.searchParams.append(name, toText(item))
  }
}

function checkAnswer(schema: JsonSchema, value: unknown, { checkValue }: World): string[] {
  if (value === undefined) return ['it is no JSON']
  return checkValue(schema, value).map((fault) => fault.replace(/^\(arguments\)/, '(answer)'))
}
