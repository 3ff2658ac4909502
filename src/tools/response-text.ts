import type { GuardedResponse } from './guarded-fetch.ts'
import { createRedactor } from './redactor.ts'
import { toStorableText, toStorableValue } from './storable.ts'

/** A body in the charset that it declares; null when it is no text. `type` is in lower case. */
export function textOfBody(body: Buffer, type: string): string | null {
  return isText(type, body) ? toStorableText(decode(body, type)) : null
}

/** An answer for a program: its text, and its value when it is JSON, without these secrets. */
export function readAnswer(
  { body, headers }: Pick<GuardedResponse, 'body' | 'headers'>,
  secrets: Map<string, string> = new Map(),
): { text: string; value: unknown } {
  const type = (headers['content-type'] ?? '').toLowerCase()
  const whole = textOfBody(body, type)
  if (whole === null) {
    return {
      text: `(binary: ${type || 'unknown type'}, ${body.length} bytes)`,
      value: undefined,
    }
  }
  const text = redacted(whole, secrets)
  return { text, value: isJson(type, text) ? jsonOf(text) : undefined }
}

/** A service may send back what it was sent. */
function redacted(text: string, secrets: Map<string, string>): string {
  const redactor = createRedactor(secrets)
  return redactor.push(text) + redactor.end()
}

/** Many servers send JSON as something else. */
function isJson(type: string, text: string): boolean {
  return /^[^;]*json/.test(type) || (!/html|xml/.test(type) && /^\s*[{[]/.test(text))
}

function jsonOf(text: string): unknown {
  try {
    return toStorableValue(JSON.parse(text))
  } catch {
    return undefined
  }
}

function isText(type: string, body: Buffer): boolean {
  if (/^(image|audio|video|font)\/(?!svg)/.test(type)) return false
  return /^text\/|json|xml|html|javascript|yaml/.test(type) || !body.subarray(0, 8192).includes(0)
}

function decode(body: Buffer, type: string): string {
  const head = body.subarray(0, 2048).toString('latin1')
  const declared =
    /charset=["']?([\w-]+)/.exec(type) ?? /<meta[^>]{0,200}charset=["']?([\w-]+)/i.exec(head)
  try {
    return new TextDecoder(declared?.[1] ?? 'utf-8').decode(body)
  } catch {
    return new TextDecoder('utf-8').decode(body)
  }
}
