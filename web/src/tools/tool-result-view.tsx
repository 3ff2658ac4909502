import { CopyButton } from '../chat/copy-button.tsx'
import type { CallView } from '../state/items.ts'
import { prettyJson } from '../state/json.ts'

/** What the call has said so far, or gave. */
export function ToolResultView({ call }: { call: CallView }) {
  const { output, response, result, state } = call
  const text = response === null ? output : prettyJson(response)
  // A sub-agent's answer stands in its own messages.
  const isRepeated = call.subAgents.length > 0 && state === 'succeeded'
  if (!text || isRepeated) return null
  return (
    <div className="tool-result" data-failed={result?.is_error ?? state === 'failed'}>
      <div className="tool-result-head">
        <span>{response === null ? 'Output so far' : 'Result'}</span>
        <CopyButton text={text} label="Copy the result" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keys */}
      <pre className="value" tabIndex={0}>
        {text}
      </pre>
      {(result?.images ?? []).map(({ data, mime_type }, index) => (
        <img
          // biome-ignore lint/suspicious/noArrayIndexKey: a result never changes
          key={index}
          src={`data:${mime_type};base64,${data}`}
          alt={`Result ${index + 1}`}
        />
      ))}
    </div>
  )
}
