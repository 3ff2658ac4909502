import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type { RequestObserver } from '#http/watch.ts'
import { noObserver, type RunObserver } from '#runtime/observer.ts'
import { answerAttributes, chatAttributes, runAttributes, toolAttributes } from './gen-ai.ts'

type Carrier = Record<string, string>

/**
 * Spans for requests, runs, model calls and tool calls, by the conventions for HTTP and for
 * generative AI. A run's span hangs on the request that asked for it, also when another process goes
 * on with it, or somebody decided days later; a sub-agent's on the call that gave it its task.
 */
export function createSpanObservers({
  tracer,
  captureContent,
}: {
  tracer: Tracer
  /** Makes what was said fit to be shown; null: spans hold none of it. */
  captureContent: ((text: string) => string) | null
}): { requests: RequestObserver; runs: RunObserver; outgoingHeaders(): Carrier } {
  const current = new AsyncLocalStorage<Context>()
  const active = () => current.getStore() ?? ROOT_CONTEXT
  const within = <Result>(span: Span, work: () => Result): Result =>
    current.run(trace.setSpan(active(), span), work)

  /** A span around some work: it ends with it, and a failure is told in it. */
  async function around<Result>(
    span: Span,
    work: () => Promise<Result>,
    attributesOf: (result: Result) => Attributes,
  ): Promise<Result> {
    try {
      const result = await within(span, work)
      finish(span, attributesOf(result))
      return result
    } catch (error) {
      finish(span, { 'error.type': errorType(error) })
      throw error
    }
  }

  return {
    outgoingHeaders: () => inject(active()),
    requests: {
      begin({ method, route, header }) {
        const name = route === 'unmatched' ? method : `${method} ${route}`
        const parent = extract({
          traceparent: header('traceparent'),
          tracestate: header('tracestate'),
        })
        const attributes = { 'http.request.method': method, 'http.route': route }
        const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
        return {
          within: (work) => current.run(trace.setSpan(parent, span), work),
          over({ status, code, runId }) {
            finish(span, {
              'http.response.status_code': status,
              ...(runId !== undefined && { 'parley.run.id': runId }),
              ...(code !== undefined && { 'parley.problem.code': code }),
              // What the caller did wrong is no error of the server.
              ...(status >= 500 && { 'error.type': code ?? String(status) }),
            })
          },
        }
      },
    },
    runs: {
      ...noObserver,
      traceContext() {
        const carrier = inject(active())
        return carrier.traceparent === undefined ? null : carrier
      },
      run(run, work) {
        const parent = run.depth > 0 ? active() : extract(run.trace ?? {})
        const attributes = runAttributes(run)
        const span = tracer.startSpan(`invoke_agent ${run.agentName}`, { attributes }, parent)
        return current.run(parent, () =>
          around(span, work, (outcome) => ({
            'parley.run.outcome': outcome.type === 'parked' ? 'waiting' : outcome.reason,
            ...(outcome.type === 'parked' && {
              'parley.run.waiting_for': outcome.waitingFor.kind,
            }),
            ...(outcome.type === 'finished' &&
              outcome.error !== undefined && { 'error.type': outcome.error }),
          })),
        )
      },
      model(call, work) {
        const began = performance.now()
        const attributes = chatAttributes(call, captureContent)
        const name = `chat ${attributes['gen_ai.request.model']}`
        const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, active())
        const onFirst = () => {
          const seconds = (performance.now() - began) / 1000
          span.setAttribute('gen_ai.response.time_to_first_chunk', seconds)
        }
        return around(
          span,
          () => work(onFirst),
          (answer) => answerAttributes(answer, captureContent),
        )
      },
      tool(call, work) {
        const attributes = toolAttributes(call, captureContent)
        const span = tracer.startSpan(`execute_tool ${call.name}`, { attributes }, active())
        return around(span, work, ({ type, end }) => ({
          'parley.tool.state': end?.state ?? type,
          ...(end?.result.is_error && { 'error.type': end.state }),
          ...(end &&
            captureContent && { 'gen_ai.tool.call.result': captureContent(end.result.output) }),
        }))
      },
    },
  }
}

function finish(span: Span, attributes: Attributes): void {
  span.setAttributes(attributes)
  if (attributes['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

const propagator = new W3CTraceContextPropagator()

function inject(context: Context): Carrier {
  const carrier: Carrier = {}
  propagator.inject(context, carrier, {
    set(into: Carrier, name, value) {
      into[name] = value
    },
  })
  return carrier
}

function extract(carrier: Record<string, string | undefined>): Context {
  return propagator.extract(ROOT_CONTEXT, carrier, {
    get: (from: Record<string, string | undefined>, name) => from[name],
    keys: (from: Record<string, string | undefined>) => Object.keys(from),
  })
}

/** The code of a failure, else its class: never its message, which may quote anything. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  if (error.name === 'RunInterrupted' && 'reason' in error) return String(error.reason)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
