import { readFile, writeFile } from 'node:fs/promises'
import { z } from '@hono/zod-openapi'
import { AgentFile } from '#contract/agent-file.ts'

/**
 * Writes the JSON Schema of agent files, from which editors complete and check them. With
 * `--check` it compares instead, and fails when the committed one is old.
 */
const target = new URL('agent-file.schema.json', import.meta.url)
const text = `${JSON.stringify(agentFileSchema(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  await writeFile(target, text)
} else if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
  console.error('openapi/agent-file.schema.json is old; run npm run openapi and commit it')
  process.exitCode = 1
}

function agentFileSchema(): object {
  const schema = z.toJSONSchema(AgentFile, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // The limits of doubles say nothing about the field.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return { title: 'Parley agent file', ...schema }
}
