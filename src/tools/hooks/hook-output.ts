import { z } from 'zod'
import { type HookAnswer, type HookName, noAnswer } from '#runtime/hooks.ts'
import { describeEnd } from '../command-tool.ts'
import type { CommandEnd } from '../run-command.ts'
import { toStorableText, toStorableValue } from '../storable.ts'

/** What a hook's command came to. */
export type HookRun = CommandEnd & { stdout: string; stderr: string }

/**
 * What a hook says: exit code 2 blocks, with stderr as the reason; 0 goes on, with a JSON object on
 * stdout or plain text, which is context where there is a place for it. Throws an Error that says
 * what is wrong with any other end or output.
 */
export function readHookOutput(name: HookName, { stdout, stderr, ...end }: HookRun): HookAnswer {
  if (end.exitCode === 2) return { ...noAnswer, decision: 'deny', reason: shorten(stderr) }
  if (end.exitCode !== 0) {
    const said = shorten(stderr)
    throw new Error(`${describeEnd(end)}${said === '' ? '' : `: ${said}`}`)
  }
  const text = stdout.trim()
  if (text.startsWith('{')) return toAnswer(name, parseOutput(text))
  return takesText.has(name) ? { ...noAnswer, context: toContext(text) } : noAnswer
}

const takesText = new Set<HookName>(['session_start', 'post_tool_use'])

/** Strict, for a field that is written wrong may be the one that denies. */
const HookOutput = z.strictObject({
  continue: z.boolean().optional(),
  stop_reason: z.string().optional(),
  /** Taken, as other servers do; what a hook prints is never shown. */
  suppress_output: z.boolean().optional(),
  system_message: z.string().optional(),
  decision: z.literal('block').optional(),
  reason: z.string().optional(),
  hook_specific_output: z
    .strictObject({
      hook_event_name: z.string().optional(),
      permission_decision: z.enum(['allow', 'deny', 'ask']).optional(),
      permission_decision_reason: z.string().optional(),
      updated_input: z.record(z.string(), z.unknown()).optional(),
      additional_context: z.string().optional(),
    })
    .optional(),
})
type HookOutput = z.infer<typeof HookOutput>

function parseOutput(text: string): HookOutput {
  const parsed = HookOutput.safeParse(toStorableValue(parseJson(text)))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue?.path.length ? `${issue.path.join('.')}: ` : ''
  throw new Error(`its output is not what a hook may say: ${place}${issue?.message ?? ''}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error('its output begins like JSON and is none', { cause })
  }
}

function toAnswer(name: HookName, output: HookOutput): HookAnswer {
  const own = output.hook_specific_output ?? {}
  if (own.hook_event_name !== undefined && own.hook_event_name !== name) {
    throw new Error(`its output is for ${shorten(own.hook_event_name)}, not for ${name}`)
  }
  return {
    ...decisionOf(output),
    input: own.updated_input ?? null,
    context: toContext(own.additional_context ?? ''),
    messages: output.system_message ? [shorten(output.system_message)] : [],
    failures: [],
  }
}

function decisionOf(output: HookOutput): Pick<HookAnswer, 'decision' | 'reason'> {
  const { permission_decision: permission, permission_decision_reason: because = '' } =
    output.hook_specific_output ?? {}
  const blocks = output.decision === 'block' || output.continue === false
  if (!blocks) return { decision: permission ?? null, reason: shorten(because) }
  const reasons = [
    output.decision === 'block' ? output.reason : undefined,
    output.continue === false ? output.stop_reason : undefined,
    permission === 'deny' ? because : undefined,
  ]
  return { decision: 'deny', reason: shorten(reasons.filter(Boolean).join(' ')) }
}

const longestReason = 2000
/** Characters. */
const longestContext = 64 * 1024

function shorten(text: string): string {
  const trimmed = toStorableText(text).trim()
  return trimmed.length <= longestReason
    ? trimmed
    : `${trimmed.slice(0, longestReason).toWellFormed()}…`
}

function toContext(text: string): string {
  const storable = toStorableText(text).trim()
  if (storable.length <= longestContext) return storable
  return `${storable.slice(0, longestContext).toWellFormed()}…`
}
