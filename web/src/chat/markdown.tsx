import { type ComponentProps, isValidElement, memo, type ReactNode } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { CodeBlock } from './code-block.tsx'

const plugins: ComponentProps<typeof ReactMarkdown>['remarkPlugins'] = [remarkGfm]

/** Markdown without raw HTML; addresses other than http, https and mailto lead nowhere. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components} skipHtml={false}>
      {text}
    </ReactMarkdown>
  )
})

const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ),
  // The page asks no other host; a person may.
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer">
      {alt || 'Image'}
    </a>
  ),
  // Only task lists have one.
  input: ({ checked }) => (
    <input type="checkbox" checked={checked} disabled aria-label={checked ? 'Done' : 'Open'} />
  ),
  pre: ({ children }) => <CodeBlock {...codeOf(children)} />,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keys
    <section className="table" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </section>
  ),
}

/** The `code` element that Markdown puts into each `pre`. */
function codeOf(children: ReactNode): { code: string; language: string } {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children)) {
    return { code: String(children ?? ''), language: '' }
  }
  const { className = '', children: text } = children.props
  const language = /language-(\S+)/.exec(className)?.[1] ?? ''
  return { code: String(text ?? '').replace(/\n$/, ''), language }
}
