import type { ToolCall } from 'parley-client'
import { parseObject, prettyJson } from '../state/json.ts'

/** The arguments, one below the other; what is no object as it is. */
export function ToolArguments({ call }: { call: ToolCall }) {
  const text = call.function.arguments
  const values = parseObject(text)
  if (!values) return text ? <pre className="value">{prettyJson(text)}</pre> : null
  const entries = Object.entries(values)
  if (entries.length === 0) return <p className="muted small">No arguments</p>
  return (
    <dl className="arguments">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Value({ value }: { value: unknown }) {
  if (typeof value === 'string') return <pre className="value">{value || '""'}</pre>
  return <pre className="value">{JSON.stringify(value, null, 2)}</pre>
}
