import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { fieldsOf } from './protobuf.ts'

export type CollectedSpan = {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  /** internal, server, client … */
  kind: string
  attributes: Record<string, unknown>
  isError: boolean
  milliseconds: number
}

/** An endpoint for traces over OTLP, as http/protobuf; `status` is what it answers with. */
export async function startCollector() {
  const spans: CollectedSpan[] = []
  const resources: Record<string, unknown>[] = []
  const requests: { path: string; headers: IncomingHttpHeaders }[] = []
  const state = { status: 200 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers })
      if (state.status === 200) {
        const body = Buffer.concat(chunks)
        const isZipped = request.headers['content-encoding'] === 'gzip'
        for (const resource of readExport(isZipped ? gunzipSync(body) : body)) {
          resources.push(resource.attributes)
          spans.push(...resource.spans)
        }
      }
      response.writeHead(state.status, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    resources,
    requests,
    state,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** ExportTraceServiceRequest of opentelemetry-proto 1.x. */
function readExport(bytes: Uint8Array) {
  return messages(bytes, 1).map((resourceSpans) => ({
    attributes: readAttributes(messages(resourceSpans, 1)[0] ?? new Uint8Array(), 1),
    spans: messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map(readSpan)),
  }))
}

function readSpan(bytes: Uint8Array): CollectedSpan {
  const fields = fieldsOf(bytes)
  const first = (number: number) => fields.find((field) => field.number === number)
  const hex = (number: number) => Buffer.from(first(number)?.bytes ?? []).toString('hex')
  const status = first(15)?.bytes
  const took = (first(8)?.value ?? 0n) - (first(7)?.value ?? 0n)
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    name: Buffer.from(first(5)?.bytes ?? []).toString(),
    kind: kinds[Number(first(6)?.value ?? 0n)] ?? 'unspecified',
    attributes: readAttributes(bytes, 9),
    isError: fieldsOf(status ?? new Uint8Array()).some(
      ({ number, value }) => number === 3 && value === 2n,
    ),
    milliseconds: Number(took) / 1e6,
  }
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

function readAttributes(bytes: Uint8Array, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(bytes, number).map((pair) => {
      const [key, value] = [messages(pair, 1)[0], messages(pair, 2)[0]]
      return [Buffer.from(key ?? []).toString(), readValue(value ?? new Uint8Array())]
    }),
  )
}

/** AnyValue: string, bool, int, double, array. */
function readValue(bytes: Uint8Array): unknown {
  const [field] = fieldsOf(bytes)
  if (!field) return null
  const { number, value = 0n, bytes: inner = new Uint8Array() } = field
  if (number === 1) return Buffer.from(inner).toString()
  if (number === 2) return value === 1n
  if (number === 3) return Number(BigInt.asIntN(64, value))
  if (number === 4) return doubleOf(value)
  return messages(inner, 1).map(readValue)
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

function messages(bytes: Uint8Array, number: number): Uint8Array[] {
  return fieldsOf(bytes).flatMap((field) =>
    field.number === number && field.bytes ? [field.bytes] : [],
  )
}
