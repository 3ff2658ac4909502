import { z } from '@hono/zod-openapi'
import { JsonSchema } from './tool.ts'
import { anyToolNames, commonFields, httpUrl, requestHeaders, toolNames } from './toolset.ts'

const seconds = z.number().positive().max(300).describe('Seconds for one request; 30 by default')

const request = {
  name: z
    .string()
    .regex(
      /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
      'a name is up to 64 letters, digits, _ and -, and starts with a letter',
    )
    .describe("The tool's name"),
  description: z.string().describe('What the tool is for, for the model').optional(),
  endpoint: httpUrl.describe(
    'The URL; `{arg}` or `${arg}` in its path or query stands for an argument',
  ),
  method: z
    .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .describe('GET by default; arguments go to the query for GET and DELETE, else to a JSON body')
    .optional(),
  args: z.record(z.string().min(1).max(64), JsonSchema).describe('Arguments by name').optional(),
  required: z
    .array(z.string())
    .describe('Arguments that must be given; those in the endpoint always must')
    .optional(),
  headers: requestHeaders,
  output_schema: JsonSchema.describe(
    'What the answer looks like; one that does not is told',
  ).optional(),
}

export const ApiRequest = z
  .object({
    ...request,
    instruction: z.string().describe('What the tool is for').optional(),
  })
  .strict()
  .superRefine(addArgumentIssues)
  .openapi('ApiRequest', { description: 'One HTTP request as a tool' })

export const ApiToolset = z
  .object({
    type: z.literal('api').describe('One HTTP request as a tool'),
    ...request,
    name: request.name.optional(),
    endpoint: request.endpoint.optional(),
    api_config: ApiRequest.describe(
      'The older place of name, endpoint and what belongs to them',
    ).optional(),
    timeout: seconds.optional(),
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .refine(({ api_config, name, endpoint }) => api_config !== undefined || (name && endpoint), {
    message: 'name and endpoint are needed',
  })
  .refine(
    ({ api_config, ...own }) =>
      api_config === undefined || !Object.keys(request).some((field) => field in own),
    { message: 'what stands in api_config may not stand beside it' },
  )
  .superRefine(addArgumentIssues)
  .openapi('ApiToolset')

/** The arguments that the path or the query of an endpoint stands for. */
export function endpointArguments(endpoint: string): string[] {
  return [...endpoint.matchAll(/\$?\{([A-Za-z_][\w-]*)\}/g)].map(([, name = '']) => name)
}

function addArgumentIssues(
  value: {
    endpoint?: string | undefined
    args?: Record<string, unknown> | undefined
    required?: string[] | undefined
  },
  context: z.RefinementCtx,
): void {
  const { endpoint = '', args = {}, required = [] } = value
  const host = /^https?:\/\/[^/?#]*/.exec(endpoint)?.[0] ?? ''
  const add = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message, input: value })
  if (endpointArguments(host).length > 0) {
    add('endpoint', 'an argument may stand in the path and the query, not in the host')
  } else if (endpoint !== '' && !URL.canParse(endpoint.replaceAll(/[{}]/g, ''))) {
    add('endpoint', 'this is no URL')
  }
  for (const name of endpointArguments(endpoint)) {
    if (!Object.hasOwn(args, name)) add('endpoint', `{${name}} is no argument under args`)
  }
  for (const name of required) {
    if (!Object.hasOwn(args, name)) add('required', `${name} is no argument under args`)
  }
}

export const OpenApiFilter = z
  .object({
    operations: z.array(z.string().min(1)).min(1).describe('By operationId').optional(),
    tags: z.array(z.string().min(1)).min(1).describe('With one of these tags').optional(),
    paths: z
      .array(z.string().min(1).max(256))
      .min(1)
      .describe('`/pets/*`, with * and ?')
      .optional(),
    methods: z
      .array(z.enum(['get', 'post', 'put', 'patch', 'delete']))
      .min(1)
      .describe('With one of these methods')
      .optional(),
  })
  .strict()
  .openapi('OpenApiFilter', { description: 'Operations that pass all that is given here' })

export const OpenApiToolset = z
  .object({
    type: z.literal('openapi').describe('The operations of an OpenAPI document as tools'),
    url: httpUrl.describe('Where the document is: JSON or YAML, OpenAPI 3.0 or 3.1').optional(),
    file: z.string().min(1).describe('The document as a file; starts beside this file').optional(),
    base_url: httpUrl.describe("Instead of the document's first server").optional(),
    headers: requestHeaders,
    filter: OpenApiFilter.describe('Only some of the operations').optional(),
    timeout: seconds.optional(),
    tools: anyToolNames,
    ...commonFields,
  })
  .strict()
  .refine(({ url, file }) => (url === undefined) !== (file === undefined), {
    message: 'give either url or file',
  })
  .openapi('OpenApiToolset')

/** The environment variable that holds the key of each search provider; null: it has none. */
export const searchKeys = {
  serper: 'SERPER_API_KEY',
  brave: 'BRAVE_API_KEY',
  tavily: 'TAVILY_API_KEY',
  searxng: null,
} as const

export const WebSearchToolset = z
  .object({
    type: z.literal('web_search').describe('Search the web'),
    provider: z.enum(['serper', 'brave', 'tavily', 'searxng']).describe('Who searches'),
    url: httpUrl
      .describe("Where a SearXNG answers; for the others, instead of the provider's own address")
      .optional(),
    token_key: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable')
      .describe('The environment variable that holds the key')
      .optional(),
    max_results: z.int().min(1).max(20).describe('Results of one search; 8 by default').optional(),
    timeout: seconds.optional(),
    tools: toolNames(['web_search']),
    ...commonFields,
  })
  .strict()
  .refine(({ provider, url }) => provider !== 'searxng' || url !== undefined, {
    message: 'url is needed for searxng',
    path: ['url'],
  })
  .openapi('WebSearchToolset')

export const ModelPickerToolset = z
  .object({
    type: z.literal('model_picker').describe('The agent may change its model'),
    models: z
      .array(z.string().min(1))
      .min(1)
      .max(32)
      .describe('The models it may choose from: `provider/model` or names under `models:`'),
    tools: toolNames(['change_model', 'revert_model']),
    ...commonFields,
  })
  .strict()
  .openapi('ModelPickerToolset')
