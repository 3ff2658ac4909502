import { memo } from 'react'
import { highlight } from '../state/highlight.ts'
import { CopyButton } from './copy-button.tsx'

export function CodeBlock({ code, language }: { code: string; language: string }) {
  return (
    <figure className="code">
      <figcaption>
        <span>{language || 'text'}</span>
        <CopyButton text={code} label="Copy the code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keys */}
      <pre tabIndex={0}>
        <Code code={code} language={language} />
      </pre>
    </figure>
  )
}

const Code = memo(function Code({ code, language }: { code: string; language: string }) {
  return (
    <code>
      {highlight(code, language).map(({ kind, text }, index) =>
        kind === 'plain' ? (
          text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces are only added at the end
          <span key={index} className={`code-${kind}`}>
            {text}
          </span>
        ),
      )}
    </code>
  )
})
