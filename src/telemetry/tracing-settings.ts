/** What the standard variables of OpenTelemetry ask for. */
export type TracingSettings = {
  url: string
  headers: Record<string, string>
  compression: 'gzip' | 'none'
  /** Milliseconds. */
  timeout: number
  resource: Record<string, string>
  sampler: { name: SamplerName; ratio: number }
  batch: {
    scheduledDelayMillis: number
    maxQueueSize: number
    maxExportBatchSize: number
    exportTimeoutMillis: number
  }
  /** Whether spans hold what people, models and tools said. */
  content: boolean
}

export type SamplerName = (typeof samplerNames)[number]

export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

type Environment = Readonly<Record<string, string | undefined>>

/** undefined when no endpoint is named, or tracing is turned off. Throws an Error that names a wrong variable. */
export function readTracingSettings(environment: Environment): TracingSettings | undefined {
  const read = (name: string) => environment[name]?.trim() || undefined
  const exporter = (name: string) =>
    read(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`)
  const url = readUrl(read)
  const isOff =
    read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || read('OTEL_TRACES_EXPORTER') === 'none'
  if (url === undefined || isOff) return undefined
  const protocol = exporter('PROTOCOL') ?? 'http/protobuf'
  if (protocol !== 'http/protobuf') {
    throw new Error(
      `OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent as http/protobuf, not as ${protocol}`,
    )
  }
  return {
    url,
    headers: readPairs('OTEL_EXPORTER_OTLP_HEADERS', exporter('HEADERS')),
    compression: exporter('COMPRESSION') === 'gzip' ? 'gzip' : 'none',
    timeout: readNumber('OTEL_EXPORTER_OTLP_TIMEOUT', exporter('TIMEOUT'), 10_000),
    resource: readResource(read),
    sampler: readSampler(read),
    batch: {
      scheduledDelayMillis: readCount(read, 'OTEL_BSP_SCHEDULE_DELAY', 5000),
      maxQueueSize: readCount(read, 'OTEL_BSP_MAX_QUEUE_SIZE', 2048),
      maxExportBatchSize: readCount(read, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
      exportTimeoutMillis: readCount(read, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000),
    },
    content: capturing.has(
      read('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT')?.toLowerCase() ?? '',
    ),
  }
}

/** The values under which content goes into spans; `event_only` asks for events, which are not sent. */
const capturing = new Set(['true', 'span_only', 'span_and_event'])

type Read = (name: string) => string | undefined

/** The general endpoint is a base; the one for traces is taken as it is. */
function readUrl(read: Read): string | undefined {
  const own = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT')
  const text = own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`)
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol)) return url.href
  throw new Error('OTEL_EXPORTER_OTLP_ENDPOINT: expected an http(s) URL, as http://127.0.0.1:4318')
}

function readResource(read: Read): Record<string, string> {
  const attributes = readPairs('OTEL_RESOURCE_ATTRIBUTES', read('OTEL_RESOURCE_ATTRIBUTES'))
  const name = read('OTEL_SERVICE_NAME')
  return name === undefined ? attributes : { ...attributes, 'service.name': name }
}

function readSampler(read: Read): TracingSettings['sampler'] {
  const wanted = read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const name = samplerNames.find((candidate) => candidate === wanted)
  if (name === undefined) {
    throw new Error(`OTEL_TRACES_SAMPLER: ${wanted} is none of ${samplerNames.join(', ')}`)
  }
  const argument = read('OTEL_TRACES_SAMPLER_ARG')
  const ratio = Number(argument ?? 1)
  if (ratio >= 0 && ratio <= 1) return { name, ratio }
  throw new Error(`OTEL_TRACES_SAMPLER_ARG: ${argument} is no share between 0 and 1`)
}

/** `key=value,key=value`, the values percent-encoded. */
function readPairs(variable: string, text = ''): Record<string, string> {
  const parts = text.split(',').filter((part) => part.trim() !== '')
  const pairs = parts.map((part) => {
    const at = part.indexOf('=')
    // What is wrong is not shown: it may be a key.
    if (at < 1) throw new Error(`${variable}: expected name=value, with commas between several`)
    return [part.slice(0, at).trim(), decode(part.slice(at + 1).trim())]
  })
  return Object.fromEntries(pairs)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function readCount(read: Read, variable: string, otherwise: number): number {
  return readNumber(variable, read(variable), otherwise)
}

function readNumber(variable: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`${variable}: ${JSON.stringify(text)} is no whole number`)
}
