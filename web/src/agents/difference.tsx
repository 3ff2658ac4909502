import { useMemo } from 'react'
import { diffLines } from '../state/text-diff.ts'

const signs = { same: ' ', removed: '−', added: '+' }

/** What becomes of a text, line by line. */
export function Difference({
  label,
  before,
  after,
}: {
  label: string
  before: string
  after: string
}) {
  const lines = useMemo(() => diffLines(before, after), [before, after])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keys
    <section className="difference" aria-label={label} tabIndex={0}>
      {lines.map(({ kind, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
        <div key={index} data-kind={kind}>
          <span>{signs[kind]}</span>
          {text}
        </div>
      ))}
    </section>
  )
}
