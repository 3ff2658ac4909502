import { OpenAPIHono, z } from '@hono/zod-openapi'
import { securitySchemes } from './access.ts'
import { approvalFilterParameters } from './approval-operations.ts'
import { type ResponseHeader, responseHeaders } from './header.ts'
import { dropUnused, hoistResponses } from './hoist-responses.ts'
import { operations } from './operations.ts'
import { parameters } from './parameter.ts'
import { ProblemCode, ProblemDocument } from './problem.ts'
import { problemKinds, problemResponses } from './problem-kinds.ts'
import { sessionFilterParameters } from './session-operations.ts'
import { webhooks } from './webhook.ts'

/** The OpenAPI document, made from the contract alone. */
export function createDocument({ version }: { version: string }) {
  // Serves as a registry and a generator only: no route is mounted.
  const builder = new OpenAPIHono()
  const registry = builder.openAPIRegistry
  for (const [name, schema] of Object.entries(allParameters)) {
    registry.registerParameter(name, schema)
  }
  registry.register('Problem', ProblemDocument)
  for (const [name, header] of Object.entries(responseHeaders)) {
    const { component, description, schema, example } = header
    registry.registerComponent('headers', component, {
      description,
      required: !limitHeaders.has(name),
      schema: plainSchema(schema),
      example,
    })
  }
  for (const [status, { component, description }] of Object.entries(problemResponses)) {
    registry.registerComponent('responses', component, problemResponse(Number(status), description))
  }
  for (const [name, scheme] of Object.entries(securitySchemes)) {
    registry.registerComponent('securitySchemes', name, scheme)
  }
  for (const operation of Object.values(operations)) registry.registerPath(operation)
  for (const webhook of Object.values(webhooks)) registry.registerWebhook(webhook)
  const document = builder.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { ...info, version },
    ...overview,
  })
  return dropUnused(dropUnused(hoistResponses(document), 'responses'), 'headers')
}

const allParameters = {
  ...parameters,
  ...sessionFilterParameters,
  ...approvalFilterParameters,
}

const info = {
  title: 'Parley',
  summary: 'A contract-first agent server',
  description:
    'Agents in YAML, typed events, streams that resume exactly. Every event reaches a client only after it is stored; its id can be read again from any instance.\n\nWhat no operation answers is refused with a problem as well: 400 for what is no request, 404 for an unknown path, 405 for another method, 408 for a request that comes too slowly, 431 for headers beyond 16 KiB. Where requests are limited, every answer has `RateLimit-Policy` and `RateLimit`.',
  license: { name: 'MIT', identifier: 'MIT' },
}

const overview = {
  servers: [{ url: '/', description: 'This server' }],
  tags: [
    { name: 'Agents', description: 'What can be run, and with which models' },
    { name: 'Sessions', description: 'Conversations and their messages' },
    { name: 'Runs', description: 'Running agents and following their events' },
    { name: 'Approvals', description: 'What waits for a person: calls, questions, results' },
    { name: 'Keys', description: 'Who may call, and what they may do' },
    { name: 'Service', description: 'How the server is' },
    { name: 'Webhooks', description: 'What the server sends' },
  ],
}

function problemResponse(status: number, description: string) {
  const code = ProblemCode.options.find((option) => problemKinds[option].status === status)
  const names = ['X-Request-Id', ...(headersByStatus[status] ?? [])] as const
  return {
    description,
    headers: Object.fromEntries(
      names.map((name) => [
        name,
        { $ref: `#/components/headers/${responseHeaders[name].component}` },
      ]),
    ),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: {
          type: `urn:parley:problem:${code}`,
          title: code && problemKinds[code].title,
          status,
          detail: description,
          code,
          request_id: responseHeaders['X-Request-Id'].example,
        },
      },
    },
  }
}

/** Only where requests are limited. */
const limitHeaders = new Set<string>(['RateLimit', 'RateLimit-Policy'])

const headersByStatus: Record<number, ResponseHeader[]> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}

function plainSchema(schema: z.ZodType): { type: 'string' } {
  const { $schema: _, ...plain } = z.toJSONSchema(schema)
  return { ...plain, type: 'string' }
}
