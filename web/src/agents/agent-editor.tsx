import { useEffect, useState } from 'react'
import { useServer } from '../app/server.tsx'
import { locateProblems, readAgentText, type TextProblem } from '../state/agent-text.ts'
import { type LoadedAgent, saveAgent } from './agent-requests.ts'
import { CodeField } from './code-field.tsx'
import { Difference } from './difference.tsx'
import { keepTextDraft, readTextDraft } from './text-draft.ts'

/** The file of an agent: nothing is saved that the server finds a fault in. */
export function AgentEditor({
  name,
  agent,
  reload,
  saved,
}: {
  name: string
  agent: LoadedAgent
  reload: () => Promise<LoadedAgent | undefined>
  saved: () => Promise<void>
}) {
  const { client, report, notify } = useServer()
  const [draft] = useState(() => (agent.detail.writable ? readTextDraft(name) : undefined))
  const [text, setText] = useState(draft?.text ?? agent.text)
  const [base, setBase] = useState({ text: agent.text, etag: draft?.etag ?? agent.etag })
  const [found, setFound] = useState<readonly TextProblem[]>([])
  const [isBusy, setBusy] = useState(false)
  const [theirs, setTheirs] = useState<LoadedAgent>()
  const isChanged = text !== base.text
  const read = readAgentText(text)
  const { writable } = agent.detail

  useEffect(() => {
    keepTextDraft(name, isChanged ? { text, etag: base.etag } : undefined)
  }, [name, isChanged, text, base.etag])

  useEffect(() => {
    // What was restored or saved elsewhere is shown, unless that would lose what is being written.
    if (isChanged || agent.etag === base.etag) return
    setText(agent.text)
    setBase({ text: agent.text, etag: agent.etag })
  }, [agent, isChanged, base.etag])

  async function save(etag: string): Promise<void> {
    if (!read.file) return
    setBusy(true)
    try {
      const outcome = await saveAgent(client, { agent: name, etag, config: read.file })
      if (outcome.type === 'refused') setFound(locateProblems(text, outcome.errors))
      if (outcome.type === 'conflict') setTheirs(await reload())
      if (outcome.type === 'saved') await finish()
    } catch (error) {
      report(error)
    }
    setBusy(false)
  }

  async function finish(): Promise<void> {
    setTheirs(undefined)
    setFound([])
    const loaded = await reload()
    if (loaded) take(loaded)
    await saved()
    notify('Saved. Runs that begin now use it.', 'done')
  }

  function take(loaded: LoadedAgent): void {
    setText(loaded.text)
    setBase({ text: loaded.text, etag: loaded.etag })
    setTheirs(undefined)
    setFound([])
  }

  return (
    <section className="stack tight" aria-label="The file">
      <h2 className="panel-heading">The file</h2>
      <CodeField
        label={`The file of ${name}`}
        text={text}
        isReadOnly={!writable}
        problems={read.problems ?? found}
        change={(next) => {
          setText(next)
          setFound([])
        }}
      />
      {theirs && (
        <div className="card conflict" role="alert">
          <p>
            Somebody has changed it meanwhile. Below is what your text would make of what it is now.
          </p>
          <Difference label="From what it is now to your text" before={theirs.text} after={text} />
          <div className="actions">
            <button type="button" className="button" onClick={() => take(theirs)}>
              Take theirs
            </button>
            <button
              type="button"
              className="button danger"
              disabled={isBusy || !read.file}
              onClick={() => void save(theirs.etag)}
            >
              Save mine over it
            </button>
          </div>
        </div>
      )}
      {writable && !theirs && (
        <div className="actions">
          <span className="muted small spacer">
            The server checks it before anything is saved. Comments that are in the file stay; new
            ones are not kept.
          </span>
          <button
            type="button"
            className="button"
            disabled={!isChanged || isBusy}
            onClick={() => {
              setText(base.text)
              setFound([])
            }}
          >
            Undo changes
          </button>
          <button
            type="button"
            className="button primary"
            disabled={!isChanged || isBusy || !read.file}
            onClick={() => void save(base.etag)}
          >
            Save
          </button>
        </div>
      )}
    </section>
  )
}
