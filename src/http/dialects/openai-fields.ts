import { Problem } from '#contract/problem.ts'
import { RunOptions } from '#contract/run.ts'
import type { Call } from './dialect.ts'

export type Fields = Record<string, unknown>

export async function readFields({ body }: Call): Promise<Fields> {
  return toFields((await body()) ?? {}, 'body')
}

export function toFields(value: unknown, path: string): Fields {
  if (isFields(value)) return value
  throw invalid(path, 'must be an object')
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function toList(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(path, 'must be an array')
}

export function toText(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw invalid(path, 'must be a string')
}

/** A field that may be missing or null. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined
  return value === undefined ? undefined : toText(value, name)
}

export function readFlag(fields: Fields, name: string, fallback = false): boolean {
  const value = fields[name] ?? fallback
  if (typeof value === 'boolean') return value
  throw invalid(name, 'must be true or false')
}

/** The caller's own pairs, as the official API limits them. */
export function readMetadata(fields: Fields): Record<string, string> {
  const pairs = Object.entries(toFields(fields.metadata ?? {}, 'metadata'))
  if (pairs.length > 16) throw invalid('metadata', 'may have 16 keys at most')
  return Object.fromEntries(
    pairs.map(([key, value]): [string, string] => {
      const text = toText(value, `metadata.${key}`)
      if (key.length <= 64 && text.length <= 512) return [key, text]
      throw invalid(`metadata.${key}`, 'keys have 64 characters at most, values 512')
    }),
  )
}

/** `options` as those of a run; a refusal names the field. */
export function checkOptions(options: Fields): RunOptions {
  const { success, data, error } = RunOptions.safeParse(options)
  if (success) return data
  const [issue] = error.issues
  throw invalid(issue?.path.join('.') ?? 'body', issue?.message ?? 'is wrong')
}

export function invalid(path: string, message: string): Problem {
  return new Problem('validation_failed', `Invalid '${path}': ${message}`, {
    errors: [{ path, message }],
  })
}

/** What is asked for and cannot be had here. */
export function unsupported(path: string, why: string): Problem {
  return new Problem('validation_failed', `Unsupported '${path}': ${why}`, {
    errors: [{ path, message: why }],
  })
}

/** Times are in seconds on this wire. */
export function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000)
}
