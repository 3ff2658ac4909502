import type { App } from './app.ts'
import type { RecordedRequest, ScriptedAnswer } from './model-server.ts'

/** Answers by the agent that asks, told by its instruction: agents that work at once keep theirs. */
export function createTeamScript<Name extends string>(instructions: Record<Name, string>) {
  const answers = new Map<string, ScriptedAnswer[]>()
  const rules = new Map<string, (request: RecordedRequest) => ScriptedAnswer>()

  function script(request: RecordedRequest): ScriptedAnswer {
    const prompt = String(request.body.messages.find(({ role }) => role === 'system')?.content)
    const [name = ''] = Object.entries<string>(instructions).find(isIn(prompt)) ?? []
    const answer = answers.get(name)?.shift() ?? rules.get(name)?.(request)
    if (!answer) throw new Error(`nothing is scripted for ${name || prompt}`)
    return answer
  }

  function say(name: Name, ...more: ScriptedAnswer[]): void {
    answers.set(name, [...(answers.get(name) ?? []), ...more])
  }

  return {
    script,
    /** Adds answers of one agent. */
    say,
    /** What one agent answers when nothing is left. */
    sayAlways: (name: Name, rule: (request: RecordedRequest) => ScriptedAnswer) =>
      void rules.set(name, rule),
    /** The app as journeys take it, whose pushed answers are those of one agent. */
    withPush: (app: App, name: Name): App => ({
      ...app,
      model: { ...app.model, push: (...more) => say(name, ...more) },
    }),
  }
}

function isIn(prompt: string) {
  return ([, text]: [string, string]) => prompt.includes(text)
}

/** An answer that calls one tool. */
export function calling(name: string, args: Record<string, unknown>, id?: string): ScriptedAnswer {
  return { toolCalls: [{ name, arguments: args, ...(id ? { id } : {}) }] }
}
