import { readFile } from 'node:fs/promises'
import { ModelFailure } from '#runtime/model.ts'
import { fromYaml, type Interaction } from './cassette.ts'
import { createMatcher } from './cassette-matching.ts'
import type { Exchange, Transport, TransportHandlers, TransportRequest } from './transport.ts'

/**
 * Answers from a cassette; nothing goes out. A request is looked up by its operation and its body
 * (see `createMatcher`); equal requests get their recorded answers in order, and from the first
 * again after the last, so that a second run of the same conversation finds them all.
 */
export async function openReplay({
  file,
}: {
  file: string
}): Promise<{ transport: Transport; interactions: Interaction[] }> {
  const interactions = fromYaml(await readCassette(file), file)
  const matcher = createMatcher({ interactions, file })

  function send(request: TransportRequest, handlers: TransportHandlers): Exchange {
    const found = request.method === 'POST' ? matcher.find(request) : notRecorded(request)
    return play(found, handlers)
  }
  return { transport: { send, async close() {} }, interactions }
}

/** The file, or the one with `.yaml` after its name. */
async function readCassette(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8').catch(() => readFile(`${file}.yaml`, 'utf8'))
  } catch (error) {
    throw new Error(`The recording ${file} cannot be read; make one with --record`, {
      cause: error,
    })
  }
}

function notRecorded({ method, url }: TransportRequest): ModelFailure {
  return new ModelFailure('model_error', `A recording has no ${method} ${url.pathname}`, {
    retryable: false,
  })
}

/** Hands over one event a turn of the event loop, as a stream would. */
function play(found: Interaction | ModelFailure, handlers: TransportHandlers): Exchange {
  const isStream = !(found instanceof Error) && /^(?:data|event|id|:)/.test(found.responseBody)
  const text = found instanceof Error ? '' : found.responseBody
  const chunks = isStream ? text.split(/(?<=\n\n)/) : [text]
  let position = -1
  let state: 'playing' | 'paused' | 'closed' = 'playing'

  function step(): void {
    if (state !== 'playing') return
    if (found instanceof Error) {
      handlers.onError(found)
      return
    }
    if (position === chunks.length) {
      state = 'closed'
      handlers.onEnd()
      return
    }
    const chunk = chunks[position++]
    if (chunk !== undefined) handlers.onChunk(Buffer.from(chunk))
    else {
      const contentType = isStream ? 'text/event-stream' : 'application/json'
      handlers.onHeaders(found.status, { 'content-type': contentType })
    }
    setImmediate(step)
  }

  setImmediate(step)
  return {
    pause() {
      if (state === 'playing') state = 'paused'
    },
    resume() {
      if (state !== 'paused') return
      state = 'playing'
      setImmediate(step)
    },
    close() {
      state = 'closed'
    },
  }
}
