import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { McpRemote } from '#contract/toolset-mcp.ts'
import type { GuardedTransport } from './guarded-transport.ts'
import type { McpSdk } from './mcp-sdk.ts'

export type RemoteTransport = Transport & {
  /** How the connection broke, in words; null while it holds. */
  ending(): string | null
}

/**
 * Speaks to an MCP server over HTTP. The library goes on with a broken stream whose events have ids;
 * what it cannot go on with closes the transport, so that no call waits for what will never come.
 */
export function createRemoteTransport({
  sdk,
  remote,
  url,
  headers,
  send,
}: {
  sdk: McpSdk
  remote: McpRemote
  url: URL
  headers: Record<string, string>
  send: GuardedTransport
}): RemoteTransport {
  let ending: string | null = null
  const giveUp = () => {
    ending ??= 'it was cut'
    void transport.close()
  }
  const watchedSend: GuardedTransport = async (target, init) => {
    const response = await send(target, init)
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (init?.method !== 'POST' || !isStream || !response.body) return response
    const body = watched(response.body, () => {
      if (!init.signal?.aborted) giveUp()
    })
    return new Response(body, response)
  }
  const options = { fetch: watchedSend, requestInit: { headers } }
  const kind = remote.transport ?? remote.transport_type ?? 'streamable'
  const transport: Transport =
    kind === 'sse'
      ? new sdk.SSEClientTransport(url, options)
      : new sdk.StreamableHTTPClientTransport(url, {
          ...options,
          reconnectionOptions: reconnection,
        })
  transport.onerror = (error) => {
    // The library says so in words only.
    if (error.message.startsWith('Maximum reconnection attempts')) giveUp()
  }
  return Object.assign(transport, { ending: () => ending })
}

const reconnection = {
  initialReconnectionDelay: 500,
  maxReconnectionDelay: 5000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 3,
}

/** The same stream; `onCut` is told when it breaks before an event with an id came. */
function watched(body: ReadableStream<Uint8Array>, onCut: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let hasIds = false
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        hasIds ||= /(^|[\r\n])id:/.test(Buffer.from(value).toString('latin1'))
        controller.enqueue(value)
      } catch (error) {
        controller.error(error)
        if (!hasIds) onCut()
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
