import { readFile } from 'node:fs/promises'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import type { AgentSettings } from './agent-variant.ts'
import { ConfigError } from './commands/failure.ts'

/** What of `pawan.toml` is honoured; the rest is for its own programs and passed over. */
const PawanConfig = z.object({
  provider: z.string().min(1).max(100).optional(),
  model: z.string().min(1).max(200).optional(),
  base_url: z.url().optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.int().min(1).optional(),
  permissions: z
    .record(
      z.string().regex(/^[^:]{1,256}$/, 'must be the name of a tool'),
      z.enum(['allow', 'deny', 'prompt']),
    )
    .optional(),
})
type PawanConfig = z.infer<typeof PawanConfig>

/**
 * The settings for agents that answer for pawan; null when there are none. A file that was named
 * must be there. Throws a `ConfigError` that says what is wrong with it.
 */
export async function readPawanConfig({
  path,
  named,
}: {
  path: string
  named: boolean
}): Promise<AgentSettings | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (!named && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw new ConfigError(`${path} cannot be read: ${error.code ?? error.message}`)
  })
  return text === null ? null : toSettings(readConfig(text, path), path)
}

function readConfig(text: string, path: string): PawanConfig {
  const result = PawanConfig.safeParse(parseToml(text, path))
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new ConfigError(`${path}: ${faults.join('; ')}`)
}

function parseToml(text: string, path: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason] = error.message.split('\n')
    throw new ConfigError(`${path}:${error.line}:${error.column}: not valid TOML: ${reason}`, {
      cause: error,
    })
  }
}

function toSettings(config: PawanConfig, path: string): AgentSettings {
  const { permissions = {}, model, provider, base_url, temperature, max_tokens } = config
  if (model === undefined && (provider ?? base_url) !== undefined) {
    throw new ConfigError(`${path}: provider and base_url need a model beside them`)
  }
  const ruled = (rule: string) =>
    Object.keys(permissions).filter((tool) => permissions[tool] === rule)
  return {
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
    ...(base_url !== undefined && { base_url }),
    ...(temperature !== undefined && { temperature }),
    ...(max_tokens !== undefined && { max_tokens }),
    allow: ruled('allow').flatMap(namesHere),
    ask: ruled('prompt').flatMap(namesHere),
    deny: ruled('deny').flatMap(namesHere),
  }
}

/** Its tools that do here under another name what they do there. */
const otherNames: Record<string, string> = { bash: 'shell', grep_search: 'search_files_content' }

function namesHere(tool: string): string[] {
  return Object.hasOwn(otherNames, tool) ? [tool, otherNames[tool] ?? tool] : [tool]
}
