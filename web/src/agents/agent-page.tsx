import { useState } from 'react'
import { useAgents } from '../app/agents.tsx'
import { Menu } from '../app/menu.tsx'
import { PageHeader } from '../app/page-header.tsx'
import { describeFailure } from '../app/problems.ts'
import { navigate } from '../app/use-place.ts'
import { AgentEditor } from './agent-editor.tsx'
import { AgentFacts } from './agent-facts.tsx'
import type { LoadedAgent } from './agent-requests.ts'
import { AgentTools } from './agent-tools.tsx'
import { AgentVersions } from './agent-versions.tsx'
import { DeleteAgentDialog } from './delete-agent-dialog.tsx'
import { DuplicateDialog } from './duplicate-dialog.tsx'
import { useAgent } from './use-agent.ts'

/** One agent: what it is, its file, and what it was before. */
export function AgentPage({ name }: { name: string }) {
  const { agent, failure, reload } = useAgent(name)
  const { reload: reloadList } = useAgents()
  const [dialog, setDialog] = useState<'duplicate' | 'delete'>()
  const close = () => setDialog(undefined)

  async function refresh(): Promise<void> {
    await Promise.all([reload(), reloadList()])
  }

  return (
    <>
      <PageHeader title={name}>
        {agent && (
          <>
            <button
              type="button"
              className="button"
              onClick={() => navigate({ path: '/', query: { agent: name } })}
            >
              Talk to it
            </button>
            <Menu
              label="Actions for this agent"
              items={[
                { label: 'Duplicate', icon: 'copy', select: () => setDialog('duplicate') },
                {
                  label: 'Delete',
                  icon: 'trash',
                  isDangerous: true,
                  isDisabled: !agent.detail.writable,
                  select: () => setDialog('delete'),
                },
              ]}
            />
          </>
        )}
      </PageHeader>
      <div className="page">
        <div className="page-inner">
          {failure !== undefined && <p className="fault">{describeFailure(failure)}</p>}
          {agent && (
            <>
              {!agent.detail.writable && (
                <ReadOnly agent={agent} duplicate={() => setDialog('duplicate')} />
              )}
              <AgentFacts agent={agent} />
              <AgentTools name={name} agent={agent} changed={refresh} />
              <AgentEditor name={name} agent={agent} reload={reload} saved={refresh} />
              <AgentVersions name={name} agent={agent} restored={refresh} />
            </>
          )}
        </div>
      </div>
      <DuplicateDialog name={name} isOpen={dialog === 'duplicate'} close={close} />
      {agent && (
        <DeleteAgentDialog
          name={name}
          etag={agent.etag}
          isOpen={dialog === 'delete'}
          close={close}
        />
      )}
    </>
  )
}

function ReadOnly({ agent, duplicate }: { agent: LoadedAgent; duplicate: () => void }) {
  return (
    <div className="card read-only">
      <p>
        This agent is read only here: it comes from <code>{agent.detail.source}</code>. Change that
        file, or start the server with <code>--agents-writable</code> and its folder.
      </p>
      <button type="button" className="button" onClick={duplicate}>
        Duplicate it
      </button>
    </div>
  )
}
