import { useState } from 'react'
import type { LoadedAgent } from './agent-requests.ts'
import { ToolDialog } from './tool-dialog.tsx'

/** The tools of the agent that runs by default; those that are made of code are edited here. */
export function AgentTools({
  name,
  agent: { tools, detail, etag },
  changed,
}: {
  name: string
  agent: LoadedAgent
  changed: () => Promise<void>
}) {
  const [edited, edit] = useState<{ tool: string | undefined }>()
  return (
    <section className="stack tight" aria-label="Tools">
      <details className="agent-tools">
        <summary>{tools.length === 1 ? '1 tool' : `${tools.length} tools`}</summary>
        <ul>
          {tools.map(({ name: tool, description, implementation }) => (
            <li key={tool}>
              <code>{tool}</code>
              <span className="muted small">
                {implementation === 'builtin' ? '' : `${implementation} · `}
                {description}
              </span>
              {implementation !== 'builtin' && (
                <button type="button" className="button quiet" onClick={() => edit({ tool })}>
                  {detail.writable ? `Edit ${tool}` : `Show ${tool}`}
                </button>
              )}
            </li>
          ))}
        </ul>
        {detail.writable && (
          <button type="button" className="button" onClick={() => edit({ tool: undefined })}>
            New tool of code
          </button>
        )}
      </details>
      {edited && (
        <ToolDialog
          agent={name}
          tool={edited.tool}
          etag={etag}
          isWritable={detail.writable}
          close={() => edit(undefined)}
          changed={changed}
        />
      )}
    </section>
  )
}
