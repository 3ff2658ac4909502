import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createDocument } from '#contract/document.ts'

export const files = {
  document: path('./openapi.json'),
  types: path('../generated/api.d.ts'),
}

/** What openapi.json has to hold. */
export function documentText(): string {
  const { version } = JSON.parse(readFileSync(path('../package.json'), 'utf8'))
  return `${JSON.stringify(createDocument({ version }), null, 2)}\n`
}

/** Writes the types of a document; the generator lives in a workspace with its own compiler. */
export function writeTypes({ document, types }: { document: string; types: string }): void {
  const codegen = path('../tools/codegen')
  const generate = ['run', '--silent', 'generate', '--', document, '--output', types]
  execFileSync('npm', generate, { cwd: codegen, stdio: ['ignore', 'ignore', 'inherit'] })
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
