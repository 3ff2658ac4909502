import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import type { Resolve } from '#tools/guarded-fetch.ts'

/** What a name answers: addresses of both families and the names on the way to them. */
export type DnsAnswer = { a?: string[]; aaaa?: string[]; through?: string[] }
/** `asked` counts the questions about this name, from 1; null: there is no such name. */
export type DnsZone = (name: string, asked: number) => DnsAnswer | null | 'silence'

/** A DNS server over UDP on loopback, and the way to ask it that a connection's lookup takes. */
export async function startDnsServer(zone: DnsZone) {
  const questions: string[] = []
  const answers = new Map<string, { answer: ReturnType<DnsZone>; types: Set<number> }>()
  const counts = new Map<string, number>()
  const socket = createSocket('udp4')

  /** Both families of one lookup are asked at once, and get the same answer. */
  function answerTo(name: string, type: number): ReturnType<DnsZone> {
    const known = answers.get(name)
    if (known && !known.types.has(type)) {
      known.types.add(type)
      return known.answer
    }
    const asked = (counts.get(name) ?? 0) + 1
    counts.set(name, asked)
    questions.push(name)
    const answer = zone(name, asked)
    answers.set(name, { answer, types: new Set([type]) })
    return answer
  }

  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query)
    const type = query.readUInt16BE(end)
    const answer = answerTo(name.toLowerCase(), type)
    if (answer === 'silence') return
    socket.send(toReply(query.subarray(0, end + 4), { name, type, answer }), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const resolver = new Resolver({ timeout: 200, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])

  const resolve: Resolve = async (hostname) => {
    const found = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ])
    const addresses = found.flatMap((result, index) =>
      result.status === 'fulfilled'
        ? result.value.map((address) => ({ address, family: index === 0 ? 4 : 6 }))
        : [],
    )
    if (addresses.length === 0) throw new Error(`${hostname} has no address`)
    return addresses
  }
  return {
    resolve,
    /** The lookups, by name. */
    questions,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  }
}

const types = { a: 1, cname: 5, aaaa: 28 }

/** The name of the one question, and where it ends. */
function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}

function toReply(
  question: Buffer,
  { name, type, answer }: { name: string; type: number; answer: DnsAnswer | null },
): Buffer {
  const records = answer === null ? [] : recordsOf(name, type, answer)
  const head = Buffer.from(question)
  // A response with recursion; 3 says that there is no such name. Nothing additional is sent.
  head.writeUInt16BE(0x8180 | (answer === null ? 3 : 0), 2)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...records])
}

function recordsOf(name: string, type: number, answer: DnsAnswer): Buffer[] {
  const names = [name, ...(answer.through ?? [])]
  const links = names
    .slice(1)
    .map((next, index) => record(names[index] ?? name, types.cname, encodeName(next)))
  const last = names.at(-1) ?? name
  const data = type === types.a ? (answer.a ?? []).map(encode4) : (answer.aaaa ?? []).map(encode6)
  return [...links, ...data.map((bytes) => record(last, type, bytes))]
}

/** Class IN, kept for no time at all. */
function record(name: string, type: number, data: Buffer): Buffer {
  const fields = Buffer.alloc(10)
  fields.writeUInt16BE(type, 0)
  fields.writeUInt16BE(1, 2)
  fields.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(name), fields, data])
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'))
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ])
}

function encode4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** All eight groups written out. */
function encode6(address: string): Buffer {
  const bytes = Buffer.alloc(16)
  for (const [index, group] of address.split(':').entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  }
  return bytes
}
