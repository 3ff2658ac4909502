import { expect, test } from 'vitest'
import type { EventBody, RuntimeEvent } from '#contract/event.ts'
import type { ToolDefinition } from '#contract/tool.ts'
import { createCagentView } from '#http/dialects/cagent-view.ts'
import { call, log, message, usage } from '../support/event-log.ts'
import { type CagentEvent, typesOf } from './cagent-client.ts'

const team = [
  {
    name: 'root',
    description: 'Leads',
    provider: 'openai',
    model: 'gpt-5-mini',
    welcomeMessage: 'Hello',
    commands: { fix: { description: 'Fixes', instruction: 'Fix it' } },
    equipped: false,
  },
  { name: 'helper', description: 'Helps', provider: 'openai', model: 'gpt-5', equipped: true },
]

const readFile: ToolDefinition = {
  name: 'read_file',
  description: 'Reads',
  parameters: { type: 'object' },
  annotations: { title: 'Read', read_only: true, open_world: false },
  effect: 'read',
}

const begin: EventBody[] = [
  { type: 'user_message', message_id: 'msg_0', message: message('user', 'Before') },
  { type: 'user_message', message_id: 'msg_1', message: message('user', 'Hello!') },
  {
    type: 'stream_started',
    agent_info: { model: 'openai/gpt-5-mini', description: 'Leads', version: '1' },
  },
  { type: 'step_started', step: 1 },
]
const end: EventBody = { type: 'stream_stopped', reason: 'completed', completed: true, usage }

test('a run of text is the documented ten events, in their order', () => {
  const frames = show(
    log(
      ...begin,
      { type: 'agent_choice', content: 'Hello! How', part: 0, offset: 0 },
      added('assistant', 'Hello! How'),
      {
        type: 'token_usage',
        usage: { ...usage, input_tokens: 7, context_length: 9, context_limit: null, cost: 0.1 },
        totals: { ...usage, cost: 0.5 },
      },
      end,
    ),
  )
  const session_id = 'ses_1'
  expect(frames.map(({ id: _, ...frame }) => frame)).toEqual(
    [
      {
        type: 'agent_info',
        model: 'openai/gpt-5-mini',
        description: 'Leads',
        welcome_message: 'Hello',
      },
      {
        type: 'team_info',
        available_agents: [
          {
            name: 'root',
            description: 'Leads',
            provider: 'openai',
            model: 'gpt-5-mini',
            commands: { fix: { description: 'Fixes', instruction: 'Fix it' } },
          },
          { name: 'helper', description: 'Helps', provider: 'openai', model: 'gpt-5' },
        ],
        current_agent: 'root',
      },
      { type: 'toolset_info', available_tools: 1, loading: false },
      { type: 'user_message', message: 'Hello!', session_id, session_position: -1 },
      { type: 'stream_started', session_id },
      { type: 'toolset_info', available_tools: 1, loading: false },
      { type: 'agent_choice', content: 'Hello! How', session_id },
      { type: 'message_added', session_id },
      {
        type: 'token_usage',
        session_id,
        usage: {
          input_tokens: 7,
          output_tokens: 0,
          context_length: 9,
          context_limit: 0,
          cost: 0.5,
          last_message: {
            input_tokens: 7,
            output_tokens: 0,
            cached_input_tokens: 0,
            cached_write_tokens: 0,
            Cost: 0.1,
            Model: 'openai/gpt-5-mini',
          },
        },
      },
      { type: 'stream_stopped', session_id },
    ].map((frame) => ({
      ...frame,
      agent: 'root',
      agent_name: 'root',
      timestamp: '2026-01-31T12:00:00.000Z',
    })),
  )
  // The id is on the last frame of an event, so that none is passed over by who comes back with it.
  expect(frames.map(({ id }) => id)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
  ])
})

test('arguments are told cumulatively, and a call keeps its definition to the end', () => {
  const delta = (arguments_delta: string, offset: number): EventBody => ({
    type: 'partial_tool_call',
    tool_call_id: 'call_1',
    name: 'read_file',
    arguments_delta,
    offset,
  })
  const tool_call = call('call_1')
  const frames = show(
    log(
      ...begin,
      delta('{"pa', 0),
      delta('th":"a"}', 4),
      { type: 'step_restarted', step: 1, keep_to: 4, reason: 'recovered' },
      delta('{}', 0),
      added('assistant', '', ['call_1']),
      {
        type: 'tool_call_confirmation',
        tool_call,
        tool_definition: readFile,
        approval_id: 'apr_1',
        expires_at: '2026-02-01T12:00:00.000Z',
      },
      { type: 'tool_call', tool_call, tool_definition: readFile, executor: 'server' },
      { type: 'tool_call_output', tool_call_id: 'call_1', content: 'half' },
      {
        type: 'tool_call_response',
        tool_call,
        response: 'gone',
        result: {
          output: 'gone',
          is_error: true,
          images: [{ data: 'AA', mime_type: 'image/png' }],
        },
        state: 'failed',
        duration_ms: 1,
      },
      added('tool', 'gone'),
    ),
  ).slice(6)
  expect(typesOf(frames)).toEqual([
    'partial_tool_call',
    'partial_tool_call',
    'partial_tool_call',
    'message_added',
    'tool_call_confirmation',
    'tool_call',
    'tool_call_response',
    'message_added',
  ])
  const partial = frames.slice(0, 3).map((frame) => (frame.tool_call as typeof tool_call).function)
  expect(partial.map((each) => each.arguments)).toEqual(['{"pa', '{"path":"a"}', '{}'])
  const tool_definition = {
    name: 'read_file',
    category: '',
    description: 'Reads',
    parameters: { type: 'object' },
    annotations: { title: 'Read', readOnlyHint: true, openWorldHint: false },
    outputSchema: null,
  }
  expect(frames.map((frame) => frame.tool_definition).filter((each) => each)).toEqual(
    Array(6).fill(tool_definition),
  )
  expect(frames[6]).toMatchObject({
    tool_call,
    tool_call_id: 'call_1',
    response: 'gone',
    result: { output: 'gone', isError: true, images: [{ data: 'AA', mimeType: 'image/png' }] },
  })
})

test('a sub-agent streams inside, and its session is told whole; only the root ends the stream', () => {
  const inner = log(...begin.slice(1), added('assistant', 'Four', ['call_x']), end).map(
    (event) => ({ ...event, session_id: 'ses_2', run_id: 'run_2', agent: 'helper' }),
  )
  const view = createView()
  const frames = [
    ...log(...begin, switching(true)),
    ...inner,
    ...log(
      { type: 'sub_session_completed', sub_session_id: 'ses_2', tool_call_id: 'call_1' },
      switching(false),
    ),
  ].flatMap((event) => read(view.show(event)))
  expect(typesOf(frames.slice(6))).toEqual([
    'agent_switching',
    'agent_info',
    'agent_info',
    'team_info',
    'user_message',
    'stream_started',
    'message_added',
    'stream_stopped',
    'sub_session_completed',
    'agent_switching',
    'agent_info',
  ])
  expect(frames[7]).toMatchObject({ agent_name: 'helper', model: 'openai/gpt-5' })
  expect(frames.at(-1)).toMatchObject({ agent_name: 'root', model: 'openai/gpt-5-mini' })
  expect(frames.find(({ type }) => type === 'sub_session_completed')).toMatchObject({
    parent_session_id: 'ses_1',
    sub_session: {
      id: 'ses_2',
      title: 'Transferred task',
      tools_approved: true,
      SendUserMessage: true,
      messages: [
        { message: { agentName: '', message: { role: 'user', content: 'Hello!' } } },
        { message: { message: { role: 'assistant', tool_calls: [call('call_x')] } } },
      ],
    },
  })
  expect(view.isOver()).toBe(false)
  for (const event of log(end)) view.show(event)
  expect(view.isOver()).toBe(true)
})

test('arguments of agents that work at once stay apart', () => {
  const view = createView()
  const delta = (session: string, arguments_delta: string, offset: number) => {
    const [event] = log({
      type: 'partial_tool_call',
      tool_call_id: 'call_1',
      name: 'read_file',
      arguments_delta,
      offset,
    })
    return event && view.show({ ...event, session_id: session })
  }
  delta('ses_2', '{"a', 0)
  delta('ses_3', '{"b', 0)
  for (const event of log(added('assistant', ''))) view.show({ ...event, session_id: 'ses_3' })
  expect(read(delta('ses_2', '":1}', 3) ?? '')).toMatchObject([
    { tool_call: { function: { arguments: '{"a":1}' } } },
  ])
})

test('an agent with toolsets tells each listing of them', () => {
  const view = createCagentView({ ...around, tools: { agent: 'helper', definitions: [] } })
  const frames = log(...begin.slice(2)).flatMap((event) =>
    read(view.show({ ...event, agent: 'helper' })),
  )
  const listing = ['mcp_init_started', 'mcp_init_finished', 'toolset_info']
  expect(typesOf(frames)).toEqual([
    'agent_info',
    'team_info',
    ...listing,
    'stream_started',
    ...listing,
  ])
})

test('everything else is told in its words, and what it has no word for is left out', () => {
  const expires_at = '2026-02-01T12:00:00.000Z'
  const frames = show(
    log(
      { type: 'session_title', title: 'Greeting' },
      { type: 'session_compaction', status: 'started' },
      { type: 'session_summary', summary: 'They met' },
      { type: 'session_compaction', status: 'failed' },
      {
        type: 'model_fallback',
        failed_model: 'a/b',
        fallback_model: 'c/d',
        reason: 'model_error',
        attempt: 1,
        max_attempts: 2,
      },
      {
        type: 'elicitation_request',
        elicitation_id: 'eli_1',
        message: 'How old?',
        mode: 'form',
        schema: { type: 'object' },
        expires_at,
      },
      { type: 'run_waiting', reason: 'elicitation' },
      { type: 'run_resumed', reason: 'elicitation' },
      { type: 'plan_updated', plan: '1.', updated: false },
      { type: 'agent_choice_reasoning', content: 'hm', part: 0, offset: 0 },
      { type: 'max_iterations_reached', limit: 3 },
      { type: 'run_waiting', reason: 'max_iterations' },
      { type: 'budget_exceeded', limit: 'cost', allowed: 1, spent: 2 },
      { type: 'warning', message: 'Careful', code: 'price_unknown' },
      { type: 'error', error: 'The model failed', code: 'model_error', retryable: false },
    ),
  ).map(({ agent: _, agent_name: __, timestamp: ___, id: ____, ...frame }) => frame)
  expect(frames).toEqual([
    { type: 'session_title', session_id: 'ses_1', title: 'Greeting' },
    { type: 'session_compaction', session_id: 'ses_1', status: 'started' },
    { type: 'session_summary', session_id: 'ses_1', summary: 'They met' },
    { type: 'warning', message: 'The history could not be summarised' },
    { type: 'session_compaction', session_id: 'ses_1', status: 'completed' },
    {
      type: 'model_fallback',
      failed_model: 'a/b',
      fallback_model: 'c/d',
      reason: 'model_error',
      attempt: 1,
      max_attempts: 2,
    },
    {
      type: 'elicitation_request',
      message: 'How old?',
      mode: 'form',
      schema: { type: 'object' },
      elicitation_id: 'eli_1',
    },
    { type: 'agent_choice_reasoning', content: 'hm', session_id: 'ses_1' },
    { type: 'max_iterations_reached', max_iterations: 3 },
    { type: 'warning', message: expect.stringContaining('cost: 2 of 1') },
    { type: 'warning', message: 'Careful' },
    { type: 'error', error: 'The model failed', code: 'model_error' },
  ])
})

test('a limit at which nobody is asked is told at the end of the stream only', () => {
  const frames = show(
    log(
      { type: 'max_iterations_reached', limit: 3 },
      { type: 'stream_stopped', reason: 'max_iterations', completed: false, usage },
    ),
  )
  expect(typesOf(frames)).toEqual(['warning', 'stream_stopped'])
  expect(frames[0]).toMatchObject({ message: expect.stringContaining('max_iterations limit (3)') })
})

const around = {
  run: { id: 'run_1', session_id: 'ses_1' },
  session: { tools_approved: true, thinking: false, working_dir: null },
  team,
}

function createView() {
  return createCagentView({ ...around, tools: { agent: 'root', definitions: [readFile] } })
}

function show(events: RuntimeEvent[]) {
  const view = createView()
  return events.flatMap((event) => read(view.show(event)))
}

function read(text: string): (CagentEvent & { id: string | undefined })[] {
  const blocks = text.split('\n\n').filter((block) => block !== '')
  return blocks.map((block) => {
    const [, id, data = ''] = /^(?:id: (\d+)\n)?data: (.*)$/.exec(block) ?? []
    return { ...JSON.parse(data), id }
  })
}

test('a call that a hook denies is told as blocked before its response', () => {
  const denied: EventBody = {
    type: 'tool_call_response',
    tool_call: call('call_1'),
    response: 'A hook of the agent denies this call: no',
    result: { output: 'A hook of the agent denies this call: no', is_error: true },
    state: 'denied',
    duration_ms: 0,
  }
  const byHook = show(log(...begin, { ...denied, denied_by: 'hook' }, end)).slice(6, -1)
  expect(typesOf(byHook)).toEqual(['hook_blocked', 'tool_call_response'])
  expect(byHook[0]).toMatchObject({
    tool_call: call('call_1'),
    tool_definition: { name: 'read_file' },
    message: expect.stringContaining('denies this call: no'),
  })
  expect(typesOf(show(log(...begin, denied, end)).slice(6, -1))).toEqual(['tool_call_response'])
})

function added(role: 'assistant' | 'tool', content: string, calls: string[] = []): EventBody {
  return { type: 'message_added', message_id: 'msg_2', message: message(role, content, calls) }
}

function switching(on: boolean): EventBody {
  const [from_agent, to_agent] = on ? ['root', 'helper'] : ['helper', 'root']
  return {
    type: 'agent_switching',
    switching: on,
    from_agent: `${from_agent}`,
    to_agent: `${to_agent}`,
  }
}
