import { useId, useState } from 'react'
import { useAgents } from '../app/agents.tsx'
import { PageHeader } from '../app/page-header.tsx'
import { useServer } from '../app/server.tsx'
import { navigate } from '../app/use-place.ts'
import { locateProblems, readAgentText, type TextProblem } from '../state/agent-text.ts'
import { agentPath } from './agent-path.ts'
import { createAgent } from './agent-requests.ts'
import { CodeField } from './code-field.tsx'
import { templates } from './templates.ts'

/** A new agent from a template. */
export function NewAgentPage() {
  const { client, report } = useServer()
  const { reload } = useAgents()
  const [name, setName] = useState('')
  const [text, setText] = useState(templates[0]?.text ?? '')
  const [found, setFound] = useState<readonly TextProblem[]>([])
  const [nameFault, setNameFault] = useState('')
  const [isBusy, setBusy] = useState(false)
  const field = useId()
  const read = readAgentText(text)

  async function create(): Promise<void> {
    if (!read.file) return
    setBusy(true)
    try {
      const outcome = await createAgent(client, { name: name.trim(), config: read.file })
      if (outcome.type === 'conflict') setNameFault('There is an agent of this name already.')
      if (outcome.type === 'refused') {
        const [ofName] = outcome.errors.filter(({ path }) => path === 'name')
        setNameFault(ofName?.message ?? '')
        const others = outcome.errors.filter(({ path }) => path !== 'name')
        setFound(locateProblems(text, others))
      }
      if (outcome.type === 'saved') {
        await reload()
        navigate({ path: agentPath(name.trim()) })
      }
    } catch (error) {
      report(error)
    }
    setBusy(false)
  }

  return (
    <>
      <PageHeader title="New agent" />
      <div className="page">
        <form
          className="page-inner"
          onSubmit={(event) => {
            event.preventDefault()
            void create()
          }}
        >
          <div className="field">
            <label htmlFor={field}>Name</label>
            <input
              id={field}
              value={name}
              spellCheck={false}
              autoComplete="off"
              aria-invalid={nameFault !== ''}
              aria-describedby={nameFault ? `${field}-fault` : undefined}
              onChange={(event) => {
                setName(event.target.value)
                setNameFault('')
              }}
            />
            {nameFault && (
              <p className="fault" id={`${field}-fault`}>
                {nameFault}
              </p>
            )}
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
          <div className="template-row" role="group" aria-label="Templates">
            {templates.map((template) => (
              <button
                key={template.name}
                type="button"
                className="button"
                aria-pressed={text === template.text}
                onClick={() => {
                  setText(template.text)
                  setFound([])
                }}
              >
                {template.name}
              </button>
            ))}
          </div>
          <CodeField
            label="The file of the new agent"
            text={text}
            problems={read.problems ?? found}
            change={(next) => {
              setText(next)
              setFound([])
            }}
          />
          <div className="actions">
            <button
              type="submit"
              className="button primary"
              disabled={isBusy || !name.trim() || !read.file}
            >
              Make it
            </button>
          </div>
        </form>
      </div>
    </>
  )
}
