import { lookup } from 'node:dns/promises'
import { registryHost } from '#agents/registry-connection.ts'
import { parseReference } from '#agents/registry-reference.ts'
import { createGuardedFetch, type GuardedFetch } from '#tools/guarded-fetch.ts'

/** The way to registries: those that the operator named may be internal, where they lead may not. */
export function createRegistryFetch({
  references,
  insecure,
  allowHosts,
}: {
  references: readonly string[]
  insecure: readonly string[]
  allowHosts: readonly string[]
}): GuardedFetch {
  const named = references.map((text) => registryHost(parseReference(text).registry, insecure))
  return createGuardedFetch({
    resolve: (hostname) => lookup(hostname, { all: true }),
    allowHosts: [...allowHosts, ...named],
  })
}
