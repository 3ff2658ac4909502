import { resolve } from 'node:path'
import type { z } from 'zod'
import { OpenApiToolset } from '#contract/toolset-http.ts'
import type { Logger } from '#log.ts'
import type { Tool, Toolset } from '#runtime/tool.ts'
import { annotationsOf, callHeaders } from './api.ts'
import { compileGlob, matchesGlob } from './glob.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { fillInAll, secretsIn } from './header-text.ts'
import { toHttpOutcome } from './http-outcome.ts'
import { type DocumentSource, readDocument } from './openapi-document.ts'
import {
  type ListedOperation,
  listOperations,
  type Operation,
  readOperation,
} from './openapi-operation.ts'
import { toRequest } from './openapi-request.ts'
import { readEntry } from './toolset-config.ts'

type World = {
  guardedFetch: GuardedFetch
  /** Variables for `${env.NAME}` in headers. */
  environment: Record<string, string | undefined>
  /** Milliseconds of a clock that only goes forward. */
  now: () => number
  log: Logger
}
type Entry = z.output<typeof OpenApiToolset>

/** A document that could not be read is not asked for again so soon. */
const pauseAfterFailure = 30_000
/** No model chooses well among more. */
const mostOperations = 256

/**
 * Makes the factory of toolsets that the operations of an OpenAPI document fill, one tool each. The
 * document is read when the tools are first asked for, and kept.
 */
export function createOpenApiToolset(world: World) {
  return (
    config: Record<string, unknown>,
    { baseDirectory, allowStdio = false }: { baseDirectory: string; allowStdio?: boolean },
  ): Toolset => {
    const entry = readEntry('openapi', OpenApiToolset, config)
    const place = entry.url ?? entry.file ?? ''
    const load = keptOnSuccess({
      now: world.now,
      work: async () => {
        const tools = await readTools(
          entry,
          sourceOf(entry, { baseDirectory, isTrusted: allowStdio }, world),
          world,
        )
        return tools
      },
    })
    return {
      ...(entry.instruction === undefined ? {} : { instruction: entry.instruction }),
      tools: async () =>
        await load().catch((error: unknown) => {
          throw new Error(`${place}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          })
        }),
    }
  }
}

function keptOnSuccess<Result>({
  now,
  work,
}: {
  now: () => number
  work: () => Promise<Result>
}): () => Promise<Result> {
  let kept: Promise<Result> | undefined
  let failedAt: number | undefined
  return () => {
    if (failedAt !== undefined && now() - failedAt >= pauseAfterFailure) {
      kept = undefined
      failedAt = undefined
    }
    kept ??= work().catch((error: unknown) => {
      failedAt = now()
      throw error
    })
    return kept
  }
}

/** A header of some caller's is not for a document that all of them share. */
function sourceOf(
  { url, file = '', headers = {}, timeout = 30 }: Entry,
  { baseDirectory, isTrusted }: { baseDirectory: string; isTrusted: boolean },
  { environment }: World,
): DocumentSource {
  if (url === undefined) {
    const path = resolve(baseDirectory, file)
    return { path, root: isTrusted ? null : baseDirectory }
  }
  return { url, headers: fillInAll(headers, environment), timeout: timeout * 1000 }
}

async function readTools(entry: Entry, source: DocumentSource, world: World): Promise<Tool[]> {
  const log = world.log.child({ toolset: 'openapi', document: entry.url ?? entry.file ?? '' })
  const document = await readDocument(source, world.guardedFetch)
  const listed = chosen(listOperations(document), entry)
  if (listed.length === 0) throw new Error('it has no operation that the filter lets pass')
  if (listed.length > mostOperations) {
    throw new Error(
      `it has ${listed.length} operations, and at most ${mostOperations} become tools; choose with filter:`,
    )
  }
  const settings = {
    baseUrl: entry.base_url,
    fixedHeaders: Object.keys(entry.headers ?? {}).map((name) => name.toLowerCase()),
  }
  const tools: Tool[] = []
  const faults: string[] = []
  for (const operation of listed) {
    try {
      const read = readOperation(operation, document, settings)
      refuseStrange(read, entry)
      tools.push(createOperationTool(read, entry, world))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      faults.push(`${operation.name}: ${reason}`)
    }
  }
  if (tools.length === 0) throw new Error(`no operation can be called: ${faults[0]}`)
  for (const fault of faults) log.warn(`an operation is left out: ${fault}`)
  return tools
}

/** A document that was fetched may name any server; what the file sends goes to none of its choice. */
function refuseStrange({ url }: Operation, { url: place, base_url, headers = {} }: Entry): void {
  if (place === undefined || base_url !== undefined || Object.keys(headers).length === 0) return
  if (url.origin === new URL(place).origin) return
  throw new Error(
    `its server is ${url.origin}, not where the document is from, so the headers are not sent there; set base_url if that is right`,
  )
}

function chosen(operations: ListedOperation[], { filter = {}, tools }: Entry): ListedOperation[] {
  const globs = filter.paths?.map(compileGlob)
  return operations.filter(
    ({ name, operationId, tags, path, method }) =>
      (tools?.includes(name) ?? true) &&
      (filter.operations?.includes(operationId ?? '') ?? true) &&
      (filter.tags?.some((tag) => tags.includes(tag)) ?? true) &&
      (globs?.some((glob) => matchesGlob(glob, path)) ?? true) &&
      (filter.methods?.some((wanted) => wanted === method.toLowerCase()) ?? true),
  )
}

function createOperationTool(operation: Operation, entry: Entry, world: World): Tool {
  const timeout = (entry.timeout ?? 30) * 1000
  const { name, description, parameters, method, title } = operation
  return {
    definition: {
      name,
      description,
      parameters,
      annotations: { title, ...annotationsOf(method) },
      effect: method === 'GET' ? 'read' : 'once',
    },
    // The request has its own limit; this one is for what hangs all the same.
    timeout: timeout + 5000,
    async execute(args, context) {
      const request = toRequest(operation, args)
      const response = await world.guardedFetch({
        ...request,
        headers: {
          accept: 'application/json, text/*;q=0.9, */*;q=0.5',
          ...request.headers,
          ...callHeaders(method, context),
          ...fillInAll(entry.headers ?? {}, world.environment, context.headers),
        },
        timeout,
        signal: context.signal,
      })
      const headerTexts = Object.values(entry.headers ?? {})
      return toHttpOutcome(response, {
        secrets: secretsIn(headerTexts, world.environment, context.headers),
      })
    },
  }
}
