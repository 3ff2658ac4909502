import type { ToolOutcome } from '#runtime/tool.ts'
import type { GuardedResponse } from './guarded-fetch.ts'
import { readAnswer } from './response-text.ts'

/** Characters of the answer to a request that failed. */
const longestFault = 8000

/**
 * What a service answered, for the model and for programs, without the secrets that it was sent.
 * `check` says what is wrong with the answer's value.
 */
export function toHttpOutcome(
  response: GuardedResponse,
  {
    secrets,
    check = () => [],
  }: { secrets: Map<string, string>; check?: (value: unknown) => string[] },
): ToolOutcome {
  const { text, value } = readAnswer(response, secrets)
  const structured = value === undefined ? {} : { structured: value }
  if (response.status >= 300) {
    const said = text.trim() === '' ? '' : `\n\n${cut(text)}`
    const output = `The service answered HTTP ${response.status}.${said}`
    return { type: 'result', output, is_error: true, ...structured }
  }
  const faults = check(value)
  if (faults.length > 0) {
    const output = `The request was done (HTTP ${response.status}), but its answer is not as declared:\n- ${faults.join('\n- ')}\n\n${cut(text)}`
    return { type: 'result', output, is_error: true, ...structured }
  }
  const output = text.trim() === '' ? `HTTP ${response.status}, without a body` : text
  return { type: 'result', output, is_error: false, ...structured }
}

function cut(text: string): string {
  if (text.length <= longestFault) return text
  return `${text.slice(0, longestFault).toWellFormed()}\n[cut after ${longestFault} characters]`
}
