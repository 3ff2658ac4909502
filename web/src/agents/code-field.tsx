import { type KeyboardEvent, useId, useRef } from 'react'
import type { TextProblem } from '../state/agent-text.ts'

/** A text with line numbers; lines with problems are marked, and told below it. */
export function CodeField({
  label,
  text,
  change,
  problems = [],
  isReadOnly = false,
}: {
  label: string
  text: string
  change?: (text: string) => void
  problems?: readonly TextProblem[]
  isReadOnly?: boolean
}) {
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  const lines = text.split('\n')
  const wrong = new Set(problems.map(({ line }) => line))

  function goTo(line: number): void {
    const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0)
    field.current?.focus()
    field.current?.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
  }

  return (
    <div className="stack tight">
      <div className="code-field">
        <div className="code-lines" aria-hidden="true">
          {lines.map((_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            <span key={index} data-wrong={wrong.has(index + 1)}>
              {index + 1}
            </span>
          ))}
        </div>
        <textarea
          ref={field}
          aria-label={label}
          aria-describedby={`${id}-keys ${id}-problems`}
          aria-invalid={problems.length > 0}
          rows={Math.max(lines.length, 12)}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          readOnly={isReadOnly}
          value={text}
          onChange={(event) => change?.(event.target.value)}
          onKeyDown={isReadOnly ? undefined : onKeyDown}
        />
      </div>
      <p className="hidden" id={`${id}-keys`}>
        {isReadOnly ? '' : 'Tab indents; Escape and then Tab leaves the text.'}
      </p>
      <ul className="code-problems" id={`${id}-problems`} aria-live="polite">
        {problems.map(({ line, message }) => (
          <li key={`${line} ${message}`}>
            <button type="button" className="button quiet" onClick={() => goTo(line)}>
              Line {line}
            </button>
            <span className="fault">{message}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** After Escape the next Tab goes on to what follows, so that the keyboard is not caught here. */
function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
  const { currentTarget: field, key } = event
  if (key === 'Escape') field.dataset.leaves = 'true'
  if (key === 'Tab' && !event.shiftKey && field.dataset.leaves !== 'true') {
    event.preventDefault()
    // The one way to write that the browser's undo knows of.
    document.execCommand('insertText', false, '  ')
  }
  if (key !== 'Escape' && key !== 'Shift') delete field.dataset.leaves
}
