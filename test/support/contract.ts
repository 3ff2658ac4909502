import { isDeepStrictEqual } from 'node:util'
import { z } from '@hono/zod-openapi'
import { StreamedEvent } from '#contract/event.ts'
import { type ResponseHeader, responseHeaders } from '#contract/header.ts'
import { type OperationId, operations } from '#contract/operations.ts'
import { ProblemDocument } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'

type Declared = {
  headers?: Record<string, unknown>
  content?: Record<string, { schema?: unknown }>
  $ref?: string
}

/**
 * A fetch that holds every answer of the server against the contract: status, media type, headers,
 * body, and each frame of a stream. It throws, or breaks the stream, with what is wrong.
 */
export function checkedFetch(send: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { method, url } = request
    const response = await send(request)
    return checkResponse({ method, url }, response)
  }
}

/** The same for one answer; what it returns is the answer to go on with. */
export async function checkResponse(
  request: { method: string; url: string },
  response: Response,
): Promise<Response> {
  const id = findOperation(request)
  const problems = id ? checkHead(id, response) : checkUndeclared(request, response)
  throwProblems(request, response, problems)
  if (request.method === 'HEAD' || response.body === null) return response
  const type = mediaType(response)
  if (type === 'text/event-stream') return checkStream(response)
  if (!type.endsWith('json')) return response
  const body: unknown = await response.clone().json()
  const schema =
    type === 'application/problem+json' ? ProblemDocument : id && schemaOf(id, response)
  if (schema) throwProblems(request, response, checkBody(schema, body, response))
  return response
}

/** The operation that a request means, by its method and path. */
export function findOperation({ method, url }: { method: string; url: string }) {
  // Where a dialect has the root, the contract stands below this.
  const pathname = new URL(url).pathname.replace(/^\/parley(?=\/)/, '')
  const wanted = method === 'HEAD' ? 'GET' : method
  const ids = Object.keys(operations) as OperationId[]
  return ids.find((id) => {
    const pattern = operations[id].path.replaceAll(/\{\w+\}/g, '[^/]+')
    return operations[id].method.toUpperCase() === wanted && pathname.match(`^${pattern}$`)
  })
}

function declaredOf(id: OperationId, status: number): Declared | undefined {
  return (operations[id].responses as Record<number, Declared>)[status]
}

function schemaOf(id: OperationId, response: Response): z.ZodType | undefined {
  const schema = declaredOf(id, response.status)?.content?.[mediaType(response)]?.schema
  return schema instanceof z.ZodType ? schema : undefined
}

function checkHead(id: OperationId, response: Response): string[] {
  const declared = declaredOf(id, response.status)
  if (!declared) return [`${id} does not declare status ${response.status}`]
  if (declared.$ref) return checkProblemHead(response)
  const types = Object.keys(declared.content ?? {})
  const type = mediaType(response)
  const problems = checkHeaders(Object.keys(declared.headers ?? {}), response)
  if (types.length === 0 ? type !== '' : !types.includes(type)) {
    problems.push(`content type ${type || 'none'} is not among ${types.join(', ') || 'none'}`)
  }
  return problems
}

/** Pages for people, unknown routes and methods: only their problems follow the contract. */
function checkUndeclared({ method }: { method: string }, response: Response): string[] {
  if (response.status < 400) return []
  const headers = response.status === 405 ? checkHeaders(['Allow'], response) : []
  return method === 'HEAD' ? headers : [...headers, ...checkProblemHead(response)]
}

function checkProblemHead(response: Response): string[] {
  const wait = response.status === 503 || response.status === 429 ? ['Retry-After'] : []
  const problems = checkHeaders(['X-Request-Id', ...wait], response)
  const type = mediaType(response)
  if (type !== 'application/problem+json') problems.push(`a problem has content type ${type}`)
  return problems
}

function checkHeaders(names: string[], response: Response): string[] {
  return names.flatMap((name) => {
    const value = response.headers.get(name)
    if (value === null) return [`header ${name} is missing`]
    const { success, error } = responseHeaders[name as ResponseHeader].schema.safeParse(value)
    return success ? [] : [`header ${name} is ${value}: ${z.prettifyError(error)}`]
  })
}

function checkBody(schema: z.ZodType, body: unknown, response: Response): string[] {
  const problems = checkValue(schema, body)
  if (schema !== ProblemDocument || problems.length > 0) return problems
  const { code, status, request_id } = ProblemDocument.parse(body)
  if (problemKinds[code].status !== response.status || status !== response.status) {
    problems.push(`code ${code} and status ${status} come with ${response.status}`)
  }
  if (request_id !== response.headers.get('x-request-id')) problems.push('request_id differs')
  return problems
}

function checkValue(schema: z.ZodType, value: unknown): string[] {
  const { success, data, error } = schema.safeParse(value)
  if (!success) return [z.prettifyError(error)]
  // zod leaves out what the schema does not know, so a difference is an undeclared field.
  return isDeepStrictEqual(data, value)
    ? []
    : [`undeclared fields: ${JSON.stringify(value)} should be ${JSON.stringify(data)}`]
}

function checkStream(response: Response): Response {
  let text = ''
  const decoder = new TextDecoder()
  const checker = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      text += decoder.decode(chunk, { stream: true })
      const frames = text.split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) {
        const problem = checkFrame(frame)
        if (problem) return controller.error(new Error(`Frame breaks the contract: ${problem}`))
      }
      controller.enqueue(chunk)
    },
    flush(controller) {
      if (text !== '') controller.error(new Error(`The stream ends inside a frame: ${text}`))
    },
  })
  return new Response(response.body?.pipeThrough(checker), response)
}

function checkFrame(frame: string): string | undefined {
  const lines = frame.split('\n').filter((line) => !line.startsWith(':'))
  if (lines.length === 0 || frame === 'retry: 1000') return undefined
  const [first = '', ...rest] = lines
  const named = rest.length === 2 || first.startsWith('event: ')
  const data = rest.at(-1)
  if (!data?.startsWith('data: ') || rest.length > 2) return frame
  const event = JSON.parse(data.slice('data: '.length))
  const [problem] = checkValue(StreamedEvent, event)
  if (problem) return problem
  if (event.type !== 'heartbeat' && first !== `id: ${event.seq}`) return `${first} is not its seq`
  if (named && !lines.includes(`event: ${event.type}`)) return `the name is not ${event.type}`
  return undefined
}

function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? ''
}

function throwProblems(
  { method, url }: { method: string; url: string },
  { status }: Response,
  problems: string[],
): void {
  if (problems.length === 0) return
  throw new Error(`${method} ${url} → ${status} breaks the contract:\n${problems.join('\n')}`)
}
