import { appendFile, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { cassetteHead, type Interaction, toYaml } from './cassette.ts'
import type { Exchange, Transport, TransportHandlers, TransportRequest } from './transport.ts'

/**
 * Passes everything through and appends each whole exchange of a model call to `file`, in the form
 * of go-vcr's cassettes. An older file is replaced;
 * a name without an extension gets `.yaml`. Headers are not written, and whatever `secrets`
 * gives is cut out of the rest.
 */
export async function openRecording({
  file: named,
  transport,
  secrets,
}: {
  file: string
  transport: Transport
  secrets: () => Iterable<string>
}): Promise<Transport> {
  const file = extname(named) === '' ? `${named}.yaml` : named
  await writeFile(file, cassetteHead, { mode: 0o600 })
  let count = 0
  let writing: Promise<void> = Promise.resolve()

  function keep(interaction: Interaction, started: number): void {
    const seconds = ((performance.now() - started) / 1000).toFixed(3)
    const text = hide(toYaml(interaction, `${seconds}s`), secrets())
    // A recording that cannot be written must not take the answer away; `close` reports it.
    writing = writing.then(() => appendFile(file, text))
    writing.catch(() => {})
  }

  function send(request: TransportRequest, handlers: TransportHandlers): Exchange {
    if (request.method !== 'POST') return transport.send(request, handlers)
    const id = count++
    const started = performance.now()
    const { method, url, body: requestBody = '' } = request
    const chunks: Buffer[] = []
    let status = 0
    return transport.send(request, {
      onHeaders(code, headers) {
        status = code
        handlers.onHeaders(code, headers)
      },
      onChunk(bytes) {
        chunks.push(bytes)
        handlers.onChunk(bytes)
      },
      onEnd() {
        const responseBody = Buffer.concat(chunks).toString()
        const address = `${url.origin}${url.pathname}`
        keep({ id, method, url: address, requestBody, status, responseBody }, started)
        handlers.onEnd()
      },
      onError: handlers.onError,
    })
  }

  return {
    send,
    async close() {
      await transport.close()
      await writing
    },
  }
}

function hide(text: string, secrets: Iterable<string>): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length >= 6) clean = clean.replaceAll(secret, '[redacted]')
  }
  return clean
}
