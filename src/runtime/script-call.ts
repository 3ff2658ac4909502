import { createHash } from 'node:crypto'
import { type ActiveRun, commitRun, toRunChange } from './active-run.ts'
import type { AssistantTool } from './agent-toolset.ts'
import { checkArguments } from './arguments.ts'
import { limitBeforeStep, limitOnCall } from './budget-gate.ts'
import { hashCall } from './call-arguments.ts'
import type { LoopContext } from './context.ts'
import { executeCall } from './execute-call.ts'
import { decide } from './permissions.ts'
import { chargeCalls } from './spending.ts'
import { cutToBytes } from './text.ts'
import type { ToolContext } from './tool.ts'

export type ScriptAnswer = { output: string } | { error: string }

/** One call that a script made. */
export type ScriptCall = { name: string; args: unknown; answer: ScriptAnswer }

/**
 * Makes a tool call from inside a script by the rules of any other: arguments are checked, the rules
 * decide, the budget counts it, the intent is in the log before it goes out, and the tool's own limits
 * hold. Whatever is wrong is an error that the script may catch.
 */
export async function callFromScript(
  context: LoopContext,
  run: ActiveRun,
  {
    tool,
    args,
    ordinal,
    outer,
  }: { tool: AssistantTool; args: unknown; ordinal: number; outer: ToolContext },
): Promise<ScriptAnswer> {
  const { name, parameters, effect } = tool.definition
  if (!isRecord(args)) return { error: `${name} takes one object of arguments.` }
  const faults = checkArguments(parameters, args)
  if (faults.length > 0) return { error: `${name}: ${faults.join('; ')}` }
  const refusal = await refusalOf(context, run, { tool, args })
  if (refusal !== null) return { error: refusal }
  if (effect === 'once' && (await isUnknown(context, run, name, args))) {
    return { error: unknownText(name) }
  }
  await announce(run, { name, args, outer })
  // The rules are read again with the commit.
  if (decide(tool, args, context.rulesOf(run)) === 'deny') return { error: deniedText(name) }
  const callId = idOf(outer.callId, ordinal)
  const ended = await executeCall({ ...tool, executor: 'server' }, args, {
    ...outer,
    callId,
    background: context.background(run, callId),
  })
  if (ended.type !== 'ended')
    return { error: `${name} has to be called by itself, not in a script.` }
  const { output, is_error } = ended.end.result
  const told = cutToBytes(output, mostTold)
  return is_error ? { error: told } : { output: told }
}

/** Bytes of a result, as for any other call. */
const mostTold = 256 * 1024
/** Bytes of arguments that viewers are shown. */
const mostShown = 2000
/** Characters of an id behind its time. */
const randomLength = 16

async function refusalOf(
  context: LoopContext,
  run: ActiveRun,
  { tool, args }: { tool: AssistantTool; args: Record<string, unknown> },
): Promise<string | null> {
  const { name } = tool.definition
  if (limitBeforeStep(run) ?? limitOnCall(run, 0)) {
    return `The budget of this run is spent: ${name} was not called. Return what you have.`
  }
  let verdict = decide(tool, args, context.rulesOf(run))
  if (verdict === 'ask') {
    // Somebody may have allowed it meanwhile.
    run.settings = (await context.rows.settings(run.rootSessionId)) ?? run.settings
    verdict = decide(tool, args, context.rulesOf(run))
  }
  switch (verdict) {
    case 'run':
      return null
    case 'deny':
      return deniedText(name)
    case 'ask':
      return run.options.on_ask === 'deny'
        ? `${name} needs an approval and nobody can be asked here. Go on without it.`
        : `${name} needs an approval, which a script cannot wait for. Call the tool ${name} by itself with the same arguments.`
  }
}

async function isUnknown(
  context: LoopContext,
  run: ActiveRun,
  name: string,
  args: Record<string, unknown>,
): Promise<boolean> {
  const unknown = await context.rows.unknownCalls(run.sessionId)
  return unknown.size > 0 && unknown.has(hashCall(name, JSON.stringify(args)))
}

/** Formed like the id of any call, sorts behind its script's earlier ones, the same if it runs again. */
function idOf(callId: string, ordinal: number): string {
  const hash = createHash('sha256').update(`${callId}/${ordinal}`).digest('hex')
  const place = ordinal.toString(16).padStart(3, '0')
  return `${callId.slice(0, -randomLength)}${place}${hash.slice(0, randomLength - place.length)}`
}

/** The intent: in the log, and in the run's account, before the call goes out. */
async function announce(
  run: ActiveRun,
  { name, args, outer }: { name: string; args: Record<string, unknown>; outer: ToolContext },
): Promise<void> {
  outer.signal.throwIfAborted()
  const content = `→ ${name}(${cutToBytes(JSON.stringify(args), mostShown)})\n`
  const event = { type: 'tool_call_output' as const, tool_call_id: outer.providerCallId, content }
  const charges = chargeCalls(run, 1)
  await commitRun(run, [event], { runs: [toRunChange(run)], ...charges })
  outer.signal.throwIfAborted()
}

function deniedText(name: string): string {
  return `The rules of this session deny this call of ${name}. Do not repeat it.`
}

function unknownText(name: string): string {
  return `The outcome of an equal call of ${name} is unknown, and repeating it needs an approval, which a script cannot wait for. Verify what happened first.`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
