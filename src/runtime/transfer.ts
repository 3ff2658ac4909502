import type { EventBody } from '#contract/event.ts'
import type { ToolResult } from '#contract/tool.ts'
import { noUsage } from '#contract/usage.ts'
import type { OpenCall } from '#store/run-calls.ts'
import type { LoadedRun } from '#store/run-loading.ts'
import { type ActiveRun, subjectOf, toRunChange } from './active-run.ts'
import { openBudget } from './budget.ts'
import { pinOf } from './catalog.ts'
import type { LoopContext } from './context.ts'
import { defaultIterations } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { CallOutcome, RunTool } from './run-tool.ts'
import { inheritedOptions, memberOf, taskMessage, taskTitle, tooDeep } from './team.ts'
import { type AgentTask, errorResult, type ToolContext } from './tool.ts'

const toolName = 'transfer_task'

type Enter = (context: LoopContext, run: ActiveRun) => Promise<Outcome>

/**
 * `transfer_task`: a sub-agent takes a task in a session of its own whose events stand in the same
 * log, under the same fence, rules and cancel. The sub-agent's run is a row that is found again by
 * the call, so the parent may wait for days and in another process.
 */
export function createTransferTool(context: LoopContext, run: ActiveRun, enter: Enter): RunTool {
  const names = run.assistant.roster.map((member) => member.name)
  return {
    executor: 'server',
    harmless: true,
    endsItself: true,
    timeout: 0,
    definition: {
      name: toolName,
      description: 'Gives a task to another agent and waits for its answer.',
      parameters: {
        type: 'object',
        properties: {
          agent: { type: 'string', enum: names, description: 'Who gets the task' },
          task: { type: 'string', description: 'What to do, with everything it has to know' },
          expected_output: { type: 'string', description: 'What the answer should look like' },
        },
        required: ['agent', 'task'],
        additionalProperties: false,
      },
      annotations: { title: 'Transfer a task' },
      effect: 'idempotent',
    },
    execute: (args, call) => transfer(context, run, { args, call, enter }),
  }
}

async function transfer(
  context: LoopContext,
  run: ActiveRun,
  { args, call, enter }: { args: Record<string, unknown>; call: ToolContext; enter: Enter },
): Promise<CallOutcome> {
  const task = toTask(args)
  const found = await context.rows.subRun(call.callId)
  if (!found && run.level >= context.transferDepth) {
    return errorResult(tooDeep(context.transferDepth))
  }
  const child = found
    ? await context.restore(found, run)
    : await beginSubRun(context, run, { task, call })
  if (!found || isActive(found)) {
    const outcome = await enter(context, child)
    if (outcome.type === 'parked') return outcome
  }
  const events = transferEnd(run, child, { name: task.agent, callId: call.providerCallId })
  return { type: 'transferred', result: toResult(child, task.agent), events }
}

/**
 * Ends the runs of sub-agents that wait, or were cut off, inside a run that is closed. The events
 * are to be committed with the ends of the calls.
 */
export async function closeSubRuns(
  context: LoopContext,
  run: ActiveRun,
  { calls, close }: { calls: OpenCall[]; close: (child: ActiveRun) => Promise<unknown> },
): Promise<EventBody[]> {
  const events: EventBody[] = []
  for (const { id, callId, tool, state, ...call } of calls) {
    if (tool !== toolName || state !== 'started') continue
    const found = await context.rows.subRun(id)
    if (!found) continue
    const child = await context.restore(found, run)
    if (isActive(found)) await close(child)
    const args = JSON.parse(call.approvalArguments ?? call.arguments)
    events.push(...transferEnd(run, child, { name: toTask(args).agent, callId }))
  }
  return events
}

function isActive({ status }: LoadedRun): boolean {
  return status === 'running' || status === 'waiting' || status === 'queued'
}

async function beginSubRun(
  context: LoopContext,
  run: ActiveRun,
  { task, call }: { task: AgentTask; call: ToolContext },
): Promise<ActiveRun> {
  const assistant = memberOf(context.assistants, run.assistant, task.agent)
  const options = inheritedOptions(run)
  const child: ActiveRun = {
    ...run,
    id: context.nextId('run'),
    sessionId: context.nextId('ses'),
    assistant,
    options,
    model: null,
    picked: null,
    iterations: 0,
    iterationLimit: assistant.spec.max_iterations || defaultIterations,
    usage: noUsage,
    budget: openBudget([assistant.spec.budget]),
    toolCalls: 0,
    active: { before: 0, since: performance.now() },
    parent: run,
    history: [],
    compaction: { summary: null, failed: false },
    plan: null,
    leaf: null,
    openStep: null,
    recovered: false,
    warned: new Set(),
    depth: run.depth + 1,
    level: run.level + 1,
    signal: call.signal,
  }
  const message = taskMessage(context, task)
  const subject = subjectOf(child)
  const events: EventBody[] = [
    { type: 'user_message', message_id: message.id, message },
    {
      type: 'stream_started',
      agent_info: {
        model: assistant.model(undefined).id,
        description: assistant.spec.description ?? '',
        version: assistant.snapshot.version,
      },
    },
    { type: 'step_started', step: 1 },
  ]
  const switching: EventBody = {
    type: 'agent_switching',
    switching: true,
    from_agent: run.assistant.name,
    to_agent: task.agent,
  }
  const result = await run.log.commit({
    events: [
      { subject: subjectOf(run), body: switching },
      ...events.map((body) => ({ subject, body })),
    ],
    subRuns: [
      {
        sessionId: child.sessionId,
        parentSessionId: run.sessionId,
        rootSessionId: run.rootSessionId,
        title: taskTitle(task),
        run: toRunChange(child),
        budget: child.budget,
        agent: assistant.snapshot.name,
        agentVersion: pinOf(assistant.snapshot),
        options: JSON.stringify(options),
        parentRunId: run.id,
        parentCallId: call.callId,
      },
    ],
  })
  child.settings = result.settings
  child.history = [message]
  child.leaf = message.id
  child.openStep = { step: 1, seq: result.lastSeq, stale: false }
  return child
}

function toTask({ agent, task, expected_output }: Record<string, unknown>): AgentTask {
  return {
    agent: String(agent),
    task: String(task),
    ...(expected_output ? { expectedOutput: String(expected_output) } : {}),
  }
}

/** `name` is what the run's team calls the agent of the child. */
function transferEnd(
  run: ActiveRun,
  child: ActiveRun,
  { name, callId }: { name: string; callId: string },
): EventBody[] {
  return [
    {
      type: 'sub_session_completed',
      sub_session_id: child.sessionId,
      tool_call_id: callId,
    },
    {
      type: 'agent_switching',
      switching: false,
      from_agent: name,
      to_agent: run.assistant.name,
    },
  ]
}

function toResult(child: ActiveRun, name: string): ToolResult {
  const answer = child.history.findLast((message) => message.role === 'assistant')
  const whole = answer?.status === 'complete' && !answer.tool_calls
  if (whole) return { output: answer.content, is_error: false }
  const said = answer?.content ? ` It had said:\n${answer.content}` : ''
  return {
    output: `${name} did not finish the task.${said}`,
    is_error: true,
  }
}
