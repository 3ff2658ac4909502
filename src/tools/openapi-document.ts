import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse as parseYaml } from 'yaml'
import type { GuardedFetch } from './guarded-fetch.ts'
import { textOfBody } from './response-text.ts'
import { toStorableText } from './storable.ts'
import { openWorkspace } from './workspace.ts'

export type JsonRecord = Record<string, unknown>

export type OpenApiDocument = {
  root: JsonRecord
  /** Where relative servers start; null for a file. */
  url: string | null
}

export type DocumentSource =
  | { url: string; headers: Record<string, string>; timeout: number }
  /** Absolute; `root` is what it may not lead out of. */
  | { path: string; root: string | null }

const largestDocument = 5 * 1024 * 1024
/** YAML is read many times slower than JSON, and nothing else happens meanwhile. */
const largestYaml = 1024 * 1024

/** Reads an OpenAPI 3 document. Throws an Error that says what is wrong, without its text. */
export async function readDocument(
  source: DocumentSource,
  guardedFetch: GuardedFetch,
): Promise<OpenApiDocument> {
  const { text, url } =
    'path' in source ? await readText(source) : await fetchText(source, guardedFetch)
  const root = parseDocument(text)
  if (!isRecord(root)) throw new Error('it is no OpenAPI document')
  if (typeof root.swagger === 'string') {
    throw new Error(`it is Swagger ${root.swagger}; convert it to OpenAPI 3`)
  }
  if (!/^3\.[01](\.|$)/.test(String(root.openapi))) {
    throw new Error('it is no OpenAPI 3.0 or 3.1 document')
  }
  return { root, url }
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function readText({
  path,
  root,
}: {
  path: string
  root: string | null
}): Promise<{ text: string; url: null }> {
  const real = await realpath(path).catch(() => {
    throw new Error('the file cannot be read')
  })
  const workspace = await openWorkspace(root ?? dirname(real))
  const { handle, size } = await workspace.openFile(root === null ? real : path)
  try {
    if (size > largestDocument) throw new Error('it is larger than 5 MiB')
    return { text: toStorableText(await handle.readFile('utf8')), url: null }
  } finally {
    await handle.close()
  }
}

async function fetchText(
  { url, headers, timeout }: Extract<DocumentSource, { url: string }>,
  guardedFetch: GuardedFetch,
): Promise<{ text: string; url: string }> {
  const response = await guardedFetch({
    url,
    headers: {
      accept: 'application/json, application/yaml, text/*;q=0.9, */*;q=0.5',
      'user-agent': 'parley',
      ...headers,
    },
    timeout,
    signal: new AbortController().signal,
  })
  if (response.status !== 200) throw new Error(`it could not be read: HTTP ${response.status}`)
  const type = (response.headers['content-type'] ?? '').toLowerCase()
  return { text: textOfBody(response.body, type) ?? '', url: response.url }
}

function parseDocument(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '')
  try {
    if (/^\s*\{/.test(plain)) return JSON.parse(plain)
  } catch {
    // A flow mapping of YAML begins like JSON.
  }
  if (plain.length > largestYaml) throw new Error('it is YAML of more than 1 MiB; give it as JSON')
  try {
    return parseYaml(plain, { logLevel: 'error' })
  } catch (cause) {
    throw new Error('it is neither JSON nor YAML', { cause })
  }
}
