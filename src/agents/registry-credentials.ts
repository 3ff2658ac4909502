import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { usualRegistry } from './registry-reference.ts'

/** What a registry is shown when it asks who is there. */
export type Credentials =
  | { kind: 'none' }
  /** `user:password` in base64, as `docker login` keeps it. */
  | { kind: 'basic'; encoded: string }
  | { kind: 'token'; token: string }

/**
 * What `docker login` has kept for a registry, else `PARLEY_REGISTRY_TOKEN`. Programs that keep
 * credentials (`credsStore`) are not asked.
 */
export async function readCredentials(
  registry: string,
  environment: Record<string, string | undefined>,
): Promise<Credentials> {
  const kept = await readDockerConfig(registry, environment)
  if (kept !== undefined) return { kind: 'basic', encoded: kept }
  const token = environment.PARLEY_REGISTRY_TOKEN
  return token ? { kind: 'token', token } : { kind: 'none' }
}

async function readDockerConfig(
  registry: string,
  { DOCKER_CONFIG, HOME }: Record<string, string | undefined>,
): Promise<string | undefined> {
  const directory = DOCKER_CONFIG || (HOME && join(HOME, '.docker'))
  if (!directory) return undefined
  const path = join(directory, 'config.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const auths = field(parseJson(text, path), 'auths')
  const names = registry === usualRegistry ? [usualRegistryKey, registry] : [registry]
  const keys = names.flatMap((name) => [name, `https://${name}`, `http://${name}`])
  const found = keys.map((key) => field(field(auths, key), 'auth'))
  return found.find((auth) => typeof auth === 'string' && auth !== '') as string | undefined
}

/** The address of an interface that is long gone; Docker still files its own registry under it. */
const usualRegistryKey = 'https://index.docker.io/v1/'

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${path} is not JSON; log in to the registry again`, { cause })
  }
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
