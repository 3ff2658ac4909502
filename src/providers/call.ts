import { type ModelAnswer, type ModelDelta, ModelFailure } from '#runtime/model.ts'
import { createAnswerReader } from './answer-reader.ts'
import { type Body, openBody } from './body.ts'
import {
  failureFromConnection,
  failureFromStatus,
  silent,
  tooLong,
  type Upstream,
} from './failures.ts'
import type { Exchange, Transport, TransportHandlers, TransportRequest } from './transport.ts'
import type { Watchdog } from './watchdog.ts'

export type CallLimits = {
  /** Milliseconds until the status line. */
  headers: number
  /** Milliseconds between bytes. */
  silence: number
  /** Milliseconds for usage and the end to follow a finish reason. */
  afterFinish: number
  /** UTF-16 code units of one event. */
  maxFrame: number
  /** UTF-16 code units of the answer. */
  maxAnswer: number
  /** Bytes of the whole stream. */
  maxBytes: number
}

export type Call = {
  request: TransportRequest
  upstream: Upstream
  signal: AbortSignal
  onDelta: (delta: ModelDelta) => Promise<void> | undefined
  transport: Transport
  watchdog: Watchdog
  /** Milliseconds since the epoch. */
  now: () => number
  createCallId: () => string
  limits: CallLimits
}

/** Sends one request and reads its answer while it streams; the promises are `Model.respond`'s. */
export function callModel(call: Call): Promise<ModelAnswer> {
  return new Promise((resolve, reject) => {
    let settled = false
    const settle = (action: () => void) => {
      if (settled) return
      settled = true
      call.signal.removeEventListener('abort', abort)
      action()
    }
    const receiver = createReceiver({
      call,
      isSettled: () => settled,
      succeed: (answer) => settle(() => resolve(answer)),
      fail: (error) => settle(() => reject(error)),
    })
    const exchange = call.transport.send(call.request, receiver.handlers)
    receiver.begin(exchange)
    call.signal.addEventListener('abort', abort, { once: true })

    function abort(): void {
      receiver.stop()
      settle(() => reject(call.signal.reason))
    }
  })
}

type Outcome = {
  call: Call
  isSettled: () => boolean
  succeed: (answer: ModelAnswer) => void
  fail: (error: unknown) => void
}

/** Follows one exchange: from headers to bytes to the answer, or to the reason why there is none. */
function createReceiver({ call, isSettled, succeed, fail }: Outcome): {
  handlers: TransportHandlers
  begin(exchange: Exchange): void
  stop(): void
} {
  const { upstream, limits } = call
  const reader = createAnswerReader({
    onDelta: call.onDelta,
    createCallId: call.createCallId,
    maxAnswer: limits.maxAnswer,
    secrets: upstream.secrets,
  })
  const watch = call.watchdog.watch(fallSilent)
  let exchange: Exchange | undefined
  let head: Parameters<TransportHandlers['onHeaders']> | undefined
  let body: Body | undefined
  let bytesRead = 0
  let flushing = false
  let finishing = false

  function stop(): void {
    watch.stop()
    exchange?.close()
  }

  function end(error: unknown): void {
    stop()
    fail(error)
  }

  function attempt(action: () => void): void {
    if (isSettled()) return
    try {
      action()
    } catch (error) {
      end(error)
    }
  }

  function fallSilent(): void {
    if (isSettled()) exchange?.close()
    else if (body?.type === 'refusal') end(refused(body.text()))
    else if (reader.isComplete()) attempt(finish)
    else end(tooSilent())
  }

  function tooSilent(): ModelFailure {
    const [what, limit] = head ? ['went silent', limits.silence] : ['sent nothing', limits.headers]
    return silent(`${what} for ${limit / 1000} seconds`, upstream)
  }

  function refused(text: string): ModelFailure {
    const [status, headers] = head ?? [0, {}]
    return failureFromStatus({ status, headers, body: text, upstream, now: call.now() })
  }

  function take(bytes: Buffer): void {
    bytesRead += bytes.length
    if (bytesRead > limits.maxBytes) throw tooLong(limits.maxBytes)
    body?.push(bytes)
    if (flushing) return
    // One read of the socket may bring many chunks: what is in them is handed over together.
    flushing = true
    process.nextTick(attempt, flush)
  }

  function flush(): void {
    flushing = false
    if (finishing) return
    const wait = reader.flush()
    if (wait) {
      exchange?.pause()
      watch.hold()
      wait.then(() => attempt(goOn), end)
    } else if (reader.isDone()) finish()
    else if (reader.isComplete()) watch.allow(limits.afterFinish)
    else watch.touch()
  }

  function goOn(): void {
    if (reader.isDone()) {
      finish()
      return
    }
    watch.allow(reader.isComplete() ? limits.afterFinish : limits.silence)
    exchange?.resume()
  }

  /** Nothing more is needed from the stream: the answer is whole, or this throws. */
  function finish(): void {
    if (finishing) return
    finishing = true
    const answer = reader.answer()
    const wait = reader.flush()
    if (wait) {
      watch.hold()
      wait.then(() => leave(answer), end)
    } else leave(answer)
  }

  /** What still follows is read and dropped, so that the connection can be used again. */
  function leave(answer: ModelAnswer): void {
    watch.allow(limits.afterFinish)
    exchange?.resume()
    succeed(answer)
  }

  const handlers: TransportHandlers = {
    onHeaders(status, headers) {
      head = [status, headers]
      watch.allow(limits.silence)
      const contentType = headers['content-type'] ?? ''
      attempt(() => {
        body = openBody({ status, contentType, reader, upstream, ...limits })
      })
    },
    onChunk(bytes) {
      attempt(() => take(bytes))
    },
    onEnd() {
      attempt(() => {
        if (body?.type === 'refusal') throw refused(body.text())
        body?.end()
        finish()
      })
      watch.stop()
    },
    onError(error) {
      attempt(() => {
        if (body?.type === 'refusal') throw refused(body.text())
        if (reader.isComplete()) return finish()
        if (error instanceof ModelFailure) throw error
        throw failureFromConnection(error, { upstream, begun: head !== undefined })
      })
      watch.stop()
    },
  }

  return {
    handlers,
    begin(begun) {
      exchange = begun
      watch.allow(limits.headers)
    },
    stop,
  }
}
