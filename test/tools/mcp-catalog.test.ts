import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { everything, mcpToolset, node } from './mcp-support.ts'
import { callTool, temporaryDirectory, toolContext } from './tool-context.ts'

/** A `docker` whose plugin runs the reference server, and keeps what it was asked. */
async function dockerOnPath(): Promise<string> {
  const directory = await temporaryDirectory()
  const command = join(directory, 'docker')
  const server = `exec "${node}" "${everything}" stdio`
  await writeFile(command, `#!/bin/sh\nexport ASKED="$*"\n${server}\n`)
  await chmod(command, 0o755)
  return `${directory}:${process.env.PATH}`
}

test('a server of the Docker catalog is run by the docker command', async () => {
  const environment = { PATH: await dockerOnPath(), TOKEN: 'secret' }
  const entry = { ref: 'docker:duckduckgo', env: { KEY: '${TOKEN}' }, tools: ['get-env'] }
  const toolset = mcpToolset(entry, { environment })
  const outcome = await callTool(toolset, 'get-env', {}, toolContext())
  if (outcome.type !== 'result') throw new Error('no result')
  expect(JSON.parse(outcome.output)).toMatchObject({
    ASKED: 'mcp gateway run --servers duckduckgo',
    KEY: 'secret',
  })
})

test('an agent that the operator did not name starts no server of the catalog', () => {
  expect(() => mcpToolset({ ref: 'docker:x' }, { allowStdio: false })).toThrow('is not started')
})

test('without docker the server is missed by its name', async () => {
  const toolset = mcpToolset({ ref: 'docker:x' }, { environment: { PATH: '/nowhere' } })
  await expect(toolset.tools(toolContext())).rejects.toThrow(/^docker:x: docker was not found/)
})
