import type { SessionDetail } from 'parley-client'
import { useState } from 'react'
import { Icon } from '../app/icon.tsx'
import { Menu } from '../app/menu.tsx'
import { PageHeader } from '../app/page-header.tsx'
import { navigate, sessionPath } from '../app/use-place.ts'
import { DeleteDialog } from '../sessions/delete-dialog.tsx'
import { RenameField } from '../sessions/rename-field.tsx'
import { titleOf } from '../sessions/title.ts'
import { useExport } from '../sessions/use-export.ts'
import { currentTitle } from '../state/chat-state.ts'
import { formatCost, formatTokens } from '../state/format.ts'
import { useChat, useChatState } from './chat-context.ts'
import { ConnectionBadge } from './connection-badge.tsx'
import { panels } from './side-panel.tsx'

export function ChatHeader({
  session,
  panel,
}: {
  session: SessionDetail
  panel: string | undefined
}) {
  const { store } = useChat()
  const connection = useChatState((state) => state.connection)
  const current = { ...session, title: useChatState(currentTitle) }
  const [isRenaming, setRenaming] = useState(false)
  const [isDeleting, setDeleting] = useState(false)
  const exportSession = useExport()
  const title = titleOf(current)

  function closeRename(): void {
    setRenaming(false)
    void store.refresh()
  }

  return (
    <PageHeader
      title={title}
      heading={isRenaming ? <RenameField session={current} close={closeRename} /> : title}
    >
      <ConnectionBadge connection={connection} />
      <UsageButton session={session} panel={panel} />
      <Menu
        label="Actions for this conversation"
        items={[
          { label: 'Rename', icon: 'edit', select: () => setRenaming(true) },
          ...panels.map(({ name, title: label }) => ({
            label,
            icon: 'panel' as const,
            select: () => showPanel(session.id, name),
          })),
          { label: 'Export', icon: 'download', select: () => exportSession(current) },
          { label: 'Delete', icon: 'trash', isDangerous: true, select: () => setDeleting(true) },
        ]}
      />
      <DeleteDialog
        session={current}
        isCurrent={true}
        isOpen={isDeleting}
        close={() => setDeleting(false)}
      />
    </PageHeader>
  )
}

function showPanel(session: string, panel: string): void {
  navigate({ path: sessionPath(session), query: { panel } }, { replace: true })
}

function UsageButton({ session, panel }: { session: SessionDetail; panel: string | undefined }) {
  const totals = useChatState((state) => state.record.totals)
  const usage = totals ?? session.usage
  const tokens = usage.input_tokens + usage.output_tokens
  if (tokens === 0) return null
  const isOpen = panel === 'usage'
  return (
    <button
      type="button"
      className="button quiet usage-button"
      aria-pressed={isOpen}
      onClick={() =>
        isOpen
          ? navigate({ path: sessionPath(session.id) }, { replace: true })
          : showPanel(session.id, 'usage')
      }
    >
      <Icon name="panel" size={16} />
      {formatTokens(tokens)} tokens
      {usage.cost === null ? '' : ` · ${formatCost(usage.cost)}`}
    </button>
  )
}
