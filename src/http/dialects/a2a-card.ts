import type { AgentCommand, AgentSpec } from '#contract/agent-file.ts'
import type { Call } from './dialect.ts'

/** The version of the protocol that is spoken. */
export const protocolVersion = '1.0'

type Snapshot = NonNullable<ReturnType<Call['house']['agents']['get']>>

/** The card of an agent: where it answers, and what it is for. */
export function toCard({ name, version, file }: Snapshot, { origin, header }: Call): object {
  const spec = file.agents.root ?? Object.values(file.agents)[0] ?? {}
  const url = `${origin}/a2a/${encodeURIComponent(name)}`
  const bearer = { schemes: { bearer: { list: [] } } }
  return {
    name,
    description: describe(name, spec),
    supportedInterfaces: ['JSONRPC', 'HTTP+JSON'].map((protocolBinding) => ({
      url,
      protocolBinding,
      protocolVersion,
    })),
    version: file.metadata?.version ?? version,
    capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: false },
    securitySchemes: {
      bearer: { httpAuthSecurityScheme: { scheme: 'bearer', description: 'A key of this server' } },
    },
    // Whoever had to show a key to read this has to show it again.
    securityRequirements: header('authorization') === undefined ? [] : [bearer],
    defaultInputModes: inputModes,
    defaultOutputModes: outputModes(spec),
    skills: skillsOf(name, spec),
  }
}

const inputModes = ['text/plain', 'application/json', 'image/*', 'application/pdf']

function outputModes({ structured_output }: AgentSpec): string[] {
  return structured_output ? ['application/json'] : ['text/plain']
}

function describe(name: string, { description }: AgentSpec): string {
  return description ?? `The agent ${name}`
}

/** What it is for, and each of its commands. */
function skillsOf(name: string, spec: AgentSpec): object[] {
  const commands = Object.entries<string | AgentCommand>(spec.commands ?? {}).map(
    ([command, value]) => {
      const text = typeof value === 'string' ? value : (value.description ?? value.instruction)
      return {
        id: command,
        name: command,
        description: text.slice(0, 500),
        tags: ['command'],
        examples: [`/${command}`],
      }
    },
  )
  const whole = { id: name, name, description: describe(name, spec), tags: ['agent'] }
  return [whole, ...commands]
}
