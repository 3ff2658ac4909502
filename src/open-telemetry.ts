import { createMetrics, type Metrics } from '#telemetry/metrics.ts'
import type { Tracing } from '#telemetry/tracing.ts'
import { createWorkContext, type WorkContext } from '#telemetry/work-context.ts'
import type { CloseStack } from './close-stack.ts'
import type { Config } from './config.ts'
import { createLogger, type Logger } from './log.ts'
import type { Redaction } from './redaction.ts'

export type Telemetry = {
  log: Logger
  metrics: Metrics
  /** Those who watch requests and runs, the outermost first. */
  watchers: Pick<WorkContext, 'requests' | 'runs'>[]
  /** Headers for what the work that goes on now asks of others. */
  outgoingHeaders(): Record<string, string>
}

/** The log, the metrics, and traces for those who want them: the library for these is loaded only then. */
export async function openTelemetry({
  config,
  redaction,
  opened,
}: {
  config: Config
  redaction: Redaction
  opened: CloseStack
}): Promise<Telemetry> {
  const context = createWorkContext()
  const log = createLogger({
    level: config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
    context: context.fields,
    write: (line) => void process.stderr.write(redaction.text(line)),
    now: () => new Date(),
  })
  const metrics = createMetrics({ version: config.version })
  opened.add(metrics.close)
  const tracing = await loadTracing(config, { redaction, log })
  opened.add(() => tracing?.close())
  return {
    log,
    metrics,
    watchers: [...(tracing ? [tracing] : []), context, metrics],
    outgoingHeaders: tracing?.outgoingHeaders ?? (() => ({})),
  }
}

async function loadTracing(
  { tracing: settings, version, instanceName }: Config,
  { redaction, log }: { redaction: Redaction; log: Logger },
): Promise<Tracing | undefined> {
  if (!settings) return undefined
  redaction.learn({ headers: settings.headers })
  const { openTracing } = await import('#telemetry/tracing.ts')
  const onProblem = (error: unknown) => log.warn('could not send traces', { error: String(error) })
  return openTracing({ settings, version, instanceName, redact: redaction.text, onProblem })
}
