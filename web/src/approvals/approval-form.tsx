import { useId, useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { Menu } from '../app/menu.tsx'
import { useChat } from '../chat/chat-context.ts'
import type { CallView } from '../state/items.ts'
import { parseObject, prettyJson } from '../state/json.ts'
import { ToolArguments } from '../tools/tool-arguments.tsx'

type Mode = 'look' | 'edit' | 'reject'

/** A call that waits: its arguments to read and to change, and what becomes of it. */
export function ApprovalForm({ call }: { call: CallView }) {
  const { actions, attempt } = useChat()
  const [mode, setMode] = useState<Mode>('look')
  const original = prettyJson(call.tool_call.function.arguments)
  const [text, setText] = useState(original)
  const [reason, setReason] = useState('')
  const { approval, definition } = call
  if (!approval) return null
  const { id } = approval
  const edited = mode === 'edit' && text !== original ? parseObject(text) : undefined
  const isWrong = mode === 'edit' && parseObject(text) === undefined

  const approve = (scope: 'call' | 'tool' | 'session') =>
    void attempt(() =>
      actions.decide(id, {
        decision: 'approve',
        ...(scope !== 'call' && { scope }),
        ...(edited && { arguments: edited }),
      }),
    )
  const reject = () =>
    void attempt(() =>
      actions.decide(id, {
        decision: 'reject',
        ...(reason.trim() && { reason: reason.trim() }),
      }),
    )

  return (
    <div className="decision">
      {definition?.description && <p className="muted small">{definition.description}</p>}
      {mode === 'edit' ? (
        <ArgumentsEditor text={text} change={setText} isWrong={isWrong} />
      ) : (
        <ToolArguments call={call.tool_call} />
      )}
      {mode === 'reject' && <ReasonField reason={reason} change={setReason} submit={reject} />}
      {mode === 'reject' ? (
        <div className="actions start">
          <button type="button" className="button danger" onClick={reject}>
            Reject
          </button>
          <button type="button" className="button quiet" onClick={() => setMode('look')}>
            Back
          </button>
        </div>
      ) : (
        <div className="actions start">
          <button
            type="button"
            className="button primary"
            disabled={isWrong}
            onClick={() => approve('call')}
          >
            {edited ? 'Approve with changes' : 'Approve'}
          </button>
          <button type="button" className="button" onClick={() => setMode('reject')}>
            Reject…
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => {
              setText(original)
              setMode(mode === 'edit' ? 'look' : 'edit')
            }}
          >
            {mode === 'edit' ? 'Undo changes' : 'Edit arguments'}
          </button>
          <span className="spacer" />
          <Menu
            label="Approve more than this call"
            items={[
              {
                label: `Always allow ${call.tool_call.function.name} here`,
                icon: 'check',
                isDisabled: isWrong,
                select: () => approve('tool'),
              },
              {
                label: 'Allow everything in this conversation',
                icon: 'check',
                isDisabled: isWrong,
                select: () => approve('session'),
              },
            ]}
          >
            <Icon name="more" />
          </Menu>
        </div>
      )}
    </div>
  )
}

function ArgumentsEditor({
  text,
  change,
  isWrong,
}: {
  text: string
  change: (text: string) => void
  isWrong: boolean
}) {
  const field = useId()
  return (
    <div className="field">
      <label htmlFor={field}>Arguments, as JSON</label>
      <textarea
        id={field}
        className="mono"
        rows={Math.min(16, text.split('\n').length + 1)}
        spellCheck={false}
        value={text}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${field}-fault` : undefined}
        onChange={(event) => change(event.target.value)}
      />
      {isWrong && (
        <p className="fault" id={`${field}-fault`}>
          This is not a JSON object yet.
        </p>
      )}
    </div>
  )
}

function ReasonField({
  reason,
  change,
  submit,
}: {
  reason: string
  change: (reason: string) => void
  submit: () => void
}) {
  const field = useId()
  return (
    <div className="field">
      <label htmlFor={field}>Why not? The model is told.</label>
      <input
        id={field}
        // biome-ignore lint/a11y/noAutofocus: it is what the person has just asked for
        autoFocus
        maxLength={2000}
        value={reason}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) submit()
        }}
      />
    </div>
  )
}
