import type { Client, components } from 'parley-client'
import { useEffect, useId, useState } from 'react'
import { Dialog } from '../app/dialog.tsx'
import { describeFailure } from '../app/problems.ts'
import { useServer } from '../app/server.tsx'
import { once } from '../chat/request-headers.ts'
import { CodeField } from './code-field.tsx'

type Tool = Pick<
  components['schemas']['AgentTool'],
  'name' | 'implementation' | 'schema_json' | 'code'
>

const empty: Tool = {
  name: '',
  implementation: 'javascript',
  schema_json: '{\n  "type": "object",\n  "properties": { "a": { "type": "number" } }\n}',
  code: 'export function execute({ a }) {\n  return a + 1\n}\n',
}

/** A tool of code, or a new one; the server checks schema and code before it saves them. */
export function ToolDialog({
  agent,
  tool: given,
  etag,
  isWritable,
  close,
  changed,
}: {
  agent: string
  /** Undefined: a new one. */
  tool: string | undefined
  etag: string
  isWritable: boolean
  close: () => void
  changed: () => Promise<void>
}) {
  const { client } = useServer()
  const [tool, setTool] = useState<Tool | undefined>(given === undefined ? empty : undefined)
  const [fault, setFault] = useState('')
  const [isBusy, setBusy] = useState(false)

  useEffect(() => {
    if (given === undefined) return
    const params = { path: { agent, tool: given } }
    client.GET('/api/agents/{agent}/tools/{tool}', { params }).then(
      ({ data }) => setTool(data),
      (error) => setFault(describeFailure(error)),
    )
  }, [client, agent, given])

  async function act(work: () => Promise<unknown>): Promise<void> {
    setBusy(true)
    setFault('')
    try {
      await work()
      await changed()
      close()
    } catch (error) {
      setFault(describeFailure(error))
    }
    setBusy(false)
  }

  return (
    <Dialog title={given ?? 'New tool'} isOpen={true} close={close}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (tool) void act(() => save(client, { agent, given, etag, tool }))
        }}
      >
        {tool && (
          <ToolFields
            tool={tool}
            isNew={given === undefined}
            isWritable={isWritable}
            change={setTool}
          />
        )}
        <p className="fault" role="status">
          {fault}
        </p>
        {isWritable && (
          <div className="actions">
            {given !== undefined && (
              <button
                type="button"
                className="button danger"
                disabled={isBusy}
                onClick={() => void act(() => remove(client, { agent, tool: given, etag }))}
              >
                Delete
              </button>
            )}
            <button
              type="submit"
              className="button primary"
              disabled={isBusy || !tool?.name.trim()}
            >
              Save
            </button>
          </div>
        )}
      </form>
    </Dialog>
  )
}

function ToolFields({
  tool,
  isNew,
  isWritable,
  change,
}: {
  tool: Tool
  isNew: boolean
  isWritable: boolean
  change: (tool: Tool) => void
}) {
  const field = useId()
  return (
    <>
      {isNew && (
        <div className="field">
          <label htmlFor={field}>Name</label>
          <input
            id={field}
            value={tool.name}
            spellCheck={false}
            autoComplete="off"
            onChange={({ target }) => change({ ...tool, name: target.value })}
          />
        </div>
      )}
      <div className="field">
        <label htmlFor={`${field}-language`}>Language</label>
        <select
          id={`${field}-language`}
          value={tool.implementation}
          disabled={!isWritable}
          onChange={({ target }) =>
            change({
              ...tool,
              implementation: target.value === 'python' ? 'python' : 'javascript',
            })
          }
        >
          <option value="javascript">JavaScript</option>
          <option value="python">Python</option>
        </select>
      </div>
      <CodeField
        label="Schema of the arguments"
        text={tool.schema_json}
        isReadOnly={!isWritable}
        change={(schema_json) => change({ ...tool, schema_json })}
      />
      <CodeField
        label="Code"
        text={tool.code ?? ''}
        isReadOnly={!isWritable}
        change={(code) => change({ ...tool, code })}
      />
    </>
  )
}

function save(
  client: Client,
  {
    agent,
    given,
    etag,
    tool,
  }: { agent: string; given: string | undefined; etag: string; tool: Tool },
): Promise<unknown> {
  const { name, schema_json, code, implementation } = tool
  const text = code ?? ''
  const body = {
    schema_json,
    ...(implementation === 'python' ? { python_code: text } : { javascript_code: text }),
  }
  if (given === undefined) {
    return client.POST('/api/agents/{agent}/tools', {
      params: { path: { agent }, header: once() },
      body: { name: name.trim(), ...body },
    })
  }
  return client.PUT('/api/agents/{agent}/tools/{tool}', {
    params: { path: { agent, tool: given }, header: { 'if-match': etag } },
    body,
  })
}

function remove(
  client: Client,
  { agent, tool, etag }: { agent: string; tool: string; etag: string },
): Promise<unknown> {
  return client.DELETE('/api/agents/{agent}/tools/{tool}', {
    params: { path: { agent, tool }, header: { 'if-match': etag } },
  })
}
