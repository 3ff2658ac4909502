import { basename, resolve } from 'node:path'
import { loadAgent } from '#agents/load.ts'
import { AgentFileError, problemLine } from '#agents/problem.ts'
import { pushArtifact } from '#agents/registry-artifact.ts'
import { createRegistryConnection } from '#agents/registry-connection.ts'
import { readCredentials } from '#agents/registry-credentials.ts'
import { parseReference } from '#agents/registry-reference.ts'
import { listSource, resolveSource } from '#agents/sources.ts'
import { readTextFile } from '#agents/text-file.ts'
import { isToml } from '#agents/toml-source.ts'
import { writeYaml } from '#agents/yaml-edit.ts'
import type { AgentSnapshot } from '#runtime/catalog.ts'
import { version } from '../config.ts'
import { createRegistryFetch } from '../registry-fetch.ts'
import { readArguments } from './arguments.ts'
import { exitCodes, UsageError } from './failure.ts'
import { serveOptions } from './options.ts'
import type { World } from './world.ts'

/** Puts one agent file into a registry, and prints where it is now. */
export async function push(argv: readonly string[], world: World): Promise<number> {
  const options = serveOptions.filter(({ name }) => name === 'insecure-registry')
  const { positionals, given } = readArguments(argv, options)
  const [file, text, ...rest] = positionals
  if (file === undefined || text === undefined || rest.length > 0) {
    throw new UsageError('name a file and where it goes: parley push FILE registry/name:tag')
  }
  const reference = parseReference(text)
  if (reference.digest !== null) {
    throw new UsageError(`${text}: give a tag; the digest follows from what is pushed`)
  }
  const artifact = await readArtifact(file, world)
  const { environment } = world
  const insecure = given.get('insecure-registry')?.values ?? []
  const connection = createRegistryConnection({
    reference,
    insecureRegistries: insecure,
    credentials: await readCredentials(reference.registry, environment),
    fetch: createRegistryFetch({ references: [text], insecure, allowHosts: [] }),
    signal: new AbortController().signal,
  })
  const digest = await pushArtifact(connection, reference, artifact)
  world.write(`${text}: pushed, ${digest}`)
  return exitCodes.ok
}

async function readArtifact(source: string, { directory, environment }: World) {
  const resolved = await resolveSource(source, directory)
  if (resolved.kind === 'directory') throw new UsageError(`${source} is a directory; name a file`)
  const [file] = await listSource(resolved)
  const loaded = await loadAgent(file ?? resolved.file, environment)
  if ('problems' in loaded) {
    throw new AgentFileError(loaded.problems.map((problem) => problemLine(source, problem)))
  }
  const { snapshot, dependencies } = loaded
  const path = resolve(directory, source)
  refusePromptFiles(snapshot, source)
  // What the file names is not there where it is pulled, so that it is pushed with it.
  const isWhole = dependencies.length === 0 && !isToml(path)
  const text = isWhole ? String(await readTextFile(path)) : writeYaml(snapshot.file)
  return { text, annotations: annotationsOf(snapshot, path) }
}

function refusePromptFiles({ file }: AgentSnapshot, source: string): void {
  const named = Object.values(file.agents).flatMap((agent) => agent.add_prompt_files ?? [])
  if (named.length === 0) return
  throw new AgentFileError([
    `${source}: add_prompt_files (${named.join(', ')}) cannot be pushed; put the text into the instruction`,
  ])
}

/** Docker's own tools pull only what has a version of theirs. */
function annotationsOf({ file: { metadata } }: AgentSnapshot, path: string) {
  const { author, license, version: revision } = metadata ?? {}
  const optional = {
    'org.opencontainers.image.authors': author,
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.revision': revision,
  }
  const given = Object.entries(optional).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return {
    'io.docker.cagent.version': version,
    'io.docker.agent.version': version,
    'org.opencontainers.image.created': new Date().toISOString(),
    'org.opencontainers.image.description': `OCI artifact containing ${basename(path)}`,
    ...Object.fromEntries(given),
  }
}
