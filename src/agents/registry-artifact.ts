import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { RegistryAnswer, RegistryConnection } from './registry-connection.ts'
import { parseAnswer, RegistryError } from './registry-connection.ts'
import { digestPattern, type RegistryReference } from './registry-reference.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const olderManifestType = 'application/vnd.docker.distribution.manifest.v2+json'
const configType = 'application/vnd.docker.agent.config.v1+json'
const layerType = 'application/yaml'
/** As large as an agent file may be. */
const mostBytes = 1024 * 1024

const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(digestPattern),
  size: z.int().nonnegative(),
})
const Manifest = z.object({ layers: z.array(Descriptor) })

/**
 * Reads the agent file that a reference stands for; `known` is returned when it is still that one.
 * Each part is held against its digest. Throws a `RegistryError`.
 */
export async function pullArtifact(
  connection: RegistryConnection,
  reference: RegistryReference,
  known?: string,
): Promise<string> {
  const answer = await connection.send(`manifests/${reference.version}`, {
    headers: { accept: `${manifestType}, ${olderManifestType}` },
  })
  if (answer.status !== 200) throw refused(answer, reference)
  checkSize(answer.body.length)
  const digest = reference.digest ?? answer.headers['docker-content-digest']
  if (digest !== undefined) checkDigest(answer.body, digest, 'manifest')
  const layer = readLayer(answer.body, reference)
  if (known !== undefined && digestOf(known) === layer.digest) return known
  checkSize(layer.size)
  const blob = await connection.send(`blobs/${layer.digest}`)
  if (blob.status !== 200) throw refused(blob, reference)
  checkSize(blob.body.length)
  checkDigest(blob.body, layer.digest, 'agent file')
  return blob.body.toString('utf8')
}

/** Puts an agent file under a tag; resolves to the digest of its manifest. Throws a `RegistryError`. */
export async function pushArtifact(
  connection: RegistryConnection,
  reference: RegistryReference,
  { text, annotations }: { text: string; annotations: Record<string, string> },
): Promise<string> {
  checkSize(Buffer.byteLength(text))
  const config = JSON.stringify({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(text)] },
  })
  await pushBlob(connection, reference, text)
  await pushBlob(connection, reference, config)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe(configType, config),
    layers: [describe(layerType, text)],
    annotations,
  })
  const answer = await connection.send(`manifests/${reference.version}`, {
    method: 'PUT',
    headers: { 'content-type': manifestType },
    body: manifest,
  })
  if (answer.status !== 201) throw refused(answer, reference)
  return digestOf(manifest)
}

async function pushBlob(
  connection: RegistryConnection,
  reference: RegistryReference,
  content: string,
): Promise<void> {
  const digest = digestOf(content)
  const found = await connection.send(`blobs/${digest}`, { method: 'HEAD' })
  if (found.status === 200) return
  const begun = await connection.send('blobs/uploads/', { method: 'POST', body: '' })
  const place = URL.parse(begun.headers.location ?? '', begun.url)
  if (begun.status !== 202 || !place) throw refused(begun, reference)
  place.searchParams.set('digest', digest)
  const answer = await connection.send(place.href, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: content,
  })
  if (answer.status !== 201) throw refused(answer, reference)
}

function readLayer(
  body: Buffer,
  { registry, text }: RegistryReference,
): z.infer<typeof Descriptor> {
  const manifest = Manifest.safeParse(parseAnswer(body, registry))
  const [layer, ...others] = manifest.data?.layers ?? []
  if (layer && others.length === 0 && /\byaml\b/.test(layer.mediaType)) return layer
  throw new RegistryError(`${text} is no agent: one layer of the type ${layerType} was expected`)
}

function refused({ status }: RegistryAnswer, { text, registry }: RegistryReference): RegistryError {
  if (status === 401 || status === 403) {
    return new RegistryError(
      `${registry} denies access to ${text}; log in with docker login, or set PARLEY_REGISTRY_TOKEN`,
    )
  }
  if (status === 404) return new RegistryError(`${registry} has no ${text}`)
  return new RegistryError(`${registry} answered ${status}`)
}

function checkSize(bytes: number): void {
  if (bytes > mostBytes) throw new RegistryError('it is larger than 1 MiB, which no agent file is')
}

function checkDigest(content: Buffer, digest: string, what: string): void {
  if (digestOf(content) === digest) return
  throw new RegistryError(`the ${what} is not what its digest ${digest.slice(0, 200)} says`)
}

function describe(mediaType: string, content: string): z.infer<typeof Descriptor> {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) }
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
