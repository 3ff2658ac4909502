import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { withServer } from './live-server.ts'
import { run } from './run.ts'

const document = join(import.meta.dirname, '../../openapi/openapi.json')

/** Each folder of examples/clients with what its run.sh needs. */
const toolchains: Record<string, string[]> = {
  python: ['python3'],
  go: ['go'],
  rust: ['cargo', 'java', 'mvn'],
  java: ['javac', 'mvn'],
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((language) => !(language in toolchains))
if (unknown.length > 0) {
  console.error(
    `There is no client in ${unknown.join(', ')}; there are ${Object.keys(toolchains).join(', ')}`,
  )
  process.exit(2)
}

const outcomes: string[] = []
await withServer(async ({ url, folder }) => {
  for (const [language, programs] of Object.entries(toolchains)) {
    if (chosen.length > 0 && !chosen.includes(language)) continue
    const missing = programs.filter((program) => !isInstalled(program))
    outcomes.push(
      `${language}: ${missing.length > 0 ? `skipped, ${missing.join(' and ')} missing` : await outcome(language, { url, folder })}`,
    )
  }
})
console.log(`\n${outcomes.join('\n')}`)

async function outcome(
  language: string,
  { url, folder }: { url: string; folder: string },
): Promise<string> {
  console.log(`\n== ${language}`)
  try {
    await run('sh', ['run.sh', url], {
      cwd: join(folder, language),
      environment: { DOCUMENT: document },
    })
    return 'passed'
  } catch (failure) {
    process.exitCode = 1
    return `failed: ${failure instanceof Error ? failure.message : failure}`
  }
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
