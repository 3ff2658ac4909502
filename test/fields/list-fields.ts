import { ofType } from '../journeys/conversation.ts'
import { inToolset } from './in-toolset.ts'
import { callOnce, fileOf, type Look, ofToolset, type Probe, type ProbeOrNone } from './probe.ts'

/** Lists and memories: whose they are. */
export const listFields: Record<string, ProbeOrNone> = {
  ...inToolset('todo', {
    shared: ofShared('todo', {
      add: { name: 'create_todo', arguments: { description: 'Sweep' } },
      list: 'list_todos',
    }),
  }),
  ...inToolset('tasks', {
    shared: ofShared('tasks', {
      add: { name: 'create_task', arguments: { title: 'Sweep' } },
      list: 'list_tasks',
    }),
    path: 'not used',
  }),
  ...inToolset('memory', {
    scope: ofToolset(
      'memory',
      { scope: 'session' },
      {
        look: async (subject) => {
          await callOnce(subject, 'add_memory', { memory: 'Likes tea' })
          const { output } = await callOnce(subject, 'get_memories', {})
          return String(output).includes('Likes tea') ? 'everywhere' : 'only in its session'
        },
        shows: 'only in its session',
      },
    ),
    path: 'not used',
  }),
}

/** What the root writes down, and whether the agent that it gives a task to reads it. */
function ofShared(
  type: string,
  { add, list }: { add: { name: string; arguments: Record<string, unknown> }; list: string },
): Probe {
  const team = (own: object) => {
    const toolsets = [{ type, ...own }]
    const helper = { model: 'scripted', description: 'Helps', toolsets }
    return fileOf({ sub_agents: ['helper'], toolsets }, { agents: { helper } })
  }
  const look: Look = async ({ says, run }) => {
    const task = { agent: 'helper', task: 'Look', expected_output: 'The list' }
    says(
      { toolCalls: [add] },
      { toolCalls: [{ name: 'transfer_task', arguments: task }] },
      { toolCalls: [{ name: list, arguments: {} }] },
    )
    const responses = ofType((await run()).events, 'tool_call_response')
    const listed = responses.find(({ tool_call }) => tool_call.function.name === list)
    return listed?.result.output.includes('Sweep') ? 'shared' : 'own'
  }
  return { file: team({ shared: true }), unlike: team({}), look, shows: 'shared' }
}
