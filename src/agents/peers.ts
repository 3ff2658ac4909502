import { connect, isIPv6 } from 'node:net'
import { parse } from 'smol-toml'
import { z } from 'zod'
import type { Peer } from '#contract/peer.ts'
import { createOnce } from './once.ts'
import { readTextFile, unreadable } from './text-file.ts'

/** Milliseconds until a peer that does not answer counts as gone. */
const probeLimit = 500
/** Milliseconds for which the answers of the peers are kept, so that asking often is cheap. */
const freshFor = 2000
/** Where servers of this kind listen when the file names no port. */
const usualPorts = [8080, 3300]

/**
 * The servers of the peers file with their liveness, this one first. The file is read each time; one
 * that is missing or broken has no peers.
 */
export function createPeers({
  path,
  name,
  onProblem,
  now = () => performance.now(),
}: {
  /** Absolute. */
  path: string
  /** What this instance calls itself. */
  name: string
  onProblem: (line: string) => void
  now?: () => number
}): () => Promise<Peer[]> {
  const self: Peer = { name, ip: null, groups: [], self: true, live: true }
  const report = createOnce(onProblem)
  const probes = new Map<string, { at: number; live: Promise<boolean> }>()

  function isLive(address: string): Promise<boolean> {
    const known = probes.get(address)
    if (known && now() - known.at < freshFor) return known.live
    const live = probe(address)
    probes.set(address, { at: now(), live })
    return live
  }

  return async () => {
    const text = await readTextFile(path)
    const { peers, problems } = readPeers(text)
    report(
      path,
      problems.map((problem) => `${path}: the peers cannot be read: ${problem}`),
    )
    const addresses = new Set(peers.map(({ ip }) => ip))
    for (const address of probes.keys()) if (!addresses.has(address)) probes.delete(address)
    const others = peers.map(async (peer) => ({
      ...peer,
      self: false,
      live: peer.ip !== null && (await isLive(peer.ip)),
    }))
    return [self, ...(await Promise.all(others))]
  }
}

const PeersFile = z.object({
  peers: z
    .record(
      z.string(),
      z.object({
        ip: z.string().min(1).nullable().catch(null).default(null),
        groups: z.array(z.string()).catch([]).default([]),
      }),
    )
    .default({}),
})

type Reading = { peers: Pick<Peer, 'name' | 'ip' | 'groups'>[]; problems: string[] }

/** A file that is not there has no peers, and nothing is wrong with that. */
function readPeers(text: string | Error): Reading {
  if (text instanceof Error) {
    const isMissing = 'code' in text && text.code === 'ENOENT'
    return { peers: [], problems: isMissing ? [] : [unreadable(text).message] }
  }
  try {
    const { peers } = PeersFile.parse(parse(text))
    const entries = Object.entries(peers)
    return { peers: entries.map(([name, { ip, groups }]) => ({ name, ip, groups })), problems: [] }
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { peers: [], problems: [reason] }
  }
}

async function probe(address: string): Promise<boolean> {
  const place = placeOf(address)
  if (!place) return false
  const ports = place.port === undefined ? usualPorts : [place.port]
  const answers = await Promise.all(ports.map((port) => takesConnection(place.host, port)))
  return answers.includes(true)
}

function placeOf(address: string): { host: string; port?: number } | undefined {
  if (isIPv6(address)) return { host: address }
  const url = URL.parse(/^\w+:\/\//.test(address) ? address : `tcp://${address}`)
  if (!url || url.hostname === '') return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const usual = { 'http:': 80, 'https:': 443 }[url.protocol]
  const port = url.port === '' ? usual : Number(url.port)
  return port === undefined ? { host } : { host, port }
}

function takesConnection(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeLimit })
    function settle(live: boolean): void {
      socket.destroy()
      resolve(live)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}
