import type { Session } from 'parley-client'
import { useState } from 'react'
import { Menu } from '../app/menu.tsx'
import { sessionPath } from '../app/use-place.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { RenameField } from './rename-field.tsx'
import { titleOf } from './title.ts'
import { useExport } from './use-export.ts'

export function SessionRow({ session, isCurrent }: { session: Session; isCurrent: boolean }) {
  const [isRenaming, setRenaming] = useState(false)
  const [isDeleting, setDeleting] = useState(false)
  const exportSession = useExport()
  if (isRenaming) {
    return (
      <li className="session-row">
        <RenameField session={session} close={() => setRenaming(false)} />
      </li>
    )
  }
  return (
    <li className="session-row" data-current={isCurrent}>
      <a href={`#${sessionPath(session.id)}`} aria-current={isCurrent ? 'page' : undefined}>
        <span className="session-title" title={titleOf(session)}>
          {titleOf(session)}
        </span>
        <StatusDot status={session.status} />
      </a>
      <Menu
        label={`Actions for ${titleOf(session)}`}
        items={[
          { label: 'Rename', icon: 'edit', select: () => setRenaming(true) },
          { label: 'Export', icon: 'download', select: () => exportSession(session) },
          {
            label: 'Delete',
            icon: 'trash',
            isDangerous: true,
            select: () => setDeleting(true),
          },
        ]}
      />
      <DeleteDialog
        session={session}
        isCurrent={isCurrent}
        isOpen={isDeleting}
        close={() => setDeleting(false)}
      />
    </li>
  )
}

const meanings = { queued: 'Waits for its turn', running: 'Answers', waiting: 'Waits for you' }

function StatusDot({ status }: Pick<Session, 'status'>) {
  if (status === 'idle') return null
  return (
    <span className="status-dot" data-status={status} title={meanings[status]}>
      <span className="hidden">{meanings[status]}</span>
    </span>
  )
}
