import { securitySchemes } from '#contract/access.ts'
import { Problem, type ProblemCode } from '#contract/problem.ts'
import { problemKinds } from '#contract/problem-kinds.ts'
import type { Answer, Dialect, DialectRoute } from './dialects/dialect.ts'

/**
 * The OpenAPI document of a dialect, made from its routes: what can be asked, by whom, and how it
 * refuses. Bodies are those of the other system's own documentation, so they are left free.
 */
export function createDialectDocument(
  dialect: Dialect,
  { version, atRoot }: { version: string; atRoot: boolean },
) {
  const { name, mount, routes } = dialect
  const refusals = collectRefusals(dialect)
  // A path is never empty, and some stand at the root: then all are told from there.
  const fromRoot = routes.some(({ path, atRoot }) => path === '' || atRoot)
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const prefix = fromRoot && !route.atRoot ? mount : ''
    const path = prefix + toTemplate(route.path)
    paths[path] = { ...paths[path], [route.method]: toOperation(route, refusals) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `Parley as ${name}`,
      version,
      description: `The routes of ${name} that this server answers. What bodies hold is what the documentation of ${name} says; here they are any JSON. Refusals are as this server writes them.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [fromRoot ? '/' : mount, ...(atRoot ? ['/'] : [])].map((url) => ({ url })),
    paths,
    components: {
      responses: Object.fromEntries(refusals.map(toResponse)),
      securitySchemes: { bearer: securitySchemes.bearer },
    },
  }
}

/** Codes that the dialect tells with one status, with what it says for each. */
type Refusals = { status: number; answers: Map<ProblemCode, Refusal> }
type Refusal = Exclude<Answer, { type: 'stream' }>

const always: readonly ProblemCode[] = ['not_found', 'rate_limited', 'internal', 'unavailable']
const withKey: readonly ProblemCode[] = ['unauthorized', 'forbidden']
const withBody: readonly ProblemCode[] = [
  'invalid_json',
  'validation_failed',
  'payload_too_large',
  'unsupported_media_type',
]
const whereRuns: readonly ProblemCode[] = ['session_busy']

function collectRefusals({ refuse, name }: Dialect): Refusals[] {
  const all = new Map<number, Refusals>()
  for (const code of [...always, ...withKey, ...withBody, ...whereRuns]) {
    const { status, title } = problemKinds[code]
    const errors = code === 'validation_failed' ? [{ path: 'message', message: title }] : undefined
    const answer = refuse(new Problem(code, title, { ...(errors && { errors }) }), status)
    if (answer.type === 'stream') throw new Error(`${name} refuses with a stream`)
    const { answers } = all.get(answer.status) ?? { answers: new Map() }
    all.set(answer.status, { status: answer.status, answers: answers.set(code, answer) })
  }
  return [...all.values()].toSorted((one, other) => one.status - other.status)
}

function toOperation({ method, path, scope }: DialectRoute, refusals: Refusals[]) {
  const isPublic = scope === 'public'
  const takesBody = method !== 'get' && method !== 'delete'
  const names = [...path.matchAll(parameter)].map(([, name]) => name)
  const codes = [
    ...always,
    ...(isPublic ? [] : withKey),
    ...(takesBody ? withBody : []),
    ...(scope === 'runs' ? whereRuns : []),
  ]
  const refused = refusals.filter(({ answers }) => codes.some((code) => answers.has(code)))
  return {
    operationId: toId(method, path),
    'x-required-scope': scope,
    security: isPublic ? [] : [{ bearer: [scope] }],
    ...(names.length > 0 && { parameters: names.map(toParameter) }),
    ...(takesBody && { requestBody: { content: { 'application/json': { schema: {} } } } }),
    responses: {
      '2XX': { description: 'What was asked for', content: { '*/*': { schema: {} } } },
      ...Object.fromEntries(refused.map((each) => [each.status, { $ref: referenceTo(each) }])),
    },
  }
}

/** As the router has them: `:name`, or `:name{pattern}`. */
const parameter = /:(\w+)(?:\{[^}]*\})?/g

function toTemplate(path: string): string {
  return path.replaceAll(parameter, '{$1}')
}

function toParameter(name: string | undefined) {
  return { name, in: 'path', required: true, schema: { type: 'string' } }
}

/** `post /chat/:id` is `postChatId`. */
function toId(method: string, path: string): string {
  const words = path.replaceAll(parameter, '$1').split(/[^A-Za-z0-9]+/)
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function referenceTo({ status }: Refusals): string {
  return `#/components/responses/Refused${status}`
}

function toResponse({ status, answers }: Refusals): [string, object] {
  const codes = [...answers.keys()]
  const description = codes.map((code) => problemKinds[code].title).join('; or: ')
  const examples = [...answers].flatMap(([code, answer]) =>
    answer.type === 'empty' ? [] : [[code, { value: answer.body }]],
  )
  if (examples.length === 0) return [`Refused${status}`, { description }]
  const isText = [...answers.values()].every(({ type }) => type === 'text')
  const media = isText ? 'text/plain' : 'application/json'
  const schema = isText ? { type: 'string' } : {}
  const content = { [media]: { schema, examples: Object.fromEntries(examples) } }
  return [`Refused${status}`, { description, content }]
}
