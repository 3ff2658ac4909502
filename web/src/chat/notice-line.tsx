import { Icon } from '../app/icon.tsx'
import type { Notice } from '../state/log-record.ts'

export function NoticeLine({ notice }: { notice: Notice }) {
  return (
    <p className="notice" data-kind={notice.kind}>
      {notice.kind !== 'info' && <Icon name="alert" size={16} />}
      <span>{notice.text}</span>
    </p>
  )
}
