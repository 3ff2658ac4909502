import { z } from '@hono/zod-openapi'
import {
  anyToolNames,
  callTimeout,
  commonFields,
  httpUrl,
  requestHeaders,
  toolPrefix,
} from './toolset.ts'

export const McpRemote = z
  .object({
    url: httpUrl.describe('Where the server answers'),
    headers: requestHeaders,
    transport: z
      .enum(['streamable', 'sse'])
      .describe('How it speaks: streamable HTTP (the default), or the older SSE')
      .optional(),
    transport_type: z
      .enum(['streamable', 'sse'])
      .describe('The older name of transport')
      .optional(),
  })
  .strict()
  .openapi('McpRemote', { description: 'An MCP server that is reached over HTTP' })
export type McpRemote = z.infer<typeof McpRemote>

const serverFields = {
  name: toolPrefix.describe('Put before the name of each tool, with _ between').optional(),
  command: z.string().min(1).describe('Starts the server, which speaks over stdio').optional(),
  args: z.array(z.string()).describe('Arguments of the command').optional(),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable'),
      z.string(),
    )
    .describe(
      "Environment of the command, beside PATH, HOME and LANG; `${env.NAME}` takes a variable of the server's",
    )
    .optional(),
  working_dir: z
    .string()
    .min(1)
    .describe('Where the command runs; by default beside this file')
    .optional(),
  version: z
    .string()
    .min(1)
    .max(200)
    .describe('The package that brings the command; named when the command is not found')
    .optional(),
  remote: McpRemote.optional().describe('A server that is reached over HTTP'),
  timeout: callTimeout,
  tools: anyToolNames,
  ...commonFields,
}

const reference = z
  .string()
  .min(1)
  .describe(
    'A name under `mcps:`, or `docker:NAME`: a server of the Docker MCP catalog, which the `docker mcp` plugin runs',
  )
  .optional()

type Source = {
  command?: string | undefined
  args?: string[] | undefined
  env?: Record<string, string> | undefined
  working_dir?: string | undefined
  version?: string | undefined
  remote?: McpRemote | undefined
  ref?: string | undefined
}

const oneSource = ({ command, remote, ref }: Source) =>
  [command, remote, ref].filter((source) => source !== undefined).length === 1
const fieldsOfCommand = ({ remote, args, env, working_dir, version }: Source) =>
  remote === undefined || !(args ?? env ?? working_dir ?? version)
const tellSource = { message: 'give one of command, remote and ref' }
const tellCommand = { message: 'args, env, working_dir and version belong to a command' }

export const McpToolset = z
  .object({
    type: z.literal('mcp').describe('The tools of an MCP server'),
    ref: reference,
    ...serverFields,
  })
  .strict()
  .refine(oneSource, tellSource)
  .refine(fieldsOfCommand, tellCommand)
  .openapi('McpToolset')
export type McpToolset = z.infer<typeof McpToolset>

/** An entry of `mcps:`. */
export const McpServer = z
  .object({
    type: z.literal('mcp').describe('The only kind there is').optional(),
    ref: reference,
    ...serverFields,
  })
  .strict()
  .refine(oneSource, tellSource)
  .refine(fieldsOfCommand, tellCommand)
  .openapi('McpServer', { description: 'An MCP server that toolsets name with ref' })

/** Before the name of a server in the Docker MCP catalog. */
export const catalogPrefix = 'docker:'

/**
 * A toolset with what it refers to under `mcps:` in it; its own fields win, and its variables stand
 * beside those of the server. A reference to no entry stays.
 */
export function resolveMcpReference(
  toolset: Record<string, unknown>,
  servers: Record<string, Record<string, unknown>>,
): Record<string, unknown> {
  const { ref, ...own } = toolset
  if (typeof ref !== 'string' || !Object.hasOwn(servers, ref)) return toolset
  const server = servers[ref] ?? {}
  const env = { ...toVariables(server.env), ...toVariables(own.env) }
  return { ...server, ...own, ...(Object.keys(env).length > 0 ? { env } : {}) }
}

function toVariables(env: unknown): object {
  return typeof env === 'object' && env !== null ? env : {}
}
