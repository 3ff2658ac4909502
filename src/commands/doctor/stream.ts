import { type Client, createClient } from '#client/index.ts'
import { UsageError } from '../failure.ts'
import type { Check, Finding } from './check.ts'
import { type SeenStream, type StreamPatience, watchStream } from './stream-watch.ts'

type Found = Omit<Finding, 'name'>

const usualPatience: StreamPatience = { first: 3000, heartbeat: 13_000 }

/** Whether the frames of a stream arrive one by one, through whatever stands before the server. */
export function checkStream({
  url,
  key,
  patience = usualPatience,
}: {
  url: string
  key: string | undefined
  patience?: StreamPatience
}): Check {
  const base = URL.parse(url)
  if (!base || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(
      `--stream: expected the http(s) URL of a server, not ${JSON.stringify(url)}`,
    )
  }
  const baseUrl = base.href.replace(/\/+$/, '')
  return {
    name: 'stream',
    async look() {
      const client = createClient({ baseUrl, ...(key !== undefined && { token: key }) })
      const { data: health } = await client.GET('/health')
      const session = await client.POST('/api/sessions', { body: { title: 'parley doctor' } })
      const { id } = session.data
      try {
        const seen = await watchStream(`${baseUrl}/api/sessions/${id}/events`, { key, patience })
        const reached: Found = {
          status: 'ok',
          detail: `Parley ${health.version} answers at ${baseUrl}`,
        }
        return [reached, ...judge(seen, patience)]
      } finally {
        await remove(client, id)
      }
    },
  }
}

async function remove(client: Client, session: string): Promise<void> {
  await client.DELETE('/api/sessions/{session}', { params: { path: { session } } })
}

function judge(seen: SeenStream, patience: StreamPatience): Found[] {
  if (seen.status === 0) return [buffered(patience, 'not even the headers')]
  if (seen.status !== 200) {
    return [{ status: 'failed', detail: `the stream answered ${seen.status}` }]
  }
  if (!seen.contentType.startsWith('text/event-stream')) {
    const remedy = 'something in between answers instead of the server, or changes its headers'
    return [
      { status: 'failed', detail: `the stream is ${seen.contentType || 'of no type'}`, remedy },
    ]
  }
  if (seen.encoding !== undefined) return [compressed(seen.encoding)]
  if (seen.first === null) return [buffered(patience, 'only the headers')]
  const opened: Found = {
    status: 'ok',
    detail: `the first frame arrives ${Math.round(seen.first)} ms after it was asked for`,
  }
  return [opened, heartbeatFinding(seen, patience)]
}

function buffered({ first }: StreamPatience, what: string): Found {
  return {
    status: 'failed',
    detail: `a proxy buffers: after ${first / 1000} s ${what} had come of a frame that the server sends at once`,
    remedy:
      'turn buffering off for it: nginx proxy_buffering off (and no proxy_ignore_headers X-Accel-Buffering), Caddy flush_interval -1, Apache flushpackets=on, HAProxy no option http-buffer-request; a CDN needs its streaming mode',
  }
}

function compressed(encoding: string): Found {
  return {
    status: 'failed',
    detail: `a proxy compresses the stream (${encoding}), which holds frames back until a block is full`,
    remedy:
      'leave text/event-stream out of what it compresses: nginx gzip off or gzip_types without it, Caddy encode with a matcher',
  }
}

function heartbeatFinding({ heartbeat, first, end }: SeenStream, patience: StreamPatience): Found {
  if (heartbeat !== null) {
    return {
      status: 'ok',
      detail: `a heartbeat keeps the silent stream open (${seconds(heartbeat)})`,
    }
  }
  const remedy =
    'let silent connections live for 60 s at least: nginx proxy_read_timeout, HAProxy timeout server/tunnel, a load balancer’s idle timeout'
  if (end !== null) {
    return {
      status: 'failed',
      detail: `the silent stream was cut ${seconds(end - (first ?? 0))} after its last frame`,
      remedy,
    }
  }
  return {
    status: 'failed',
    detail: `no heartbeat came in ${patience.heartbeat / 1000} s: something holds it back`,
    remedy: 'turn off buffering and rewriting of the body on the way',
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
