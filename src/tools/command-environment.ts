import { fillInAll, withOwnReferences } from './header-text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type CommandEnvironment = {
  variables: Record<string, string>
  /** Values of `${env.NAME}` by their names: not to be shown. */
  secrets: Map<string, string>
}

/** What commands get to see of the server's environment, beside what the agent file gives them. */
const allowed = ['PATH', 'HOME', 'LANG', 'TMPDIR']
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Throws an Error that names a variable which the agent file asks for and which is not set. */
export function commandEnvironment(
  environment: Environment,
  variables: Record<string, string> = {},
): CommandEnvironment {
  const given = withOwnReferences(variables)
  const inherited = allowed.flatMap((name) => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value]]
  })
  const secrets = new Map<string, string>()
  for (const [, name = ''] of Object.values(given).join('\n').matchAll(reference)) {
    secrets.set(name, environment[name] ?? '')
  }
  return {
    variables: {
      PATH: usualPath,
      ...Object.fromEntries(inherited),
      ...fillInAll(given, environment),
    },
    secrets,
  }
}

const reference = /\$\{env\.([A-Za-z_][\w-]*)\}/g
